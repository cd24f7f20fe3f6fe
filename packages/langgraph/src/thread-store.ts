import { isSessionError, type SessionId, type SessionStore, type Timestamp } from "@thulp-sessions/core";
import {
  entryPages,
  idFromNames,
  keyNames,
  keyTag,
  sessionPages,
  wellFormed,
} from "@thulp-sessions/core/adapter";
import { EntryBatch } from "./entry-batch.ts";
import { ThreadLog } from "./thread-log.ts";

/** The tag of every session of this package. */
export const PACKAGE_TAG = "langgraph";

/** Another process may delete, compact or begin the thread meanwhile, but hardly so often. */
const MAX_ROUNDS = 100;

export interface ThreadStoreOptions {
  readonly clock: () => Timestamp;
  /** How many threads are held in memory. */
  readonly threads: number;
  readonly tags: readonly string[];
}

/** The session that holds a thread. */
export function threadSessionId(threadId: string): SessionId {
  return idFromNames(PACKAGE_TAG, threadId) as SessionId;
}

/** The threads of a store, of which those used last are held in memory. */
export class ThreadStore {
  readonly store: SessionStore;
  readonly #options: ThreadStoreOptions;
  /** The one used last comes last. */
  readonly #logs = new Map<string, ThreadLog>();

  constructor(store: SessionStore, options: ThreadStoreOptions) {
    this.store = store;
    this.#options = options;
  }

  /** All that is stored of a thread at this moment; undefined when there is nothing. */
  async read(threadId: string): Promise<ThreadLog | undefined> {
    const id = threadSessionId(threadId);
    for (let round = 1; ; round++) {
      try {
        const log = (await this.#goOn(id, this.#logs.get(threadId))) ?? (await this.#begin(id));
        this.#hold(threadId, log);
        return log;
      } catch (error) {
        this.#logs.delete(threadId);
        if (isSessionError(error, "not_found")) return undefined;
        if (!isSessionError(error, "conflict") || round === MAX_ROUNDS) throw error;
      }
    }
  }

  /**
   * Appends what `fill` puts into a batch, atomically. Nothing that the batch builds on has been removed when
   * it is stored; else it is filled again.
   *
   * @param isEnough what is known of the thread is enough for `fill`; else the thread is read first.
   * @param fill answers what to do once the log has what was stored; false where what is stored makes this
   *   batch impossible.
   * @returns false where `fill` did: nothing was written.
   */
  async write(
    threadId: string,
    isEnough: (log: ThreadLog) => boolean,
    fill: (batch: EntryBatch, log: ThreadLog) => (() => void) | false,
  ): Promise<boolean> {
    // To make the id again takes longer than much of what follows.
    const id = this.#logs.get(threadId)?.sessionId ?? threadSessionId(threadId);
    for (let round = 1; ; round++) {
      const held = this.#logs.get(threadId);
      const log = held !== undefined && isEnough(held) ? held : await this.read(threadId);
      const at = this.#options.clock();
      const target = log ?? new ThreadLog(id, "");
      const batch = new EntryBatch(target, at);
      const taken = fill(batch, target);
      if (taken === false) return false;
      try {
        if (log === undefined) await this.#create(threadId, batch, at);
        else if (await this.#append(id, batch, log, at)) taken();
        return true;
      } catch (error) {
        const isRace = ["already_exists", "conflict", "not_found"].some((code) =>
          isSessionError(error, code as "conflict"),
        );
        if (!isRace || round === MAX_ROUNDS) throw error;
        this.#logs.delete(threadId);
      }
    }
  }

  async delete(threadId: string): Promise<void> {
    this.#logs.delete(threadId);
    await this.store.delete(threadSessionId(threadId));
  }

  /** @throws {TypeError} for the id of a thread that cannot be stored. */
  check(threadId: string): void {
    if (!this.#logs.has(threadId)) threadTag(threadId);
  }

  /** What was read of a thread last, as far as it is in memory. */
  held(threadId: string): ThreadLog | undefined {
    return this.#logs.get(threadId);
  }

  /** The time of a change. */
  now(): Timestamp {
    return this.#options.clock();
  }

  forget(threadId: string): void {
    this.#logs.delete(threadId);
  }

  /** The threads of the store, the one that began first comes first. */
  async *threadIds(): AsyncGenerator<string, void, undefined> {
    for await (const page of sessionPages(this.store, { tag: PACKAGE_TAG })) {
      for (const { id, tags } of page) {
        const threadId = threadOf(tags);
        // A fork of such a session by another program has its tags as well.
        if (threadId !== undefined && threadSessionId(threadId) === id) yield threadId;
      }
    }
  }

  /** @returns undefined where entries were removed since. */
  async #goOn(id: SessionId, log: ThreadLog | undefined): Promise<ThreadLog | undefined> {
    if (log === undefined || log.count === 0) return undefined;
    // The last one that is known comes again, so that it is seen to be there still.
    const { count, lastId } = log;
    let first = true;
    for await (const { items, epoch } of entryPages(this.store, id, count - 2)) {
      if (epoch !== log.epoch || (first && items[0]?.id !== lastId)) return undefined;
      first = false;
      for (const entry of items) log.add(entry);
    }
    return log;
  }

  async #begin(id: SessionId): Promise<ThreadLog> {
    let log: ThreadLog | undefined;
    for await (const { items, epoch } of entryPages(this.store, id, -1)) {
      log ??= new ThreadLog(id, epoch);
      for (const entry of items) log.add(entry);
    }
    return log as ThreadLog;
  }

  async #create(threadId: string, batch: EntryBatch, at: Timestamp): Promise<void> {
    await this.store.create({
      metadata: {
        id: threadSessionId(threadId),
        name: wellFormed(threadId),
        sessionType: { type: "agent", agentName: PACKAGE_TAG },
        createdAt: at,
        updatedAt: at,
        status: "active",
        tags: [PACKAGE_TAG, threadTag(threadId), ...this.#options.tags],
        parentSession: null,
      },
      entries: batch.entries,
      context: {},
    });
  }

  /** @returns true when the log has them. */
  async #append(id: SessionId, batch: EntryBatch, log: ThreadLog, at: Timestamp): Promise<boolean> {
    const { entries } = batch;
    const answer = await this.store.append(id, entries, { at, expectedEpoch: log.epoch });
    const added = answer.entries.map((entry) => entry.added);
    const before = answer.entryCount - added.filter(Boolean).length;
    // Where others have appended meanwhile, the next reading finds theirs and these.
    if (before !== log.count) return false;
    batch.addToLog(added);
    return true;
  }

  #hold(threadId: string, log: ThreadLog): void {
    this.#logs.delete(threadId);
    this.#logs.set(threadId, log);
    for (const oldest of this.#logs.keys()) {
      if (this.#logs.size <= this.#options.threads) break;
      this.#logs.delete(oldest);
    }
  }
}

/** The tag by which the session of a thread is found. @throws {TypeError} for an id that is too long. */
function threadTag(threadId: string): string {
  const tag = keyTag(PACKAGE_TAG, threadId);
  if (threadOf([tag]) !== threadId)
    throw new TypeError("The thread_id is too long: it takes more than 64 KiB as a tag of its session.");
  return tag;
}

function threadOf(tags: readonly string[]): string | undefined {
  const names = keyNames(PACKAGE_TAG, tags);
  return names?.length === 1 ? names[0] : undefined;
}
