// The example of the README: a page asks, goes away, comes back to another server, and finds all after a
// restart.
import type { AddressInfo } from "node:net";
import type { SessionStore } from "@thulp-sessions/core";
import { messageText } from "@thulp-sessions/core/text";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { describe, expect, onTestFinished, test } from "vitest";
import { chatServer } from "../example/chat-server.ts";

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test("an answer goes on without its page, and a chat without its server", async () => {
    const place = await kind.place();
    const model = new FedModel();
    const first = await serve(await place.open(), model);
    const question = {
      id: "u1",
      role: "user",
      parts: [{ type: "text", text: "What does the zebra eat?" }],
    } as const satisfies UIMessage;
    const sent = await first.transport.sendMessages({ ...SEND, messages: [question] });
    model.say("Gra");
    expect(await textOnce(sent, "Gra")).toBe("Gra");
    await first.stop();

    // The one that answers is that one still; the page asks another.
    const second = await serve(await place.open(), model);
    expect(await second.load()).toEqual([question]);
    const resumed = await second.transport.reconnectToStream({ chatId: SEND.chatId });
    model.say("ss.").end();
    const answer = await lastMessage(resumed);
    expect(answer).toMatchObject({ role: "assistant", parts: [{}, { type: "text", text: "Grass." }] });
    await expect.poll(() => second.load()).toHaveLength(2);
    await expect
      .poll(() => second.transport.reconnectToStream({ chatId: SEND.chatId }), { timeout: 10_000 })
      .toBe(null);
    await second.stop();

    // All are started again.
    const store = await place.open();
    const third = await serve(store, model);
    expect(await third.load()).toEqual([question, answer]);
    const again = await third.transport.sendMessages({
      ...SEND,
      trigger: "regenerate-message",
      messages: [question],
    });
    model.say("Leaves.").end();
    const another = await lastMessage(again);
    await expect.poll(async () => (await third.load())[1]).toEqual(another);

    // Read as a conversation, by the chat's own id.
    const { items } = await store.list({ filter: { tag: 'ai-sdk:key:["the chat"]' } });
    const { entries } = await store.get(items[0]?.id ?? "");
    expect(entries.map(({ entryType, content }) => [entryType.type, messageText(content)])).toEqual([
      ["user_message", "What does the zebra eat?"],
      ["assistant_message", "Leaves."],
    ]);
    await third.stop();
    await place.dispose();
  });
});

const SEND = {
  chatId: "the chat",
  trigger: "submit-message",
  messageId: undefined,
  abortSignal: undefined,
} as const;

async function serve(store: SessionStore, model: FedModel) {
  const server = chatServer(store, model);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(async () => {
    await stop();
  });
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/chat`;
  const load = async (): Promise<UIMessage[]> =>
    (await fetch(`${api}/the%20chat`)).json() as Promise<UIMessage[]>;
  return { transport: new DefaultChatTransport({ api }), load, stop };
}

/** Answers with what the test says. */
class FedModel extends MockLanguageModelV3 {
  #controller: { enqueue(part: object): void; close(): void } | undefined;
  #said: object[] = [];

  constructor() {
    super({
      doStream: async () => {
        const stream = new ReadableStream({
          start: (controller) => {
            controller.enqueue({ type: "stream-start", warnings: [] });
            controller.enqueue({ type: "text-start", id: "t" });
            this.#controller = controller;
            for (const part of this.#said.splice(0)) controller.enqueue(part);
          },
        });
        return { stream };
      },
    });
  }

  say(delta: string): this {
    const part = { type: "text-delta", id: "t", delta };
    if (this.#controller) this.#controller.enqueue(part);
    else this.#said.push(part);
    return this;
  }

  end(): void {
    const usage = {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    };
    const controller = this.#controller;
    controller?.enqueue({ type: "text-end", id: "t" });
    controller?.enqueue({ type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage });
    controller?.close();
    this.#controller = undefined;
  }
}

async function lastMessage(stream: ReadableStream<UIMessageChunk> | null): Promise<UIMessage | undefined> {
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream: stream as ReadableStream<UIMessageChunk> }))
    last = message;
  return last;
}

async function textOnce(stream: ReadableStream<UIMessageChunk>, text: string): Promise<string> {
  const reader = stream.getReader();
  let read = "";
  while (read.length < text.length) {
    const { done, value } = await reader.read();
    if (done) break;
    if (value.type === "text-delta") read += value.delta;
  }
  await reader.cancel();
  return read;
}
