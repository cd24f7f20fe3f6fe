import { SessionError } from "@thulp-sessions/core";
import { type Change, Effects } from "../changes/change.ts";
import type { ChangeLog } from "../changes/change-log.ts";
import { APPLICATION_ID } from "../connection/application-id.ts";
import type { Database } from "../connection/database.ts";
import { performance, setImmediate, setTimeout } from "../connection/real-time.ts";
import { retryDelay } from "../connection/retry-busy.ts";
import { busyError, commitError, isBusy, sessionErrorOf } from "../connection/sqlite-errors.ts";

/** Bound how long one transaction holds up the event loop: so many calls, or calls for so many milliseconds. */
const MAX_GROUP = 500;
const MAX_GROUP_MS = 25;

/** One step of one call; it runs synchronously, and what it has written is taken back when it throws. */
export type Write<T> = (effects: Effects) => T;

interface Waiting {
  readonly write: Write<unknown>;
  /** `undefined` for upkeep, which nobody relies on: it is committed, and not synced for its own sake. */
  readonly sessionId: string | undefined;
  /** It throws, if at all, before it writes. */
  readonly failsEarly: boolean;
  /** What it changes in its session's row is written later (`Deferred`). */
  readonly isAppend: boolean;
  /** What #waitedMs was when it came. */
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What appends leave to be written once for all of a group: the row of their session. */
export interface Deferred {
  write(): void;
  /** Of a group that was taken back. */
  forget(): void;
}

/** The commit that a group of calls ended in. */
export interface Committed {
  /** The revision given last before the group. */
  readonly before: number;
  readonly changes: readonly Change[];
  /** How many rows of it wait to be indexed. */
  readonly rowsToIndex: number;
  /** How many sessions move from it on. */
  readonly sessionsMoved: number;
}

interface Group {
  /** One for each call that was carried out. */
  readonly answers: (() => void)[];
  readonly committed: Committed;
  /** Not when every call was refused. */
  readonly hasWork: boolean;
}

interface Done {
  /** How many calls of those that wait these are. */
  readonly calls: number;
  /** For the callers, to be given now. */
  readonly answers: (() => void)[];
}

/**
 * Group commit: all calls that wait at the same moment share one transaction and one sync. Each has a savepoint of its
 * own (an append or a creation only where one has failed), so that one that fails takes no other with it, and is answered only after the
 * COMMIT.
 */
export class WriteQueue {
  readonly #database: Database;
  readonly #log: ChangeLog;
  readonly #deferred: Deferred;
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
  /** A clock that runs only while a lock is waited for, and hardly while this process itself stands still. */
  #waitedMs = 0;
  #pause = { start: 0, ms: 0 };
  /** The revision given last, as long as nobody else has committed; `undefined` where it is to be looked up. */
  #lastRevision: number | undefined;

