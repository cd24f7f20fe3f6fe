// Longer than most files: one function for each writing method of the contract.
import type {
  AppendOptions,
  AppendResult,
  Session,
  SessionChange,
  SessionEntry,
  SessionHead,
  SessionId,
  SessionMetadata,
  WriteOptions,
} from "@thulp-sessions/core";
import {
  type AppendTarget,
  alreadyExists,
  appendResult,
  changedContext,
  changedMetadata,
  checkTruncate,
  countEntries,
  type EntryCounts,
  epochAfterDrop,
  firstEpoch,
  headOf,
  nextUpdatedAt,
  notFound,
  planAppend,
  versionConflict,
} from "@thulp-sessions/core/store";
import { textArray, uuidArray } from "../connection/binary-array.ts";
import type { Result, Statement } from "../connection/connection.ts";
import {
  contextOf,
  corrupt,
  ENTRY_COLUMNS,
  entryOf,
  type HeadState,
  METADATA_COLUMNS,
  METADATA_WIDTH,
  metadataOf,
  sessionColumns,
  tagKey,
  versionOf,
} from "../tables/rows.ts";
import { encodeText } from "../tables/text-code.ts";
import { tsvectorOf } from "../tables/words.ts";
import type { Planned, SessionNow, Write } from "./write.ts";

/** The writing calls of a store, as {@link Write}s. */
export class SessionWrites {
  readonly #schema: string;
  readonly #indexesNames: boolean;

  /** @param schema quoted. @param indexesNames false where the words of a new name are left to others. */
  constructor(schema: string, indexesNames: boolean) {
    this.#schema = schema;
    this.#indexesNames = indexesNames;
  }

