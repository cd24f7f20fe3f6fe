// Longer than most files: a commit from the queue to the answers, with the two ways that it may go, in one
// place.
import { randomUUID } from "node:crypto";
import { SessionError, type SessionId, type StoredEntry } from "@thulp-sessions/core";
import type { Client } from "pg";
import { destroy, keepAlive, type Result, type Statement, send, within } from "../connection/connection.ts";
import type { Database } from "../connection/database.ts";
import { failureOf } from "../connection/postgres-errors.ts";
import { LruMap } from "../tables/lru-map.ts";
import { entryOf, type HeadState, headStateOf } from "../tables/rows.ts";
import { entryKey, GroupPlan, type Outcome } from "./group-plan.ts";
import { type CommitToWrite, GroupStatements } from "./group-statements.ts";
import type { ChangeKind, Write } from "./write.ts";

/** A call that waits for its commit. */
interface Call {
  readonly write: Write;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One try to commit a group, which may have succeeded though its answer was lost. */
interface Attempt {
  readonly token: string;
  outcomes: readonly Outcome[];
  kinds: ReadonlyMap<SessionId, ChangeKind>;
  /** From then on it may have succeeded. */
  isSent: boolean;
}

export interface LaneOptions {
  /** False: every commit locks and reads first. */
  readonly optimistic: boolean;
  /** A commit is about to be sent: watchers will see it under this token. */
  readonly onSend: (token: string) => void;
  readonly onCommit: (changes: ReadonlyMap<SessionId, ChangeKind>) => void;
  /** A commit may have been made, and its changes were not told. */
  readonly onUnknown: () => void;
}

const MAX_CALLS = 500;
const MAX_BYTES = 8 * 1024 * 1024;
const KNOWN_SESSIONS = 10_000;
/** How long the server may take to let us go. */
const CLOSE_WITHIN_MS = 5_000;
/** For so long a session that others write too is locked first. */
const CONTENDED_MS = 1_000;

const BEGIN: Statement = { text: "BEGIN", isHot: true };
// Of a group that writes nothing too: it has a transaction id by its locks, and so its COMMIT waits until
// everything that was committed before it is as durable as was promised. A ROLLBACK would not.
const COMMIT: Statement = { text: "COMMIT", isHot: true };
const ROLLBACK: Statement = { text: "ROLLBACK" };

// Looked up once, so that fake timers installed later do not stop every store.
const onNextTurn = setImmediate;

/**
 * One connection that writes. Calls that wait at the same moment share a commit; while it is made the next
 * group gathers. Calls of one session stay in their order.
 *
 * A group goes the short way where it only adds entries: one statement that writes if the sessions are still
 * in the states that this handle has left or, where it knows none, has just read. Else it locks the sessions,
 * reads, plans, and writes: two round trips, over which others wait.
 */
export class WriteLane {
  readonly #database: Database;
  readonly #options: LaneOptions;
  readonly #sql: GroupStatements;
  readonly #states = new LruMap<SessionId, HeadState>(KNOWN_SESSIONS);
  readonly #contended = new LruMap<SessionId, number>(KNOWN_SESSIONS);
  #queue: Call[] = [];
  #draining: Promise<void> | undefined;
  #client: Client | undefined;

  constructor(database: Database, options: LaneOptions) {
    this.#database = database;
    this.#options = options;
    this.#sql = new GroupStatements(database.schema);
  }

