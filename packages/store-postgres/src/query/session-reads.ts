import type { SessionHead, SessionId, StoredEntry, StoredSession } from "@thulp-sessions/core";
import {
  type EntriesRequest,
  type EntryRows,
  headOf,
  MAX_PAGE_BYTES,
  notFound,
} from "@thulp-sessions/core/store";
import { int4Array } from "../connection/binary-array.ts";
import type { Database } from "../connection/database.ts";
import {
  contextOf,
  corrupt,
  ENTRY_COLUMNS,
  entryOf,
  HEAD_COLUMNS,
  headStateOf,
  METADATA_COLUMNS,
  METADATA_WIDTH,
  metadataOf,
  versionOf,
} from "../tables/rows.ts";

/** What an entry takes as JSON beside its content, roughly. */
const ENVELOPE_BYTES = 150;
const SEQS_PER_READ = 200;
/** The greatest int4. */
const MAX_SEQ = 2 ** 31 - 1;

/** Reads of one session. */
export class SessionReads {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws {SessionError} not_found, corrupt */
  async get(id: SessionId): Promise<StoredSession> {
    const { schema } = this.#database;
    const [session, entries] = await this.#database.readTogether([
      this.#sessionOf(id),
      {
        text: `SELECT ${ENTRY_COLUMNS} FROM ${schema}.entries e WHERE e.session_id = $1 ORDER BY e.seq`,
        values: [id],
        isHot: true,
      },
    ]);
    const { metadata, context, state } = sessionOf(session?.rows[0], id);
    const found = (entries?.rows ?? []).map((row) => entryOf(row, id));
    const { entryCount } = state.counts;
    const gap = found.findIndex(({ seq }, i) => seq !== i);
    if (gap >= 0 || found.length !== entryCount)
      throw corrupt(id, `entries[${gap >= 0 ? gap : Math.min(found.length, entryCount)}]`);
    return { metadata, entries: found, context, version: versionOf(state), epoch: state.epoch };
  }

  /** @throws {SessionError} not_found, corrupt */
  async head(id: SessionId): Promise<SessionHead> {
    const { rows } = await this.#database.run(this.#sessionOf(id));
    const { metadata, context, state } = sessionOf(rows[0], id);
    return headOf(metadata, context, state.counts, { version: versionOf(state), epoch: state.epoch });
  }

  /**
   * A page. In ascending order it ends before the first damaged entry, and the next page fails with that one.
   *
   * @throws {SessionError} not_found, corrupt
   */
  async entries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    const { types, direction, limit } = request;
    const { schema } = this.#database;
    const order = direction === "asc" ? "ASC" : "DESC";
    // The lateral part names the id by its parameter, so that it is found by it however the tables are
    // joined. One row without an entry says that there is the session, but no entry.
    const text = `
      SELECT h.epoch, e.found, e.seq, e.entry_id, e.at, e.type, e.type_fields, e.content
      FROM ${schema}.heads h
      LEFT JOIN LATERAL (
        SELECT p.*, count(*) OVER () AS found, row_number() OVER (ORDER BY seq ${order}) AS place,
          sum(octet_length(content) + ${ENVELOPE_BYTES}) OVER (ORDER BY seq ${order}) AS total
        FROM (
          SELECT ${ENTRY_COLUMNS} FROM ${schema}.entries e
          WHERE e.session_id = $1 AND e.seq > $2 AND e.seq < $3
            ${types === null ? "" : "AND e.type = ANY($5::text[])"}
          ORDER BY e.seq ${order} LIMIT $4
        ) AS p
      ) AS e ON e.total <= ${MAX_PAGE_BYTES} OR e.place = 1
      WHERE h.session_id = $1
      ORDER BY e.place`;
    const after = Math.min(Math.max(request.after, -1), MAX_SEQ);
    const before = Math.min(Math.max(request.before, -1), MAX_SEQ);
    const values: unknown[] = [id, after, before, limit + 1];
    if (types !== null) values.push(`{${types.join(",")}}`);
    const { rows } = await this.#database.run({ text, values, isHot: true });
    const [first] = rows;
    if (!first) throw notFound(id);
    const [epoch, found] = first;
    if (found === null) return { items: [], epoch, hasMore: false };
    const items: StoredEntry[] = [];
    for (const row of rows.slice(0, limit)) {
      try {
        items.push(entryOf(row.slice(2), id));
      } catch (error) {
        if (direction === "desc" || items.length === 0) throw error;
        return { items, epoch, hasMore: true };
      }
    }
    return { items, epoch, hasMore: found > items.length };
  }

  /** The entries at these places that are there, by `seq`. @throws {SessionError} corrupt */
  async *entriesAt(id: SessionId, seqs: readonly number[]): AsyncGenerator<StoredEntry> {
    const { schema } = this.#database;
    const text = `
      SELECT p.seq, p.entry_id, p.at, p.type, p.type_fields, p.content FROM (
        SELECT ${ENTRY_COLUMNS}, row_number() OVER (ORDER BY e.seq) AS place,
          sum(octet_length(e.content)) OVER (ORDER BY e.seq) AS total
        FROM ${schema}.entries e WHERE e.session_id = $1 AND e.seq = ANY($2::int4[])
      ) AS p
      WHERE p.total <= ${MAX_PAGE_BYTES} OR p.place = 1
      ORDER BY p.seq`;
    for (let rest = seqs.filter((seq) => seq >= 0); rest.length > 0; ) {
      const lot = rest.slice(0, SEQS_PER_READ);
      const { rows } = await this.#database.run({ text, values: [id, int4Array(lot)], isHot: true });
      for (const row of rows) yield entryOf(row, id);
      const last: number = rows.at(-1)?.[0] ?? lot.at(-1);
      // Without those that are gone: where all that are left of the lot are, the next lot is read.
      rest = rows.length === 0 ? rest.slice(lot.length) : rest.filter((seq) => seq > last);
    }
  }

  /** All entries from one on, by `seq`. @throws {SessionError} not_found, corrupt */
  async *entriesFrom(id: SessionId, seq: number): AsyncGenerator<StoredEntry> {
    const all = { before: Number.MAX_SAFE_INTEGER, types: null, direction: "asc", limit: 500 } as const;
    for (let after = seq - 1, hasMore = true; hasMore; ) {
      const page = await this.entries(id, { ...all, after });
      yield* page.items;
      after = page.items.at(-1)?.seq ?? after;
      hasMore = page.hasMore;
    }
  }

  #sessionOf(id: SessionId) {
    const { schema } = this.#database;
    return {
      text: `SELECT ${METADATA_COLUMNS}, s.context, ${HEAD_COLUMNS}
        FROM ${schema}.sessions s JOIN ${schema}.heads h ON h.session_id = s.id WHERE s.id = $1`,
      values: [id],
      isHot: true,
    };
  }
}

/** @throws {SessionError} not_found, corrupt */
function sessionOf(row: readonly unknown[] | undefined, id: SessionId) {
  if (!row) throw notFound(id);
  const state = headStateOf(row.slice(METADATA_WIDTH + 1));
  const metadata = metadataOf(row, state.updatedAt);
  return { metadata, context: contextOf(row[METADATA_WIDTH] as string, id), state };
}