  create(session: Session): Write<SessionHead> {
    const { metadata, context, entries } = session;
    const { id, createdAt, updatedAt, status } = metadata;
    return {
      id,
      bytes: bytesOf(entries),
      reads: [],
      plan: ({ state: before, next, clock }) => {
        if (before) throw alreadyExists(id);
        const counts = countEntries(entries);
        const state = { createdAt, updatedAt, status, counts, ...next, epoch: firstEpoch(clock) };
        const statements = [this.#insertSession(metadata, context), ...this.#insertTags(metadata)];
        return {
          value: headAnswer(metadata, context, state),
          change: { kind: "created", state, statements, entries, firstSeq: 0 },
        };
      },
    };
  }

  /** An append that adds entries and changes nothing else. */
  append(id: SessionId, entries: readonly SessionEntry[], options: AppendOptions): Write<AppendResult> {
    const contents = entries.map(({ content }) => JSON.stringify(content));
    let bytes = 0;
    for (const content of contents) bytes += ENVELOPE_BYTES + content.length;
    return {
      id,
      bytes,
      added: { entries, options },
      reads: [],
      plan: (now) => {
        const state = existing(id, now);
        const target = new Target(state, now.findEntries, NO_TAIL);
        const plan = planAppend(id, target, entries, options);
        if (plan.isRepeat) return { value: appendResult(plan, target) };
        const { status, updatedAt, counts } = plan;
        const { createdAt, epoch } = state;
        const { revision, stamp } = now.next;
        // Key by key: spreads would take as long as the rest of the plan.
        const changed: HeadState = { createdAt, updatedAt, status, counts, revision, stamp, epoch };
        return {
          value: appendResult(plan, { version: versionOf(changed), epoch }),
          change: {
            kind: "changed",
            state: changed,
            statements: status === state.status ? [] : [this.#update(id, { status })],
            entries: plan.fresh,
            // In the same order; where some are repeats, it does not say which.
            contents: plan.fresh.length === entries.length ? contents : undefined,
            firstSeq: plan.kept,
          },
        };
      },
    };
  }

  /** An append that also drops entries or changes the context. */
  appendAndChange(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Write<AppendResult> {
    const { keep } = options;
    const tailReads = keep === undefined ? [] : this.#tailReads(id, keep, entries.length);
    return {
      id,
      bytes: bytesOf(entries),
      reads: [this.#readSession(id), this.#entriesOf(id, entries), ...tailReads],
      plan: (now, [session, stored, ...tail]) => {
        const state = existing(id, now);
        const known = (stored?.rows ?? []).map((row) => entryOf(row, id));
        const target = new Target(
          state,
          (entryId) => known.filter((each) => each.id === entryId),
          keep === undefined ? NO_TAIL : tailOf(id, keep, state.counts, tail),
        );
        const plan = planAppend(id, target, entries, options);
        if (plan.isRepeat) return { value: appendResult(plan, target) };
        const { context } = sessionOf(session, id, state);
        const newContext = changedContext(context, plan.context);
        const { status, updatedAt, counts, kept } = plan;
        const epoch = plan.dropsSome ? epochAfterDrop(state.epoch, kept, now.clock) : state.epoch;
        const changed = { ...state, status, updatedAt, counts, ...now.next, epoch };
        const columns = {
          ...(status !== state.status && { status }),
          ...(newContext !== context && { context: JSON.stringify(newContext) }),
        };
        return {
          value: appendResult(plan, { version: versionOf(changed), epoch }),
          change: {
            kind: "changed",
            state: changed,
            statements: [
              ...(plan.dropsSome ? this.#deleteEntriesFrom(id, kept) : []),
              ...(Object.keys(columns).length > 0 ? [this.#update(id, columns)] : []),
            ],
            entries: plan.fresh,
            firstSeq: kept,
            voidsIndexFrom: plan.dropsSome ? kept : undefined,
          },
        };
      },
    };
  }

  update(id: SessionId, change: SessionChange, options: WriteOptions): Write<SessionHead> {
    return {
      id,
      bytes: 0,
      reads: [this.#readSession(id)],
      plan: (now, [session]) => {
        const state = existing(id, now, options.expectedVersion);
        const before = sessionOf(session, id, state);
        const metadata = changedMetadata(before.metadata, change, options.at);
        const context = changedContext(before.context, change);
        const { status, updatedAt } = metadata;
        const changed = { ...state, status, updatedAt, ...now.next };
        const isRenamed = metadata.name !== before.metadata.name;
        const { id: _, ...columns } = sessionColumns(metadata);
        const all = context === before.context ? columns : { ...columns, context: JSON.stringify(context) };
        return {
          value: headAnswer(metadata, context, changed),
          change: {
            kind: "changed",
            state: changed,
            statements: [
              this.#update(id, all),
              ...(isRenamed ? [this.#indexesNames ? this.#indexName(metadata) : this.#unindexName(id)] : []),
              ...(change.tags === undefined ? [] : [this.#deleteTags(id), ...this.#insertTags(metadata)]),
            ],
            entries: [],
            firstSeq: 0,
            voidsIndexFrom: isRenamed && !this.#indexesNames ? NAME : undefined,
            isRenamed,
          },
        };
      },
    };
  }

  truncate(id: SessionId, entryCount: number, { at, expectedVersion }: WriteOptions): Write<SessionHead> {
    return {
      id,
      bytes: 0,
      reads: [this.#readSession(id), ...this.#tailReads(id, entryCount, 0)],
      plan: (now, [session, ...tail]) => {
        const state = existing(id, now, expectedVersion);
        checkTruncate(id, state.counts.entryCount, entryCount);
        const before = sessionOf(session, id, state);
        if (entryCount === state.counts.entryCount)
          return { value: headAnswer(before.metadata, before.context, state) };
        const counts = tailOf(id, entryCount, state.counts, tail).countsBefore(entryCount);
        const updatedAt = nextUpdatedAt(before.metadata, at);
        const epoch = epochAfterDrop(state.epoch, entryCount, now.clock);
        const changed = { ...state, updatedAt, counts, ...now.next, epoch };
        return {
          value: headAnswer({ ...before.metadata, updatedAt }, before.context, changed),
          change: {
            kind: "changed",
            state: changed,
            statements: this.#deleteEntriesFrom(id, entryCount),
            entries: [],
            firstSeq: entryCount,
            voidsIndexFrom: entryCount,
          },
        };
      },
    };
  }

  replace(session: Session, expectedVersion: string | undefined): Write<SessionHead> {
    const { context, entries } = session;
    const { id, createdAt, status } = session.metadata;
    return {
      id,
      bytes: bytesOf(entries),
      reads: [],
      plan: (now): Planned<SessionHead> => {
        const before = existing(id, now, expectedVersion);
        const updatedAt = nextUpdatedAt({ id, updatedAt: before.updatedAt }, session.metadata.updatedAt);
        const metadata = { ...session.metadata, updatedAt };
        const counts = countEntries(entries);
        const epoch = epochAfterReplace(before.epoch, now.clock);
        const state = { createdAt, updatedAt, status, counts, ...now.next, epoch };
        const { id: _, ...columns } = sessionColumns(metadata);
        return {
          value: headAnswer(metadata, context, state),
          change: {
            kind: "changed",
            state,
            statements: [
              ...this.#deleteEntriesFrom(id, 0),
              this.#update(id, { ...columns, context: JSON.stringify(context) }),
              this.#indexesNames ? this.#indexName(metadata) : this.#unindexName(id),
              this.#deleteTags(id),
              ...this.#insertTags(metadata),
            ],
            entries,
            firstSeq: 0,
            voidsIndexFrom: this.#indexesNames ? 0 : NAME,
            isRenamed: true,
          },
        };
      },
    };
  }

  delete(id: SessionId, expectedVersion: string | undefined): Write<boolean> {
    return {
      id,
      bytes: 0,
      reads: [],
      plan: (now) => {
        if (!now.state) return { value: false };
        existing(id, now, expectedVersion);
        const statements = [
          ...this.#deleteEntriesFrom(id, 0),
          this.#deleteTags(id),
          this.#statement("DELETE FROM {schema}.search_docs WHERE session_id = $1", [id]),
          this.#statement("DELETE FROM {schema}.sessions WHERE id = $1", [id]),
          this.#statement("DELETE FROM {schema}.heads WHERE session_id = $1", [id]),
        ];
        return {
          value: true,
          change: { kind: "deleted", state: null, statements, entries: [], firstSeq: 0 },
        };
      },
    };
  }

  #statement(text: string, values: readonly unknown[]): Statement {
    return { text: text.replaceAll("{schema}", this.#schema), values, isHot: true };
  }

  #insertSession(metadata: SessionMetadata, context: Session["context"]): Statement {
    const columns = {
      ...sessionColumns(metadata),
      listed_at: metadata.updatedAt,
      context: JSON.stringify(context),
    };
    const names = Object.keys(columns);
    return this.#statement(
      `INSERT INTO {schema}.sessions (${names.join(", ")}) VALUES (${names.map((_, i) => `$${i + 1}`).join(", ")})`,
      Object.values(columns),
    );
  }

  #update(id: SessionId, columns: Readonly<Record<string, unknown>>): Statement {
    const sets = Object.keys(columns).map((name, i) => `${name} = $${i + 2}`);
    return this.#statement(`UPDATE {schema}.sessions SET ${sets.join(", ")} WHERE id = $1`, [
      id,
      ...Object.values(columns),
    ]);
  }

  #insertTags({ id, tags, createdAt, updatedAt }: SessionMetadata): Statement[] {
    const distinct = [...new Set(tags)];
    if (distinct.length === 0) return [];
    return [
      this.#statement(
        `INSERT INTO {schema}.session_tags (session_id, tag_key, tag, created_at, listed_at)
         SELECT $1, t.key, t.tag, $4, $5 FROM unnest($2::uuid[], $3::text[]) AS t (key, tag)`,
        [id, uuidArray(distinct.map(tagKey)), textArray(distinct.map(encodeText)), createdAt, updatedAt],
      ),
    ];
  }

  /** At once, where other words are added later: else all entries of the session had to be indexed again. */
  #indexName({ id, name }: SessionMetadata): Statement {
    return this.#statement(
      `INSERT INTO {schema}.search_docs (session_id, seq, words) VALUES ($1, -1, $2::tsvector)
       ON CONFLICT (session_id, seq) DO UPDATE SET words = EXCLUDED.words`,
      [id, tsvectorOf([name])],
    );
  }

  /**
   * Where no words are made: the old name's are not kept. The session counts as one of which nothing is
   * indexed, so that a program that indexes it later takes its name too.
   */
  #unindexName(id: SessionId): Statement {
    return this.#statement("DELETE FROM {schema}.search_docs WHERE session_id = $1 AND seq = -1", [id]);
  }

  #deleteTags(id: SessionId): Statement {
    return this.#statement("DELETE FROM {schema}.session_tags WHERE session_id = $1", [id]);
  }

  #deleteEntriesFrom(id: SessionId, seq: number): Statement[] {
    return ["entries", "search_docs"].map((table) =>
      this.#statement(`DELETE FROM {schema}.${table} WHERE session_id = $1 AND seq >= $2`, [id, seq]),
    );
  }

  #readSession(id: SessionId): Statement {
    return this.#statement(`SELECT ${METADATA_COLUMNS}, s.context FROM {schema}.sessions s WHERE s.id = $1`, [
      id,
    ]);
  }

  #entriesOf(id: SessionId, entries: readonly SessionEntry[]): Statement {
    return this.#statement(
      `SELECT ${ENTRY_COLUMNS} FROM {schema}.entries e
       WHERE e.session_id = $1 AND e.entry_id = ANY($2::uuid[]) ORDER BY e.seq`,
      [id, uuidArray(entries.map((entry) => entry.id))],
    );
  }

  /** What {@link tailOf} takes. @param limit how many entries of the tail are compared. */
  #tailReads(id: SessionId, from: number, limit: number): Statement[] {
    const seq = Math.min(from, MAX_SEQ);
    return [
      this.#statement(
        `SELECT ${ENTRY_COLUMNS} FROM {schema}.entries e
         WHERE e.session_id = $1 AND e.seq >= $2 ORDER BY e.seq LIMIT $3`,
        [id, seq, limit],
      ),
      this.#statement(
        `SELECT seq, type FROM {schema}.entries
         WHERE session_id = $1 AND seq >= $2 AND type IN ('user_message', 'assistant_message') ORDER BY seq`,
        [id, seq],
      ),
      this.#statement(
        `SELECT type FROM {schema}.entries
         WHERE session_id = $1 AND seq < $2 AND type IN ('user_message', 'assistant_message')
         ORDER BY seq DESC LIMIT 1`,
        [id, seq],
      ),
    ];
  }
}

