import {
  isSessionError,
  type SessionId,
  SessionManager,
  type SessionStore,
  type StoredEntry,
  type SubscriptionEvent,
  type Timestamp,
} from "@thulp-sessions/core";
import { decodeContent } from "@thulp-sessions/core/adapter";
import { CHUNK_EVENT, END_EVENT } from "./stored-contents.ts";

/** With this a reader's stream fails when what it follows is over without an end. */
export class StreamGoneError extends Error {
  override readonly name = "StreamGoneError";
}

export interface FollowOptions {
  /** So many characters are not given. */
  readonly skip: number;
  readonly staleAfterMs: number;
  readonly clock: () => Timestamp;
  /** Of the session when it was looked at last. */
  readonly updatedAt: Timestamp;
}

/** What was stored of a stream, and what is still stored of it, by whichever process, up to its end. */
export function followStream(
  store: SessionStore,
  id: SessionId,
  options: FollowOptions,
): ReadableStream<string> {
  const follower = new Follower(store, id, options);
  return new ReadableStream<string>(
    { pull: (controller) => follower.pull(controller), cancel: () => follower.leave() },
    { highWaterMark: 0 },
  );
}

/** True for the last entry of a stream. */
export function isEnd({ entryType }: StoredEntry): boolean {
  return entryType.type === "system_event" && entryType.event === END_EVENT;
}

type Next = IteratorResult<SubscriptionEvent, void>;

class Follower {
  readonly #store: SessionStore;
  readonly #id: SessionId;
  readonly #events: AsyncGenerator<SubscriptionEvent, void, undefined>;
  readonly #options: FollowOptions;
  #skip: number;
  /** The last entry that was given. */
  #seq = -1;
  /** In the time of the clock. */
  #staleAt: number;
  #isLeft = false;

  constructor(store: SessionStore, id: SessionId, options: FollowOptions) {
    this.#store = store;
    this.#id = id;
    this.#options = options;
    this.#skip = options.skip;
    this.#staleAt = options.updatedAt + options.staleAfterMs;
    this.#events = new SessionManager(store, { cacheSize: 0 }).subscribe(id);
  }

  async pull(controller: ReadableStreamDefaultController<string>): Promise<void> {
    try {
      for (;;) {
        const { done, value: event } = await this.#next();
        if (this.#isLeft) return;
        if (done) throw new StreamGoneError("The store was closed before the stream has ended.");
        if (event.type !== "entry") throw dropped(event.type);
        this.#seq = event.entry.seq;
        this.#staleAt = this.#options.clock() + this.#options.staleAfterMs;
        if (isEnd(event.entry)) return this.#end(event.entry, controller);
        const text = this.#textOf(event.entry);
        if (text !== "") return controller.enqueue(text);
      }
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  async leave(): Promise<void> {
    this.#isLeft = true;
    await this.#events.return();
  }

  #end({ content }: StoredEntry, controller: ReadableStreamDefaultController<string>): void {
    void this.leave();
    const { error } = content as { readonly error?: unknown };
    if (typeof error === "string") controller.error(new Error(error));
    else controller.close();
  }

  #textOf({ entryType, content }: StoredEntry): string {
    if (entryType.type !== "system_event" || entryType.event !== CHUNK_EVENT) return "";
    const text = decodeContent(content);
    if (typeof text !== "string") return "";
    const skipped = Math.min(this.#skip, text.length);
    this.#skip -= skipped;
    return text.slice(skipped);
  }

  /** The next event. @throws {StreamGoneError} when nothing has come for too long. */
  async #next(): Promise<Next> {
    const next = this.#events.next();
    for (;;) {
      const event = await withinMs(next, this.#staleAt - this.#options.clock());
      if (event !== undefined) return event;
      if (!(await this.#isAlive())) {
        next.catch(() => {});
        throw new StreamGoneError(
          `The producer of the stream is gone: nothing was stored of it for ${this.#options.staleAfterMs} ms, and no end.`,
        );
      }
    }
  }

  /** Is there anything new? What is stored already but was not given yet will be. */
  async #isAlive(): Promise<boolean> {
    const { staleAfterMs, clock } = this.#options;
    try {
      const { entryCount, metadata } = await this.#store.head(this.#id);
      const isNew = entryCount > this.#seq + 1;
      this.#staleAt = isNew ? clock() + staleAfterMs : metadata.updatedAt + staleAfterMs;
      return this.#staleAt > clock();
    } catch (error) {
      // The subscription says that it was deleted.
      if (!isSessionError(error, "not_found")) throw error;
      this.#staleAt = clock() + staleAfterMs;
      return true;
    }
  }
}

/** @returns undefined when the time is over. */
async function withinMs(next: Promise<Next>, ms: number): Promise<Next | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => {
    // A greater delay would be taken for none.
    timer = setTimeout(() => resolve(undefined), Math.min(Math.max(ms, 0), 2 ** 31 - 1));
  });
  try {
    return await Promise.race([next, over]);
  } finally {
    clearTimeout(timer);
  }
}

function dropped(how: "rewound" | "deleted"): StreamGoneError {
  return new StreamGoneError(
    how === "deleted"
      ? "The stream was deleted."
      : "Another program has changed what was stored of the stream.",
  );
}
