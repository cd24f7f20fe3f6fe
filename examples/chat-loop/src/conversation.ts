import { assistantMessage, type SessionManager, type StoredEntry, userMessage } from "@thulp-sessions/core";
import type { Message, Model } from "./model.ts";

/** How many of the last messages the model is told. */
const MEMORY = 50;

/** By this the program knows its own sessions among those that the store holds. */
const TAG = "chat-loop";

/** One conversation and the session that keeps it. */
export class Conversation {
  readonly id: string;
  readonly messages: Message[];
  readonly #manager: SessionManager;

  private constructor(manager: SessionManager, id: string, messages: Message[]) {
    this.#manager = manager;
    this.id = id;
    this.messages = messages;
  }

  /** The conversation that was going on when the program ended; a new one when there is none. */
  static async resume(manager: SessionManager): Promise<Conversation> {
    const filter = { type: "conversation", status: "active", tag: TAG } as const;
    const [last] = (await manager.pageSessions({ filter, limit: 1 })).items;
    if (!last) return Conversation.start(manager);
    const { items } = await manager.readEntries(last.id, {
      last: MEMORY,
      types: ["user_message", "assistant_message"],
    });
    return new Conversation(manager, last.id, items.map(messageOf));
  }

  static async start(manager: SessionManager): Promise<Conversation> {
    const type = { type: "conversation", purpose: "chat" } as const;
    const { metadata } = await manager.createSession("Chat", type, { tags: [TAG] });
    return new Conversation(manager, metadata.id, []);
  }

  get awaitsAnswer(): boolean {
    return this.messages.at(-1)?.role === "user";
  }

  async say(text: string): Promise<void> {
    await this.#manager.addEntries(this.id, [userMessage(text)]);
    this.messages.push({ role: "user", text });
  }

  /** Stores the answer when it is whole: one that fails or is interrupted can be asked for again. */
  async answer(model: Model, signal: AbortSignal, onText: (text: string) => void): Promise<void> {
    let text = "";
    for await (const part of model(this.messages.slice(-MEMORY), signal)) {
      text += part;
      onText(part);
    }
    await this.#manager.addEntries(this.id, [assistantMessage(text)]);
    this.messages.push({ role: "assistant", text });
  }

  async end(): Promise<void> {
    await this.#manager.completeSession(this.id);
  }
}

function messageOf({ entryType, content }: StoredEntry): Message {
  const role = entryType.type === "user_message" ? "user" : "assistant";
  // Others may have written content of another shape.
  const { text } = Object(content) as { text?: unknown };
  return { role, text: typeof text === "string" ? text : JSON.stringify(content) };
}