  run<T>(write: Write<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ write, resolve: resolve as Call["resolve"], reject });
      this.#draining ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    await this.#draining;
    const client = this.#client;
    this.#client = undefined;
    // A caller that waits for the end has to see it, though nothing else keeps the process alive.
    keepAlive(client, true);
    if (client) await within(CLOSE_WITHIN_MS, client.end(), () => destroy(client));
  }

  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      onNextTurn(resolve);
    });
    keepAlive(this.#client, true);
    while (this.#queue.length > 0) await this.#commit(this.#nextGroup());
    // An idle connection keeps no process alive.
    keepAlive(this.#client, false);
    this.#draining = undefined;
  }

  /** As many of the waiting calls, in their order, as can be planned together. */
  #nextGroup(): Call[] {
    const all = new Set<SessionId>();
    const changing = new Set<SessionId>();
    let bytes = 0;
    const end = this.#queue.findIndex(({ write }, i) => {
      const joins = write.added ? !changing.has(write.id) : !all.has(write.id);
      bytes += write.bytes;
      if (i > 0 && (!joins || i >= MAX_CALLS || bytes > MAX_BYTES)) return true;
      all.add(write.id);
      if (!write.added) changing.add(write.id);
      return false;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  /** Never rejects: every call of the group is answered. */
  async #commit(group: readonly Call[]): Promise<void> {
    const since = Date.now();
    const inDoubt: Attempt[] = [];
    for (let failures = 0; ; failures++) {
      const attempt: Attempt = { token: randomUUID(), outcomes: [], kinds: new Map(), isSent: false };
      try {
        const client = await this.#connected();
        const known = inDoubt.length === 0 ? await this.#knownStates(client, group) : null;
        const isDone = known !== null && (await this.#appendIfUnchanged(client, group, known, attempt));
        const made = isDone ? attempt : await this.#lockAndWrite(client, group, attempt, inDoubt);
        this.#answer(group, made);
        return;
      } catch (error) {
        for (const { write } of group) this.#states.delete(write.id);
        const isLost = failureOf(error) === "lost";
        if (isLost) this.#drop();
        else await this.#rollBack();
        if (isLost && attempt.isSent) inDoubt.push(attempt);
        try {
          await this.#database.beforeRetry(error, since, failures);
        } catch (refusal) {
          if (inDoubt.length > 0) return this.#giveUp(group, refusal);
          // What is wrong with one call is no reason to refuse the others.
          if (group.length === 1 || failureOf(error) !== "fatal")
            for (const { reject } of group) reject(refusal);
          else for (const call of group) await this.#commit([call]);
          return;
        }
      }
    }
  }

  /** A commit was sent, and nobody can say what became of it. */
  #giveUp(group: readonly Call[], refusal: unknown): void {
    this.#options.onUnknown();
    for (const { reject, write } of group) reject(unknownOutcome(refusal, write.id));
  }

  #answer(group: readonly Call[], { outcomes, kinds }: Attempt): void {
    this.#options.onCommit(kinds);
    group.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i] as Outcome;
      if ("refusal" in outcome) reject(outcome.refusal);
      else resolve(outcome.value);
    });
  }

  /** The states of all sessions of a group that may go the short way; else `null`. */
  async #knownStates(client: Client, group: readonly Call[]): Promise<Map<SessionId, HeadState> | null> {
    if (!this.#options.optimistic) return null;
    const known = new Map<SessionId, HeadState>();
    const unknown = new Set<SessionId>();
    for (const { write } of group) {
      const { id, added } = write;
      const missed = this.#contended.get(id);
      if (!added || (missed !== undefined && Date.now() - missed < CONTENDED_MS)) return null;
      const state = this.#states.get(id);
      if (state) known.set(id, state);
      else unknown.add(id);
    }
    if (unknown.size === 0) return known;
    const [heads] = await send(client, [this.#sql.readHeads([...unknown])], this.#database.sending);
    for (const [id, ...row] of heads?.rows ?? []) {
      known.set(id, headStateOf(row));
      unknown.delete(id);
    }
    // That there is no such session is not said of what may be old.
    return unknown.size === 0 ? known : null;
  }

  /** The short way. Answers false where it has written nothing. */
  async #appendIfUnchanged(
    client: Client,
    group: readonly Call[],
    known: ReadonlyMap<SessionId, HeadState>,
    attempt: Attempt,
  ): Promise<boolean> {
    const plan = new GroupPlan(known, new Map(), 0);
    for (const { write } of group) plan.add(write, []);
    // A refusal, a repeat and a change of the status are not decided upon what may be old.
    if (plan.hasOthers || plan.statements.length > 0) return false;
    const statement = this.#shortStatement(known, plan, attempt.token);
    if (!statement) return false;
    this.#send(attempt, plan);
    const [result] = await send(client, [statement], this.#database.sending);
    if (result?.rows.length === 1) {
      this.#remember(plan);
      return true;
    }
    attempt.isSent = false;
    for (const id of known.keys()) {
      this.#states.delete(id);
      this.#contended.set(id, Date.now());
    }
    return false;
  }

  #shortStatement(
    known: ReadonlyMap<SessionId, HeadState>,
    plan: GroupPlan,
    token: string,
  ): Statement | null {
    const { synchronousCommit } = this.#database;
    const commit = { token };
    const { changed, entries } = plan;
    const before = changed.map(({ id }) => ({ id, state: known.get(id) as HeadState }));
    const [[session, ...others], [head], [entry, ...more]] = [before, changed, entries];
    if (session && head && entry && others.length === 0 && more.length === 0)
      return this.#sql.appendOneIfUnchanged(session, head, entry, commit, synchronousCommit);
    return this.#sql.appendIfUnchanged(before, changed, entries, commit, synchronousCommit);
  }

  async #lockAndWrite(
    client: Client,
    group: readonly Call[],
    attempt: Attempt,
    inDoubt: readonly Attempt[],
  ): Promise<Attempt> {
    const writes = group.map(({ write }) => write);
    const ids = [...new Set(writes.map(({ id }) => id))];
    const wanted = writes.flatMap(({ id, added }) =>
      (added?.entries ?? []).map((entry) => [id, entry.id] as const),
    );
    const reads = writes.flatMap((each) => each.reads);
    const [, , heads, clock, entries, ...results] = await send(
      client,
      [
        BEGIN,
        this.#sql.setForTransaction(this.#database.synchronousCommit),
        this.#sql.lockHeads(ids),
        this.#sql.readClock(),
        this.#sql.findEntries(wanted),
        ...reads,
        ...(inDoubt.length > 0 ? [this.#sql.findReceipts(inDoubt.map(({ token }) => token))] : []),
      ],
      this.#database.sending,
    );
    // Behind the locks: those that held them have ended by now, so that the answer is final.
    const token = results[reads.length]?.rows[0]?.[0];
    const made = inDoubt.find((each) => each.token === token);
    if (made) {
      await this.#write(client, []);
      return made;
    }
    const states = new Map(heads?.rows.map((row) => [row[0] as SessionId, headStateOf(row.slice(1))]));
    const plan = new GroupPlan(states, entriesByKey(entries), Number(clock?.rows[0]?.[0]));
    for (const write of writes) plan.add(write, results.splice(0, write.reads.length));
    attempt.outcomes = plan.outcomes;
    if (plan.kinds.size > 0) {
      this.#send(attempt, plan);
      await this.#write(client, [
        ...(plan.created.length > 0 ? [this.#sql.insertHeads(byId(plan.created))] : []),
        ...plan.statements,
        ...(plan.changed.length > 0 ? [this.#sql.updateHeads(plan.changed)] : []),
        ...this.#sql.insertEntries(plan.entries),
        this.#sql.logCommit(commitOf(plan, attempt.token)),
      ]);
    } else await this.#write(client, []);
    this.#remember(plan);
    for (const [id, state] of states) if (!plan.kinds.has(id)) this.#states.set(id, state);
    return attempt;
  }

  #send(attempt: Attempt, plan: GroupPlan): void {
    attempt.outcomes = plan.outcomes;
    attempt.kinds = plan.kinds;
    attempt.isSent = true;
    this.#options.onSend(attempt.token);
  }

  /** @throws where nothing was committed. */
  async #write(client: Client, statements: readonly Statement[]): Promise<void> {
    const results = await send(client, [...statements, COMMIT], this.#database.sending);
    // It "succeeds" behind a statement that has failed, whose error was thrown above.
    if (results.at(-1)?.command !== "COMMIT") throw new Error("The transaction was rolled back.");
  }

  #remember(plan: GroupPlan): void {
    for (const [id, state] of plan.states) {
      if (state) this.#states.set(id, state);
      else this.#states.delete(id);
    }
  }

  async #connected(): Promise<Client> {
    const client = this.#client ?? (await this.#database.connect());
    this.#client = client;
    return client;
  }

  async #rollBack(): Promise<void> {
    if (!this.#client) return;
    try {
      await send(this.#client, [ROLLBACK], this.#database.sending);
    } catch {
      this.#drop();
    }
  }

  #drop(): void {
    if (this.#client) destroy(this.#client);
    this.#client = undefined;
  }
}

function byId<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const LETTERS: { readonly [K in ChangeKind]: string } = { created: "c", changed: "u", deleted: "d" };

function commitOf({ kinds }: GroupPlan, token: string): CommitToWrite {
  return {
    token,
    ids: [...kinds.keys()],
    kinds: Array.from(kinds.values(), (kind) => LETTERS[kind]).join(""),
  };
}

function entriesByKey(result: Result | undefined): ReadonlyMap<string, readonly StoredEntry[]> {
  const found = new Map<string, StoredEntry[]>();
  for (const [id, ...row] of result?.rows ?? []) {
    const entry = entryOf(row, id);
    const key = entryKey(id, entry.id);
    // The same entry was asked for by several calls.
    const before = found.get(key) ?? [];
    if (!before.some(({ seq }) => seq === entry.seq)) found.set(key, [...before, entry]);
  }
  return found;
}

function unknownOutcome(refusal: unknown, sessionId: SessionId): unknown {
  if (!(refusal instanceof SessionError)) return refusal;
  return new SessionError(
    "io",
    `${refusal.message} Whether the call was carried out is not known: repeat it with the same ids.`,
    { cause: refusal, details: { ...refusal.details, sessionId, outcome: "unknown" } },
  );
}
