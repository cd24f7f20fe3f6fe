import {
  type EntryId,
  type JsonValue,
  newUuid,
  type SessionEntry,
  type SessionId,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import { encodeContent } from "@thulp-sessions/core/adapter";
import { ALIVE, CHUNK_EVENT, END_EVENT } from "./stored-contents.ts";

export interface StreamLogOptions {
  readonly flushMs: number;
  readonly flushBytes: number;
  readonly staleAfterMs: number;
  readonly clock: () => Timestamp;
}

/** Of one entry, in UTF-16 units. */
const MAX_CHUNK_LENGTH = 1024 * 1024;
/** So much may wait for the store before the source has to. */
const MAX_WAITING_LENGTH = 4 * MAX_CHUNK_LENGTH;

/**
 * Writes the text of a stream into its session: what is added while an append runs, or within `flushMs` of
 * the last one, goes into the next one together. One append follows the other, so that no text is stored
 * without what comes before it: after one that has failed nothing more is.
 */
export class StreamLog {
  readonly #store: SessionStore;
  readonly #id: SessionId;
  readonly #options: StreamLogOptions;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #waiting: string[] = [];
  #waitingLength = 0;
  #running: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When something was written last, in `performance.now()`. */
  #writtenAt = Number.NEGATIVE_INFINITY;
  #failed: { readonly error: unknown } | undefined;

  constructor(store: SessionStore, id: SessionId, options: StreamLogOptions) {
    this.#store = store;
    this.#id = id;
    this.#options = options;
    // A greater delay would be taken for none.
    const quarter = Math.min(options.staleAfterMs / 4, 2 ** 31 - 1);
    this.#heartbeat = setInterval(() => {
      if (performance.now() - this.#writtenAt > quarter && !this.#running) void this.#run(() => this.#beat());
    }, quarter);
    // A source that is silent for ever keeps no process alive. Browsers have numbers for timers.
    if (typeof this.#heartbeat === "object") this.#heartbeat.unref();
  }

  /** What the store has refused an append with. */
  get failed(): { readonly error: unknown } | undefined {
    return this.#failed;
  }

  /** @returns a promise where more waits for the store than should. */
  add(text: string): Promise<void> | undefined {
    if (this.#failed || text === "") return undefined;
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    this.#schedule();
    return this.#waitingLength > MAX_WAITING_LENGTH ? this.#running : undefined;
  }

  /** Writes what is left, then the end. @param error what the source has failed with. */
  async end(error?: { readonly message: string }): Promise<void> {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#timer);
    while (this.#running || this.#waitingLength > 0) await (this.#running ?? this.#flush());
    clearTimeout(this.#timer);
    const failure = error ?? (this.#failed && { message: "The rest of the stream could not be stored." });
    const content: JsonValue = failure === undefined ? {} : { error: failure.message.toWellFormed() };
    try {
      await this.#append([this.#entry(END_EVENT, content)]);
    } catch (reason) {
      this.#failed ??= { error: reason };
      return;
    }
    const status = failure === undefined ? "completed" : "failed";
    // The last entry says it; the status is for lists of sessions.
    await this.#store.update(this.#id, { status }, { at: this.#options.clock() }).catch(() => {});
  }

  #schedule(): void {
    if (this.#running) return;
    const { flushMs, flushBytes } = this.#options;
    const wait = this.#waitingLength >= flushBytes ? 0 : this.#writtenAt + flushMs - performance.now();
    if (wait <= 0) void this.#flush();
    else this.#timer ??= setTimeout(() => void this.#flush(), wait);
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingLength = 0;
    const pieces = Array.from({ length: Math.ceil(text.length / MAX_CHUNK_LENGTH) }, (_, i) =>
      text.slice(i * MAX_CHUNK_LENGTH, (i + 1) * MAX_CHUNK_LENGTH),
    );
    return this.#run(() =>
      this.#append(pieces.map((piece) => this.#entry(CHUNK_EVENT, encodeContent(piece)))),
    );
  }

  #run(write: () => Promise<void>): Promise<void> {
    const done = () => {
      this.#running = undefined;
      this.#writtenAt = performance.now();
      if (this.#waitingLength > 0) this.#schedule();
    };
    this.#running = write().then(done, (error) => {
      this.#failed ??= { error };
      this.#waiting = [];
      this.#waitingLength = 0;
      done();
    });
    return this.#running;
  }

  async #append(entries: readonly SessionEntry[]): Promise<void> {
    await this.#store.append(this.#id, entries, { at: this.#options.clock() });
  }

  /** So that a source that thinks for long is not taken for one that is gone. */
  async #beat(): Promise<void> {
    const at = this.#options.clock();
    // One that fails is no loss: the next one comes before it is missed.
    await this.#store.update(this.#id, { setContext: { [ALIVE]: at } }, { at }).catch(() => {});
  }

  #entry(event: string, content: JsonValue): SessionEntry {
    const timestamp = this.#options.clock();
    return { id: newUuid() as EntryId, timestamp, entryType: { type: "system_event", event }, content };
  }
}