  /** @param onCommit is told of every commit, before the callers are. */
  constructor(
    database: Database,
    log: ChangeLog,
    deferred: Deferred,
    onCommit: (committed: Committed) => void,
  ) {
    this.#database = database;
    this.#log = log;
    this.#deferred = deferred;
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

  /**
   * @param sessionId the session that the call is about; `undefined` for upkeep, which is not synced for its own sake.
   * @throws {SessionError} whatever `write` throws; busy and corrupt, and then nothing was written; io, and then it says so
   *   where that is not certain.
   */
  run<T>(sessionId: string | undefined, write: Write<T>): Promise<T> {
    return this.#enqueue({ sessionId, write, failsEarly: false, isAppend: false });
  }

  /** The same for a write that throws, if at all, before it writes: it needs no savepoint, which keeps a copy of each page. */
  create<T>(sessionId: string, write: Write<T>): Promise<T> {
    return this.#enqueue({ sessionId, write, failsEarly: true, isAppend: false });
  }

  /** The same for one that defers the row of its session. */
  append<T>(sessionId: string, write: Write<T>): Promise<T> {
    return this.#enqueue({ sessionId, write, failsEarly: true, isAppend: true });
  }

  #enqueue<T>(
    call: Pick<Waiting, "sessionId" | "failsEarly" | "isAppend"> & { readonly write: Write<T> },
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const since = this.#waitedMs;
      this.#waiting.push({ ...call, since, resolve: resolve as Waiting["resolve"], reject });
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
    const outcome = this.#commit();
    if (outcome === "busy") return;
    this.#attempt = 0;
    this.#waiting = this.#waiting.slice(outcome.calls);
    for (const answer of outcome.answers) answer();
    if (this.#waiting.length > 0) this.#schedule();
  }

  /**
   * "busy" where another process is writing, and all stay waiting.
   *
   * @param careful a savepoint for every call.
   */
  #commit(careful = false): Done | "busy" {
    const { file } = this.#database;
    try {
      this.#begin.run();
    } catch (error) {
      if (isBusy(error)) {
        this.#waitForLock(error);
        return "busy";
      }
      return failAll(this.#waiting, (sessionId) => sessionErrorOf(error, file, sessionId));
    }
    let group: Group;
    try {
      group = this.#runGroup(careful);
    } catch (error) {
      this.#rollBack();
      if (error instanceof FailedLate) return this.#commit(true);
      return failAll(this.#waiting.slice(0, MAX_GROUP), (sessionId) =>
        sessionErrorOf(error, file, sessionId),
      );
    }
    const { answers, committed, hasWork } = group;
    try {
      if (hasWork) this.#commitAll.run();
      else this.#rollBack();
    } catch (error) {
      this.#rollBack();
      this.#database.commitFailed();
      return failAll(this.#waiting.slice(0, answers.length), () => commitError(error, file));
    }
    // Outside: what is committed is not to be called failed.
    this.#lastRevision = committed.changes.at(-1)?.revision ?? committed.before;
    const calls = answers.length;
    if (committed.changes.length > 0) answers.unshift(() => this.#onCommit(committed));
    return { calls, answers };
  }

  /** Where even that fails, the next BEGIN fails too, and says why. */
  #rollBack(): void {
    const { client } = this.#database;
    this.#deferred.forget();
    try {
      if (client.inTransaction) client.exec("ROLLBACK");
    } catch {
      // The error that led here is the one to tell.
    }
  }

  /** Carries out calls from the front. */
  #runGroup(careful: boolean): Group {
    const isChanged = this.#database.checkStillOurs();
    const start = performance.now();
    const before = isChanged ? this.#log.lastRevision() : (this.#lastRevision ?? this.#log.lastRevision());
    this.#lastRevision = undefined;
    // A call that is alone is undone with the transaction.
    const isAlone = this.#waiting.length === 1;
    const answers: (() => void)[] = [];
    const changes: Change[] = [];
    let rowsToIndex = 0;
    let sessionsMoved = 0;
    let hasWork = false;
    let isPromised = false;
    for (const call of this.#waiting) {
      if (answers.length === MAX_GROUP) break;
      if (answers.length > 0 && performance.now() - start > MAX_GROUP_MS) break;
      const effects = new Effects(before + changes.length + 1);
      if (!call.isAppend) this.#deferred.write();
      const guard = isAlone ? "transaction" : call.failsEarly && !careful ? "none" : "savepoint";
      const { answer, isDone } = this.#runCall(call, effects, guard);
      answers.push(answer);
      if (!isDone) continue;
      hasWork = true;
      isPromised ||= call.sessionId !== undefined;
      rowsToIndex += effects.rowsToIndex;
      if (effects.startsMoving) sessionsMoved++;
      if (effects.change) changes.push(effects.change);
    }
    this.#deferred.write();
    this.#log.write(changes);
    // A call that found everything done already is only as good as the commit before it, which may have been another
    // process's that syncs less, or dies before its sync. So there has to be something for this COMMIT to sync.
    if (changes.length === 0 && isPromised && this.#database.durability === "full") this.#touch.run();
    return { answers, committed: { before, changes, rowsToIndex, sessionsMoved }, hasWork };
  }

  /** @param guard what a call that fails is undone with; with none it is expected to fail before it has written anything. */
  #runCall(
    { write, sessionId, resolve, reject }: Waiting,
    effects: Effects,
    guard: "savepoint" | "transaction" | "none",
  ): { answer: () => void; isDone: boolean } {
    const { client, file } = this.#database;
    if (guard === "savepoint") this.#savepoint.run();
    try {
      const value = write(effects);
      if (guard === "savepoint") this.#release.run();
      return { answer: () => resolve(value), isDone: true };
    } catch (error) {
      // Some errors (a full disk) end the whole transaction: then nothing of the group was kept.
      if (!client.inTransaction) throw error;
      if (guard === "none" && !(error instanceof SessionError)) throw new FailedLate();
      if (guard === "savepoint") {
        this.#undo.run();
        this.#release.run();
      }
      return { answer: () => reject(sessionErrorOf(error, file, sessionId)), isDone: false };
    }
  }

  /** Tries again soon; whoever has waited long enough is told. */
  #waitForLock(cause: unknown): void {
    const { busyTimeoutMs, file } = this.#database;
    const now = performance.now();
    // A pause that lasted far longer than it was meant to was a stall of our own, in which nobody tried for the lock.
    if (this.#attempt > 0) this.#waitedMs += Math.min(now - this.#pause.start, 2 * this.#pause.ms);
    const isLate = ({ since }: Waiting) => this.#waitedMs - since >= busyTimeoutMs;
    const late = this.#waiting.filter(isLate);
    this.#waiting = this.#waiting.filter((call) => !isLate(call));
    for (const { reject } of late) reject(busyError(file, busyTimeoutMs, cause));
    if (this.#waiting.length === 0) return;
    this.#scheduled = true;
    this.#pause = { start: now, ms: retryDelay(this.#attempt++) };
    setTimeout(() => this.#drain(), this.#pause.ms);
  }
}

/** SQLite has failed in a call, which may have been half carried out: the group begins anew, each call guarded. */
class FailedLate extends Error {}

/** @param errorOf what a caller is told, by his session where there is but one. */
function failAll(calls: readonly Waiting[], errorOf: (sessionId: string | undefined) => unknown): Done {
  const answers = calls.map(
    ({ reject, sessionId }) =>
      () =>
        reject(errorOf(calls.length === 1 ? sessionId : undefined)),
  );
  return { calls: calls.length, answers };
}
