import type { SessionId } from "@thulp-sessions/core";
import { uuidArray } from "../connection/binary-array.ts";
import type { Statement } from "../connection/connection.ts";
import { ENTRY_COLUMNS, entryTypeColumns, HEAD_COLUMNS } from "../tables/rows.ts";
import {
  appendedHeadsParameters,
  type EntryToWrite,
  entriesParameters,
  type HeadToWrite,
  headsParameters,
  KEEPS_INDEX,
  type KnownSession,
} from "./row-parameters.ts";

/** A row of the log of commits. */
export interface CommitToWrite {
  readonly token: string;
  readonly ids: readonly SessionId[];
  /** A letter for each. */
  readonly kinds: string;
}

const SET_HEADS = `
  created_at = g.created_at, updated_at = g.updated_at, status = g.status, entry_count = g.entry_count,
  turn_count = g.turn_count, user_count = g.user_count, assistant_count = g.assistant_count,
  awaiting = (g.awaiting <> 0), revision = g.revision, stamp = g.stamp, epoch = g.epoch, index_pending = true,
  indexed = LEAST(h.indexed, g.kept),
  index_round = h.index_round + CASE WHEN g.kept < ${KEEPS_INDEX} THEN 1 ELSE 0 END`;
const HEADS_ROWS = `unnest($1::uuid[], $2::int8[], $3::int8[], $4::text[], $5::int4[], $6::int4[], $7::int4[],
  $8::int4[], $9::int4[], $10::int8[], $11::int8[], $12::text[], $13::int4[]) AS g (id, created_at, updated_at,
  status, entry_count, turn_count, user_count, assistant_count, awaiting, revision, stamp, epoch, kept)`;

/** For `INSERT`, and with a further table of one row at its end. @param first the number of a parameter. */
function entriesFrom(first: number): string {
  const types = ["uuid", "int4", "uuid", "int8", "text", "text", "text"];
  const parameters = types.map((type, i) => `$${first + i}::${type}[]`).join(", ");
  return `(session_id, seq, entry_id, at, type, type_fields, content)
    SELECT n.* FROM unnest(${parameters}) AS n (session_id, seq, entry_id, at, type, type_fields, content)`;
}

const INSERT_ENTRIES = `INSERT INTO {schema}.entries ${entriesFrom(1)}`;

/**
 * The entries of a row `w`, each by the index. A join might read all entries: its plan is made when there are
 * few of them, and kept while they become many. OFFSET 0 keeps the subquery from becoming one.
 */
function entryById(columns: string): string {
  return `SELECT ${columns} FROM {schema}.entries e
    WHERE e.session_id = w.session_id AND e.entry_id = w.entry_id OFFSET 0`;
}

/** One for each way in which a commit may be safe: the texts are made once. */
function bySetting(make: (setting: "on" | "off" | undefined) => string) {
  return { on: make("on"), off: make("off"), "as it is": make(undefined) };
}

/**
 * The locks are taken in the order of ids. Who had a lock before may have changed the row: it is looked at
 * again, its revision is another one, and nothing is written. An entry that our snapshot does not see has
 * come with such a change.
 *
 * What changes of a head is taken from the arrays by its place: as rows, all of it would be carried through
 * the lock.
 */