/** The `seq` of the name in `search_docs`. */
const NAME = -1;
/** The greatest int4. */
const MAX_SEQ = 2 ** 31 - 1;

type Tail = AppendTarget["tail"];

/** Of an append that only adds: nothing asks for it. */
const NO_TAIL: Tail = { entries: () => [], countsBefore: () => countEntries([]) };

/** The tail of a session from `from` on, as the statements of `#tailReads` have found it. */
function tailOf(id: SessionId, from: number, all: EntryCounts, results: readonly Result[]): Tail {
  const [entries, messages, before] = results.map(({ rows }) => rows);
  const rows = (messages ?? []) as [seq: number, type: string][];
  return {
    entries: (seq, limit) =>
      (entries ?? [])
        .map((row) => entryOf(row, id))
        .slice(seq - from)
        .slice(0, limit),
    countsBefore: (seq) => {
      const last = rows.findLast(([each]) => each < seq)?.[1] ?? before?.[0]?.[0];
      const awaitingAssistant = last === "user_message";
      const behind = countEntries(
        rows.filter(([each]) => each >= seq).map(([, type]) => ({ entryType: { type } }) as SessionEntry),
        { ...countEntries([]), awaitingAssistant },
      );
      return {
        entryCount: seq,
        turnCount: all.turnCount - behind.turnCount,
        userMessageCount: all.userMessageCount - behind.userMessageCount,
        assistantMessageCount: all.assistantMessageCount - behind.assistantMessageCount,
        awaitingAssistant,
      };
    },
  };
}

