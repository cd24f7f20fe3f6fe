import { type IncomingMessage, request } from "node:http";
import type { StoredEntry } from "@thulp-sessions/core";
import { expect, onTestFinished } from "vitest";

export interface StreamEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * A subscription as it comes over the wire, one event at a time; nothing is read ahead of what is asked for
 * but by node:http.
 */
export class EventStream {
  readonly #events: StreamEvent[] = [];
  readonly #answer: Promise<IncomingMessage>;
  #wake: () => void = () => {};
  #text = "";
  #ended = false;

  constructor(url: string, path: string, input: unknown, lastEventId?: string) {
    const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    this.#answer = new Promise((resolve, reject) => {
      const outgoing = request(`${url}/trpc/${path}${query}`, { agent: false, headers }, resolve);
      outgoing.on("error", reject);
      outgoing.end();
    });
    this.#answer.then((answer) => this.#listen(answer)).catch(() => this.#end());
    onTestFinished(() => this.cut());
  }

  /** The next event that carries something, or `null` when the stream has ended. */
  async next(): Promise<StreamEvent | null> {
    for (;;) {
      const event = this.#events.shift();
      if (event) return event;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  cut(): void {
    this.#answer.then((answer) => answer.destroy()).catch(() => {});
    this.#end();
  }

  /** Reads nothing more for now. */
  async pause(): Promise<void> {
    (await this.#answer).pause();
  }

  async resume(): Promise<void> {
    (await this.#answer).resume();
  }

  #listen(answer: IncomingMessage): void {
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => {
      this.#text += chunk;
      const blocks = this.#text.split("\n\n");
      this.#text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
      this.#wake();
    });
    answer.on("error", () => {});
    answer.on("close", () => this.#end());
  }

  #take(block: string): void {
    const fields = new Map(
      block
        .split("\n")
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const),
    );
    const name = fields.get("event") ?? "message";
    if (!fields.has("data") || name === "connected" || name === "ping") return;
    this.#events.push({ name, id: fields.get("id"), data: fields.get("data") ?? "" });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

/** Follows a session over as many connections as it takes, and holds what the events say is stored. */
export class Follower {
  readonly entries: StoredEntry[] = [];
  deleted = false;
  /** How many events were handled, and of which type each was. */
  readonly types: string[] = [];
  #url: string;
  readonly #id: string;
  #token: string | undefined;
  #stream: EventStream | undefined;

  constructor(url: string, id: string) {
    this.#url = url;
    this.#id = id;
  }

  /** Handles events until the condition holds. Each entry has to be the next one. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#stream ??= new EventStream(this.#url, "entries.subscribe", { id: this.#id }, this.#token);
      const event = await this.#stream.next();
      if (event === null) throw new Error(`the stream ended after ${this.types.join(" ")}`);
      if (event.name !== "message") throw new Error(`${event.name}: ${event.data}`);
      this.#apply(event);
    }
  }

  texts(): unknown[] {
    return this.entries.map(({ content }) => (content as { text: string }).text);
  }

  /** The connection breaks; the next one is to this server. */
  cut(url: string = this.#url): void {
    this.#stream?.cut();
    this.#stream = undefined;
    this.#url = url;
  }

  #apply({ id, data }: StreamEvent): void {
    const event = JSON.parse(data);
    this.types.push(event.type);
    this.#token = id;
    switch (event.type) {
      case "entry":
        expect(event.entry.seq).toBe(this.entries.length);
        this.entries.push(event.entry);
        return;
      case "rewound":
        expect(event.entryCount).toBeLessThanOrEqual(this.entries.length);
        this.entries.length = event.entryCount;
        return;
      default:
        this.entries.length = 0;
        this.deleted = true;
        // The stream ends with it. To see what comes under this id later, subscribe again.
        this.cut();
    }
  }
}
