import type { SessionId } from "@thulp-sessions/core";
import type { Change } from "../changes/change.ts";
import type { ChangeLog } from "../changes/change-log.ts";
import { APPLICATION_ID } from "../connection/application-id.ts";
import type { Database } from "../connection/database.ts";
import { noRoom } from "../connection/disk-room.ts";
import { performance, setImmediate, setTimeout } from "../connection/real-time.ts";
import { retryDelay } from "../connection/retry-busy.ts";
import { busyError, commitError, isBusy, sessionErrorOf } from "../connection/sqlite-errors.ts";
import type { AppendRow, AppendRows } from "../tables/append-rows.ts";
import { UnwrittenRows } from "./unwritten-rows.ts";

// Group commit: the calls that wait at the same moment share one transaction and one sync.
//
// idle        nothing waits.
// scheduled   the group is carried out at the end of this turn of the event loop: calls that arrive together
//             go together, and a lone call waits for no other.
// waiting     another process holds the write lock: all calls stay queued, and BEGIN is tried again after a
//             pause.
//
// Within the transaction each call has a nested one (a savepoint), so that a call that fails takes no other
// with it. The callers are answered after COMMIT; where COMMIT fails, none of them is acknowledged.

/**
 * Bounds on how long one transaction blocks the event loop: a number of calls, and a time after which none is
 * added.
 */
const MAX_CALLS = 500;
const MAX_GROUP_MS = 25;

/** What a call did: its answer, and what its group has to do because of it. */
export interface CallResult<T> {
  readonly value: T;
  /** Absent where it found nothing to change. The change has the revision that the call was given. */
  readonly changed?: Change["type"];
  /** How many rows it wrote that `search_index` does not have yet. */
  readonly rowsToIndex?: number;
  /** The session's row after an append, which the group writes once for all its appends. */
  readonly row?: { readonly before: AppendRow; readonly now: AppendRow };
}

/** @param revision the one that the session gets if the call changes it. */
export type Write<T> = (revision: number) => CallResult<T>;

/**
 * @param row the session's row, with the changes of earlier appends; `undefined` where there is no such
 * session.
 */
export type Append<T> = (revision: number, row: AppendRow | undefined) => CallResult<T>;

/** What one transaction has committed. */
export interface Commit {
  /** The last revision before it. */
  readonly before: number;
  readonly changes: readonly Change[];
  readonly rowsToIndex: number;
  /** How many sessions became pending in the deferred time index. */
  readonly newlyPending: number;
}

interface QueuedCall {
  /** `undefined` for maintenance, which promises nothing: it is not synced for its own sake. */
  readonly sessionId: SessionId | undefined;
  readonly isAppend: boolean;
  /** It stores more than it takes away: refused where the disk has room only for the others. */
  readonly adds: boolean;
  readonly write: (revision: number, rows: UnwrittenRows) => CallResult<unknown>;
  /** The value of #waitedMs when it was queued. */
  readonly queuedAt: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly result: CallResult<unknown> } | { readonly error: unknown };

interface Group {
  readonly commit: Commit;
  /** One for each call that was carried out, in the order of the queue. */
  readonly outcomes: readonly Outcome[];
}

/** How far a transaction got, for the case that it throws. */
interface Progress {
  /** How many calls were begun. */
  calls: number;
  /** All that is left is COMMIT. */
  isComplete: boolean;
}

const APPEND = { isAppend: true, adds: true };
const MAINTENANCE = { isAppend: false, adds: false };

export class GroupCommit {
  readonly #database: Database;
  readonly #log: ChangeLog;
  readonly #rows: AppendRows;
  readonly #onCommit: (commit: Commit) => void;
  readonly #transaction;
  readonly #nested;
  readonly #touch;
  #queue: QueuedCall[] = [];
  #isScheduled = false;
  #attempt = 0;
  /** Time spent waiting for SQLITE_BUSY, stalls of this process excluded. */
  #waitedMs = 0;
  #pause = { start: 0, ms: 0 };
  /** The last revision, as long as no other connection has committed; `undefined`: to be read. */
  #lastRevision: number | undefined;