/** Nothing of the entries has stayed. The clock may be behind that which made the epoch before. */
function epochAfterReplace(before: string, clock: number): string {
  return firstEpoch(Number.parseInt(epochAfterDrop(before, 0, clock), 10));
}

/** @throws {SessionError} not_found, conflict */
function existing(id: SessionId, { state }: SessionNow, expectedVersion?: string): HeadState {
  if (!state) throw notFound(id);
  if (expectedVersion === undefined) return state;
  const version = versionOf(state);
  if (expectedVersion !== version) throw versionConflict(id, version);
  return state;
}

/** What core plans an append upon. */
class Target implements AppendTarget {
  readonly metadata: HeadState;
  readonly counts: EntryCounts;
  readonly epoch: string;
  readonly findEntries: AppendTarget["findEntries"];
  readonly tail: Tail;

  constructor(state: HeadState, findEntries: AppendTarget["findEntries"], tail: Tail) {
    this.metadata = state;
    this.counts = state.counts;
    this.epoch = state.epoch;
    this.findEntries = findEntries;
    this.tail = tail;
  }

  /** Made only for the few that ask for it. */
  get version(): string {
    return versionOf(this.metadata);
  }
}

/** @throws {SessionError} corrupt */
function sessionOf(result: Result | undefined, id: SessionId, { updatedAt }: HeadState) {
  const [row] = result?.rows ?? [];
  if (!row) throw corrupt(id, "metadata");
  return { metadata: metadataOf(row, updatedAt), context: contextOf(row[METADATA_WIDTH], id) };
}

function headAnswer(metadata: SessionMetadata, context: Session["context"], state: HeadState): SessionHead {
  return headOf(metadata, context, state.counts, { version: versionOf(state), epoch: state.epoch });
}

/** Of an entry without its content, roughly. */
const ENVELOPE_BYTES = 100;

/** As JSON, roughly: a group of calls is cut by it. */
function bytesOf(entries: readonly SessionEntry[]): number {
  let bytes = 0;
  for (const { content } of entries)
    bytes += ENVELOPE_BYTES + (typeof content === "string" ? content.length : JSON.stringify(content).length);
  return bytes;
}
