import {
  isSessionError,
  type SessionHead,
  type SessionId,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import { ifFound, sessionPages, wellFormed } from "@thulp-sessions/core/adapter";
import { followStream, isEnd } from "./follow-stream.ts";
import { produceStream } from "./produce-stream.ts";
import { PACKAGE_TAG, STREAM_AGENT, streamSessionId, streamTag } from "./stored-contents.ts";
import { StreamLog } from "./stream-log.ts";

/** How resumable streams are stored. */
export interface ResumableStreamOptions {
  /**
   * Keeps the process alive until a stream is stored, as `after` of Next.js does. It is given a promise that
   * rejects where the store has failed. A server that just runs needs none.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | null | undefined;
  /** Tells the streams of one application from those of another. `resumable-stream` when absent. */
  readonly keyPrefix?: string | undefined;
  /** Text that comes within so many milliseconds is stored together. 10 when absent. */
  readonly flushMs?: number | undefined;
  /** So many characters are stored without waiting for more. 16,384 when absent. */
  readonly flushBytes?: number | undefined;
  /**
   * When nothing has been stored of a stream for so many milliseconds, its producer is taken for gone. A
   * source may be silent for longer; the clocks of the machines should differ by less than half of it. 60,000
   * when absent.
   */
  readonly staleAfterMs?: number | undefined;
  /** Milliseconds since the Unix epoch. `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Streams of text that go on when their reader leaves, and that others can read from the beginning, in other
 * processes too: the interface of the package `resumable-stream`.
 */
export interface ResumableStreamContext {
  /**
   * Makes the stream, or follows the one of this id.
   *
   * @param makeStream called where there is none of this id.
   * @param skipCharacters of one that is there already; a new one is given whole.
   * @returns `null` where it has ended.
   */
  resumableStream(
    streamId: string,
    makeStream: () => ReadableStream<string>,
    skipCharacters?: number,
  ): Promise<ReadableStream<string> | null>;
  /** Makes the stream. @throws {SessionError} already_exists */
  createNewResumableStream(
    streamId: string,
    makeStream: () => ReadableStream<string>,
  ): Promise<ReadableStream<string>>;
  /** Follows the stream: `undefined` where there is none of this id, `null` where it has ended. */
  resumeExistingStream(
    streamId: string,
    skipCharacters?: number,
  ): Promise<ReadableStream<string> | null | undefined>;
  /** `null` where there is none of this id, `"DONE"` where it has ended. */
  hasExistingStream(streamId: string): Promise<null | true | "DONE">;
  /**
   * Deletes the streams that have ended before this time, and those whose producer was gone by then.
   *
   * @returns how many there were.
   */
  sweep(before: Timestamp): Promise<number>;
}

/**
 * Resumable streams in a store, without Redis. What a follower was given is stored as durably as the store
 * promises; it is given nothing twice and misses nothing. A stream whose producer was killed is there as far
 * as it was stored; then its readers get a {@link StreamGoneError}.
 *
 * @throws {TypeError} for times and sizes that are no positive numbers.
 */
export function createResumableStreamContext(
  store: SessionStore,
  options: ResumableStreamOptions = {},
): ResumableStreamContext {
  return new StoredStreams(store, options);
}

/** Others may delete and make a stream in turns, but hardly so often. */
const MAX_ROUNDS = 100;

class StoredStreams implements ResumableStreamContext {
  readonly #store: SessionStore;
  readonly #waitUntil: (promise: Promise<unknown>) => void;
  readonly #keyPrefix: string;
  readonly #options: { flushMs: number; flushBytes: number; staleAfterMs: number; clock: () => Timestamp };

  constructor(store: SessionStore, options: ResumableStreamOptions) {
    this.#store = store;
    this.#waitUntil = options.waitUntil ?? (() => {});
    this.#keyPrefix = options.keyPrefix ?? STREAM_AGENT;
    this.#options = {
      flushMs: atLeast(0, options.flushMs ?? 10, "flushMs"),
      flushBytes: atLeast(1, options.flushBytes ?? 16_384, "flushBytes"),
      staleAfterMs: atLeast(1, options.staleAfterMs ?? 60_000, "staleAfterMs"),
      clock: options.clock ?? Date.now,
    };
  }

  async resumableStream(
    streamId: string,
    makeStream: () => ReadableStream<string>,
    skipCharacters = 0,
  ): Promise<ReadableStream<string> | null> {
    atLeast(0, skipCharacters, "skipCharacters");
    for (let round = 1; ; round++) {
      try {
        return await this.createNewResumableStream(streamId, makeStream);
      } catch (error) {
        if (!isSessionError(error, "already_exists") || round === MAX_ROUNDS) throw error;
      }
      const stream = await this.resumeExistingStream(streamId, skipCharacters);
      if (stream !== undefined) return stream;
    }
  }

  async createNewResumableStream(
    streamId: string,
    makeStream: () => ReadableStream<string>,
  ): Promise<ReadableStream<string>> {
    const id = streamSessionId(this.#keyPrefix, streamId);
    const at = this.#options.clock();
    // Who makes the session is the one that produces.
    await this.#store.create({
      metadata: {
        id,
        name: wellFormed(streamId),
        sessionType: { type: "agent", agentName: STREAM_AGENT },
        createdAt: at,
        updatedAt: at,
        status: "active",
        tags: [PACKAGE_TAG, streamTag(this.#keyPrefix, streamId), wellFormed(this.#keyPrefix)],
        parentSession: null,
      },
      entries: [],
      context: {},
    });
    const log = new StreamLog(this.#store, id, this.#options);
    const { stream, stored } = await produceStream(log, makeStream);
    this.#waitUntil(stored);
    return stream;
  }

  async resumeExistingStream(
    streamId: string,
    skipCharacters = 0,
  ): Promise<ReadableStream<string> | null | undefined> {
    const skip = atLeast(0, skipCharacters, "skipCharacters");
    const id = streamSessionId(this.#keyPrefix, streamId);
    const found = await this.#look(id);
    if (found === undefined || found === "DONE") return found && null;
    const { staleAfterMs, clock } = this.#options;
    const { updatedAt } = found.metadata;
    return followStream(this.#store, id, { skip, staleAfterMs, clock, updatedAt });
  }

  async hasExistingStream(streamId: string): Promise<null | true | "DONE"> {
    const found = await this.#look(streamSessionId(this.#keyPrefix, streamId));
    if (found === undefined) return null;
    return found === "DONE" ? "DONE" : true;
  }

  async sweep(before: Timestamp): Promise<number> {
    const filter = { tag: wellFormed(this.#keyPrefix), agentName: STREAM_AGENT, updatedBefore: before };
    const goneBefore = this.#options.clock() - this.#options.staleAfterMs;
    let count = 0;
    for await (const page of sessionPages(this.#store, filter)) {
      for (const { id, updatedAt } of page) {
        const found = await this.#look(id);
        if (found === undefined || (found !== "DONE" && updatedAt >= goneBefore)) continue;
        if (await this.#delete(id, found)) count++;
      }
    }
    return count;
  }

  async #delete(id: SessionId, found: SessionHead | "DONE"): Promise<boolean> {
    try {
      return await this.#store.delete(id, found === "DONE" ? {} : { expectedVersion: found.version });
    } catch (error) {
      // Its producer was only slow.
      if (isSessionError(error, "conflict")) return false;
      throw error;
    }
  }

  async #look(id: SessionId): Promise<SessionHead | "DONE" | undefined> {
    // Before its last entry is read: what is stored in between shows as a newer version.
    const head = await ifFound(this.#store.head(id));
    const page = head && (await ifFound(this.#store.readEntries(id, { last: 1 })));
    const [last] = page?.items ?? [];
    if (last && isEnd(last)) return "DONE";
    return page && head;
  }
}

function atLeast(least: number, value: number, name: string): number {
  if (typeof value === "number" && value >= least && value < Number.POSITIVE_INFINITY) return value;
  throw new TypeError(`${name} has to be a number of at least ${least}.`);
}