  /** @param onCommit called after every commit that changed a session, before the callers are answered. */
  constructor(database: Database, log: ChangeLog, rows: AppendRows, onCommit: (commit: Commit) => void) {
    this.#database = database;
    this.#log = log;
    this.#rows = rows;
    this.#onCommit = onCommit;
    const { client } = database;
    this.#transaction = client.transaction((progress: Progress) => this.#carryOut(progress)).immediate;
    this.#nested = client.transaction((call: QueuedCall, revision: number, rows: UnwrittenRows) =>
      call.write(revision, rows),
    );
    // Changes no value, but writes a page, so that there is something to sync.
    this.#touch = client.prepare(`PRAGMA application_id = ${APPLICATION_ID}`);
  }

  /**
   * Carries out `write` in a transaction. With durability full even a call that changes nothing is synced.
   *
   * @throws {SessionError} whatever `write` throws; busy and corrupt, where nothing was written; io, whose
   *   message says so where that is not certain.
   */
  run<T>(sessionId: SessionId, write: Write<T>): Promise<T> {
    return this.#enqueue(sessionId, write, { isAppend: false, adds: false });
  }

  /** The same for a call that stores more than it takes away: io where the disk has no room for that. */
  add<T>(sessionId: SessionId, write: Write<T>): Promise<T> {
    return this.#enqueue(sessionId, write, { isAppend: false, adds: true });
  }

  /** The same for an append: several to one session share the writing of its row. */
  append<T>(sessionId: SessionId, append: Append<T>): Promise<T> {
    return this.#enqueue(sessionId, (revision, rows) => append(revision, rows.find(sessionId)), APPEND);
  }

  /** The same for work that changes no session; it is not synced for its own sake. */
  maintain<T>(work: () => T): Promise<T> {
    return this.#enqueue(undefined, () => ({ value: work() }), MAINTENANCE);
  }

  #enqueue<T>(
    sessionId: SessionId | undefined,
    write: (revision: number, rows: UnwrittenRows) => CallResult<T>,
    kind: Pick<QueuedCall, "isAppend" | "adds">,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { isAppend, adds } = kind;
      const queuedAt = this.#waitedMs;
      const answer = { resolve: resolve as QueuedCall["resolve"], reject };
      this.#queue.push({ sessionId, write, isAppend, adds, queuedAt, ...answer });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#runGroup());
  }

  #runGroup(): void {
    this.#isScheduled = false;
    const progress: Progress = { calls: 0, isComplete: false };
    const { client } = this.#database;
    let group: Group | undefined;
    try {
      // Left open by a failed ROLLBACK: better-sqlite3 would nest the group in it and commit nothing.
      if (client.inTransaction) client.exec("ROLLBACK");
      this.#database.checkBeforeTransaction();
      group = this.#transaction(progress);
    } catch (error) {
      this.#lastRevision = undefined;
      if (isBusy(error) && !progress.isComplete) {
        this.#waitForLock(error);
        return;
      }
      this.#failGroup(error, progress);
    }
    this.#attempt = 0;
    if (group) this.#answerGroup(group);
    if (this.#queue.length > 0) this.#schedule();
  }

  /** The body of the transaction: as many of the queued calls as the bounds allow. */
  #carryOut(progress: Progress): Group {
    const othersCommitted = this.#database.checkBeforeWrite();
    const isDiskShort = this.#database.isDiskShort;
    const start = performance.now();
    const before = (othersCommitted ? undefined : this.#lastRevision) ?? this.#log.lastRevision();
    const rows = new UnwrittenRows(this.#rows);
    const outcomes: Outcome[] = [];
    const changes: Change[] = [];
    let rowsToIndex = 0;
    let needsSync = false;
    for (const call of this.#queue) {
      if (outcomes.length === MAX_CALLS) break;
      if (outcomes.length > 0 && performance.now() - start > MAX_GROUP_MS) break;
      progress.calls++;
      if (!call.isAppend) rows.flush();
      const revision = before + changes.length + 1;
      const outcome = isDiskShort && call.adds ? this.#refused() : this.#runNested(call, revision, rows);
      outcomes.push(outcome);
      if (!("result" in outcome) || call.sessionId === undefined) continue;
      const { sessionId, isAppend } = call;
      const { changed, rowsToIndex: own = 0, row } = outcome.result;
      needsSync = true;
      rowsToIndex += own;
      if (changed) changes.push({ type: changed, id: sessionId, revision, isAppend });
      if (row) rows.put(sessionId, row.before, row.now);
    }
    rows.flush();
    this.#log.write(changes);
    // A no-op must still force a sync: the data it relies on may come from a process with synchronous=NORMAL,
    // or from one that died before its sync.
    if (needsSync && changes.length === 0 && this.#database.durability === "full") this.#touch.run();
    progress.isComplete = true;
    return { commit: { before, changes, rowsToIndex, newlyPending: rows.newlyPending }, outcomes };
  }

  #runNested(call: QueuedCall, revision: number, rows: UnwrittenRows): Outcome {
    try {
      return { result: this.#nested(call, revision, rows) };
    } catch (error) {
      // Some errors (a full disk) roll back the whole transaction, and so fail the whole group.
      if (!this.#database.client.inTransaction) throw error;
      return { error };
    }
  }

  #refused(): Outcome {
    return { error: noRoom(this.#database.file) };
  }

  #answerGroup({ commit, outcomes }: Group): void {
    this.#lastRevision = commit.changes.at(-1)?.revision ?? commit.before;
    const calls = this.#take(outcomes.length);
    if (commit.changes.length > 0) this.#onCommit(commit);
    outcomes.forEach((outcome, i) => {
      const { sessionId, resolve, reject } = calls[i] as QueuedCall;
      if ("result" in outcome) resolve(outcome.result.value);
      else reject(sessionErrorOf(outcome.error, this.#database.file, sessionId));
    });
  }

  /** Nothing of the transaction was kept, or, where COMMIT failed, that is not certain. */
  #failGroup(error: unknown, { calls, isComplete }: Progress): void {
    const { file } = this.#database;
    if (isComplete) this.#database.commitFailed();
    // Where not even one was begun (BEGIN failed, the file was replaced), none can be.
    const failed = this.#take(calls === 0 ? this.#queue.length : calls);
    for (const { reject, sessionId } of failed) {
      if (isComplete) reject(commitError(error, file));
      else reject(sessionErrorOf(error, file, failed.length === 1 ? sessionId : undefined));
    }
  }

  /** Removes the first calls from the queue. */
  #take(count: number): readonly QueuedCall[] {
    const taken = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return taken;
  }

  /** Tries again after a pause; calls that have waited for too long fail. */
  #waitForLock(cause: unknown): void {
    const { busyTimeoutMs, file } = this.#database;
    const now = performance.now();
    // A pause that took far longer than planned was a stall of this process, in which it did not try to get
    // the lock.
    if (this.#attempt > 0) this.#waitedMs += Math.min(now - this.#pause.start, 2 * this.#pause.ms);
    const isLate = ({ queuedAt }: QueuedCall) => this.#waitedMs - queuedAt >= busyTimeoutMs;
    const late = this.#queue.filter(isLate);
    this.#queue = this.#queue.filter((call) => !isLate(call));
    for (const { reject } of late) reject(busyError(file, busyTimeoutMs, cause));
    if (this.#queue.length === 0) return;
    this.#isScheduled = true;
    this.#pause = { start: now, ms: retryDelay(this.#attempt++) };
    setTimeout(() => this.#runGroup(), this.#pause.ms);
  }
}
