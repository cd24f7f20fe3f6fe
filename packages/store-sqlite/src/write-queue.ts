import type { ChangeLog } from "./change-log.ts";
import type { Database } from "./database.ts";
import { type Change, Effects } from "./effects.ts";
import { busyError, isBusy, sessionErrorOf } from "./errors.ts";
import { APPLICATION_ID } from "./ownership.ts";
import { retryDelay } from "./retry.ts";
import type { SearchIndex } from "./search-index.ts";

/** Bounds how long one transaction holds up the event loop. */
const MAX_GROUP = 500;

/** One step of one call; it runs synchronously, inside its own savepoint. */
export type Write<T> = (effects: Effects) => T;

interface Waiting {
  readonly write: Write<unknown>;
  readonly sessionId: string;
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The commit that a group of calls ended in. */
export interface Committed {
  /** The revision given last before the group. */
  readonly before: number;
  readonly changes: readonly Change[];
}

/**
 * Group commit: all calls that wait at the same moment share one transaction and one sync. Each has a savepoint of its
 * own, so that one that fails takes no other with it, and is answered only after the COMMIT.
 */
export class WriteQueue {
  readonly #database: Database;
  readonly #log: ChangeLog;
  readonly #index: SearchIndex;
  readonly #onCommit: (committed: Committed) => void;
  readonly #begin;
  readonly #commitAll;
  readonly #savepoint;
  readonly #release;
  readonly #undo;
  readonly #touch;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #attempt = 0;

  /** @param onCommit is told of every commit, before the callers are. */
  constructor(
    database: Database,
    log: ChangeLog,
    index: SearchIndex,
    onCommit: (committed: Committed) => void,
  ) {
    this.#database = database;
    this.#log = log;
    this.#index = index;
    this.#onCommit = onCommit;
    const { client } = database;
    this.#begin = client.prepare("BEGIN IMMEDIATE");
    this.#commitAll = client.prepare("COMMIT");
    this.#savepoint = client.prepare("SAVEPOINT call");
    this.#release = client.prepare("RELEASE call");
    this.#undo = client.prepare("ROLLBACK TO call");
    // Changes nothing, but makes a page to be written and synced.
    this.#touch = client.prepare(`PRAGMA application_id = ${APPLICATION_ID}`);
  }

  /** @throws {SessionError} whatever `write` throws; busy; io and corrupt, and then nothing was written. */
  run<T>(sessionId: string, write: Write<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const since = performance.now();
      this.#waiting.push({ write, sessionId, since, resolve: resolve as Waiting["resolve"], reject });
      this.#schedule();
    });
  }

  /** The end of this turn of the event loop: what arrives together goes together, and a lone call does not wait. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    const group = this.#waiting.slice(0, MAX_GROUP);
    const outcome = this.#commit(group);
    if (outcome === "busy") return;
    this.#attempt = 0;
    this.#waiting = this.#waiting.slice(group.length);
    for (const answer of outcome.answers) answer();
    if (this.#waiting.length > 0) this.#schedule();
  }

  /** Answers for the callers, to be given now; "busy" where another process is writing and the group stays waiting. */
  #commit(group: readonly Waiting[]): { answers: (() => void)[] } | "busy" {
    const { file } = this.#database;
    try {
      this.#begin.run();
    } catch (error) {
      if (isBusy(error)) {
        this.#waitForLock(error);
        return "busy";
      }
      return { answers: failAll(group, error, file) };
    }
    let done: { answers: (() => void)[]; committed: Committed };
    try {
      done = this.#runGroup(group);
      this.#commitAll.run();
    } catch (error) {
      this.#rollBack();
      return { answers: failAll(group, error, file) };
    }
    // Outside: what is committed is not to be called failed.
    const { answers, committed } = done;
    if (committed.changes.length > 0) answers.unshift(() => this.#onCommit(committed));
    return { answers };
  }

  /** Where even that fails, the next BEGIN fails too, and says why. */
  #rollBack(): void {
    const { client } = this.#database;
    try {
      if (client.inTransaction) client.exec("ROLLBACK");
    } catch {
      // The error that led here is the one to tell.
    }
  }

  #runGroup(group: readonly Waiting[]): { answers: (() => void)[]; committed: Committed } {
    this.#database.checkStillOurs();
    const before = this.#log.lastRevision();
    const answers: (() => void)[] = [];
    const done: Effects[] = [];
    const changes: Change[] = [];
    for (const call of group) {
      const effects = new Effects(before + changes.length + 1);
      answers.push(this.#runCall(call, effects, done));
      if (done.at(-1) === effects && effects.change) changes.push(effects.change);
    }
    this.#log.write(changes);
    this.#index.apply(done.flatMap(({ searchUpdates }) => searchUpdates));
    // A call that found everything done already is only as good as the commit before it, which may have been another
    // process's that syncs less, or dies before its sync. So there has to be something for this COMMIT to sync.
    if (changes.length === 0 && done.length > 0 && this.#database.durability === "full") {
      this.#touch.run();
    }
    return { answers, committed: { before, changes } };
  }

  /** The answer for one caller. On success its effects are added to `done`. */
  #runCall({ write, sessionId, resolve, reject }: Waiting, effects: Effects, done: Effects[]): () => void {
    const { client, file } = this.#database;
    this.#savepoint.run();
    try {
      const value = write(effects);
      this.#release.run();
      done.push(effects);
      return () => resolve(value);
    } catch (error) {
      // Some errors (a full disk) end the whole transaction: then nothing of the group was kept.
      if (!client.inTransaction) throw error;
      this.#undo.run();
      this.#release.run();
      return () => reject(sessionErrorOf(error, file, sessionId));
    }
  }

  /** Tries again soon; whoever has waited long enough is told. */
  #waitForLock(cause: unknown): void {
    const { busyTimeoutMs, file } = this.#database;
    const now = performance.now();
    const isLate = ({ since }: Waiting) => now - since >= busyTimeoutMs;
    const late = this.#waiting.filter(isLate);
    this.#waiting = this.#waiting.filter((call) => !isLate(call));
    for (const { reject } of late) reject(busyError(file, busyTimeoutMs, cause));
    if (this.#waiting.length === 0) return;
    this.#scheduled = true;
    setTimeout(() => this.#drain(), retryDelay(this.#attempt++));
  }
}

function failAll(group: readonly Waiting[], error: unknown, file: string): (() => void)[] {
  return group.map(
    ({ reject, sessionId }) =>
      () =>
        reject(sessionErrorOf(error, file, group.length === 1 ? sessionId : undefined)),
  );
}