const APPEND_IF_UNCHANGED = bySetting(
  (setting) => `WITH known AS MATERIALIZED (
     SELECT g.id, g.i FROM unnest($1::uuid[]) WITH ORDINALITY AS g (id, i)
     JOIN {schema}.heads h
       ON h.session_id = g.id AND h.revision = ($2::int8[])[g.i] AND h.stamp = ($3::int8[])[g.i]
     ORDER BY h.session_id FOR UPDATE OF h
   ), unchanged AS MATERIALIZED (
     SELECT 1 AS yes ${setting ? `, set_config('synchronous_commit', '${setting}', true)` : ""}
     WHERE (SELECT count(*) FROM known) = cardinality($1::uuid[])
       AND NOT EXISTS (
         SELECT 1 FROM unnest($12::uuid[], $14::uuid[]) AS w (session_id, entry_id)
         CROSS JOIN LATERAL (${entryById("1")}) AS e)
   ), written AS (
     UPDATE {schema}.heads h SET updated_at = ($4::int8[])[g.i], entry_count = ($5::int4[])[g.i],
       turn_count = ($6::int4[])[g.i], user_count = ($7::int4[])[g.i], assistant_count = ($8::int4[])[g.i],
       awaiting = (($9::int4[])[g.i] <> 0), revision = ($10::int8[])[g.i], stamp = ($11::int8[])[g.i],
       index_pending = true
     FROM known g, unchanged WHERE h.session_id = g.id
   ), added AS (
     INSERT INTO {schema}.entries ${entriesFrom(12)}, unchanged
   ), logged AS (
     INSERT INTO {schema}.commits (token, ids, kinds)
     SELECT $19::uuid, $1::uuid[], repeat('u', cardinality($1::uuid[])) FROM unchanged
   )
   SELECT yes FROM unchanged`,
);

const APPEND_ONE_IF_UNCHANGED = bySetting(
  (setting) => `WITH written AS (
     UPDATE {schema}.heads h SET updated_at = $4, entry_count = $5, turn_count = $6, user_count = $7,
       assistant_count = $8, awaiting = $9, revision = $10, stamp = $11, index_pending = true
     WHERE h.session_id = $1 AND h.revision = $2 AND h.stamp = $3
       AND NOT EXISTS (SELECT 1 FROM {schema}.entries e WHERE e.session_id = $1 AND e.entry_id = $13)
       ${setting ? `AND set_config('synchronous_commit', '${setting}', true) IS NOT NULL` : ""}
     RETURNING h.session_id
   ), added AS (
     INSERT INTO {schema}.entries (session_id, seq, entry_id, at, type, type_fields, content)
     SELECT session_id, $12, $13, $14, $15, $16, $17 FROM written
   ), logged AS (
     INSERT INTO {schema}.commits (token, ids, kinds) SELECT $18, ARRAY[session_id], 'u' FROM written
   )
   SELECT 1 FROM written`,
);

/** The statements of a commit for many sessions. */
export class GroupStatements {
  readonly #schema: string;
  /** By their templates: the texts are long, and to make one would take longer than to look it up. */
  readonly #texts = new Map<string, string>();

  /** @param schema quoted. */
  constructor(schema: string) {
    this.#schema = schema;
  }

  /**
   * For this transaction alone, since a pooler gives the connection to others: how long it waits for others,
   * how long others wait for it when this process stands still, and how safe its commit is.
   */
  setForTransaction(synchronousCommit: "on" | "off" | undefined): Statement {
    const settings = {
      lock_timeout: "5s",
      idle_in_transaction_session_timeout: "10s",
      ...(synchronousCommit !== undefined && { synchronous_commit: synchronousCommit }),
    };
    const calls = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
    return this.#statement(`SELECT ${calls.join(", ")}`, []);
  }

  /** As they are, without a lock. */
  readHeads(ids: readonly SessionId[]): Statement {
    return this.#statement(
      `SELECT h.session_id, ${HEAD_COLUMNS} FROM {schema}.heads h WHERE h.session_id = ANY($1::uuid[])`,
      [uuidArray(ids)],
    );
  }

  /** In the order of ids, as everybody locks them: else two groups could wait for each other. */
  lockHeads(ids: readonly SessionId[]): Statement {
    return this.#statement(
      `SELECT h.session_id, ${HEAD_COLUMNS} FROM {schema}.heads h
       WHERE h.session_id = ANY($1::uuid[]) ORDER BY h.session_id FOR UPDATE`,
      [uuidArray(ids)],
    );
  }

  /** Microseconds. After the locks, so that it is later than the clock of those that had them before. */
  readClock(): Statement {
    return this.#statement("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8", []);
  }

  /** Which of these commits there are. */
  findReceipts(tokens: readonly string[]): Statement {
    return this.#statement("SELECT token FROM {schema}.commits WHERE token = ANY($1::uuid[])", [
      uuidArray(tokens),
    ]);
  }

  findEntries(wanted: readonly (readonly [id: SessionId, entryId: string])[]): Statement {
    return this.#statement(
      `SELECT e.session_id, ${ENTRY_COLUMNS}
       FROM unnest($1::uuid[], $2::uuid[]) AS w (session_id, entry_id)
       CROSS JOIN LATERAL (${entryById("*")}) AS e
       ORDER BY e.seq`,
      [uuidArray(wanted.map(([id]) => id)), uuidArray(wanted.map(([, entryId]) => entryId))],
    );
  }

  /** @param heads by id, as everybody writes them. */
  insertHeads(heads: readonly HeadToWrite[]): Statement {
    return this.#statement(
      `INSERT INTO {schema}.heads (session_id, created_at, updated_at, status, entry_count, turn_count,
         user_count, assistant_count, awaiting, revision, stamp, epoch, indexed, index_round, index_pending)
       SELECT g.id, g.created_at, g.updated_at, g.status, g.entry_count, g.turn_count, g.user_count,
         g.assistant_count, g.awaiting <> 0, g.revision, g.stamp, g.epoch, LEAST(-1, g.kept), 0, true
       FROM ${HEADS_ROWS}`,
      headsParameters(heads),
    );
  }

  updateHeads(heads: readonly HeadToWrite[]): Statement {
    return this.#statement(
      `UPDATE {schema}.heads h SET ${SET_HEADS} FROM ${HEADS_ROWS} WHERE h.session_id = g.id`,
      headsParameters(heads),
    );
  }

  /** As many statements as it takes. */
  insertEntries(rows: readonly EntryToWrite[]): Statement[] {
    return entriesParameters(rows).map((values) => this.#statement(INSERT_ENTRIES, values));
  }

  logCommit({ token, ids, kinds }: CommitToWrite): Statement {
    return this.#statement("INSERT INTO {schema}.commits (token, ids, kinds) VALUES ($1, $2::uuid[], $3)", [
      token,
      uuidArray(ids),
      kinds,
    ]);
  }

  /**
   * All of an append in one statement, which does something only if each session is still in the state that
   * it was last seen in, and none of the entries is there; else it answers no row.
   */
  appendIfUnchanged(
    known: readonly KnownSession[],
    heads: readonly HeadToWrite[],
    rows: readonly EntryToWrite[],
    { token }: Pick<CommitToWrite, "token">,
    synchronousCommit: "on" | "off" | undefined,
  ): Statement | null {
    const [entries, ...more] = entriesParameters(rows);
    // More than one statement can send.
    if (!entries || more.length > 0) return null;
    return this.#statement(APPEND_IF_UNCHANGED[synchronousCommit ?? "as it is"], [
      ...appendedHeadsParameters(known, heads),
      ...entries,
      token,
    ]);
  }

  /** The same of one entry of one session: without arrays, which cost two or three times as much here. */
  appendOneIfUnchanged(
    { id, state: before }: KnownSession,
    { state }: HeadToWrite,
    { seq, entry, content }: EntryToWrite,
    { token }: Pick<CommitToWrite, "token">,
    synchronousCommit: "on" | "off" | undefined,
  ): Statement {
    const { counts } = state;
    return this.#statement(APPEND_ONE_IF_UNCHANGED[synchronousCommit ?? "as it is"], [
      id,
      before.revision,
      before.stamp,
      state.updatedAt,
      counts.entryCount,
      counts.turnCount,
      counts.userMessageCount,
      counts.assistantMessageCount,
      counts.awaitingAssistant,
      state.revision,
      state.stamp,
      seq,
      entry.id,
      entry.timestamp,
      ...entryTypeColumns(entry),
      content,
      token,
    ]);
  }

  #statement(text: string, values: readonly unknown[]): Statement {
    let made = this.#texts.get(text);
    if (made === undefined) {
      made = text.replaceAll("{schema}", this.#schema);
      this.#texts.set(text, made);
    }
    return { text: made, values, isHot: true };
  }
}
