import type { EntryId, EntryType, SessionEntry, SessionId, StoredEntry } from "@thulp-sessions/core";
import {
  countEntries,
  type EntriesRequest,
  type EntryCounts,
  MAX_PAGE_BYTES,
  type Rows,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { corruptError } from "../connection/sqlite-errors.ts";
import { ENTRY_COLUMNS, type EntryRow, entryOf, entryTypeRow } from "./rows.ts";

/**
 * Ordered by key, which within a session is the order of seq: for ORDER BY seq SQLite would scan the whole
 * session.
 */
export const FIND_BY_ID = `
  SELECT ${ENTRY_COLUMNS} FROM entries
  WHERE entry_id = ? AND session_key = ?
  ORDER BY key`;

const CONTENT = 5;
/** What an entry takes as JSON beside its content, roughly. */
const ENVELOPE_LENGTH = 150;

/** The rows of `entries`. */
export class EntryTable {
  readonly #file: string;
  readonly #byId;
  readonly #insert;
  readonly #all;
  readonly #page;
  readonly #from;
  readonly #typesFrom;
  readonly #lastMessageBelow;
  readonly #deleteFrom;

  constructor({ client, file }: Database) {
    this.#file = file;
    this.#byId = client.prepare<[string, number], EntryRow>(FIND_BY_ID).raw();
    this.#insert = client.prepare(`
      INSERT INTO entries (session_key, seq, entry_id, timestamp, type, type_fields, content)
      VALUES (?, ?, ?, ?, ?, ?, ?)`);
    this.#all = client
      .prepare<[number], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE session_key = ? ORDER BY seq`)
      .raw();
    const page = (direction: "ASC" | "DESC") =>
      client
        .prepare<[number, number, number, string | null, string | null, number], EntryRow>(`
          SELECT ${ENTRY_COLUMNS} FROM entries
          WHERE session_key = ? AND seq > ? AND seq < ?
            AND (? IS NULL OR type IN (SELECT value FROM json_each(?)))
          ORDER BY seq ${direction}
          LIMIT ?`)
        .raw();
    this.#page = { asc: page("ASC"), desc: page("DESC") };
    this.#from = client
      .prepare<[number, number, number], EntryRow>(`
        SELECT ${ENTRY_COLUMNS} FROM entries
        WHERE session_key = ? AND seq >= ?
        ORDER BY seq
        LIMIT ?`)
      .raw();
    this.#typesFrom = client
      .prepare<[number, number], string>(`
        SELECT type FROM entries
        WHERE session_key = ? AND seq >= ?
        ORDER BY seq`)
      .pluck();
    this.#lastMessageBelow = client
      .prepare<[number, number], string>(`
        SELECT type FROM entries
        WHERE session_key = ? AND seq < ? AND type IN ('user_message', 'assistant_message')
        ORDER BY seq DESC
        LIMIT 1`)
      .pluck();
    this.#deleteFrom = client.prepare("DELETE FROM entries WHERE session_key = ? AND seq >= ?");
  }

  /** @throws {SessionError} corrupt */
  findById(sessionKey: number, sessionId: SessionId, entryId: EntryId): StoredEntry[] {
    return this.#byId.all(entryId, sessionKey).map((row) => entryOf(row, this.#file, sessionId));
  }

  insert(sessionKey: number, entries: readonly SessionEntry[], firstSeq: number): void {
    entries.forEach(({ id, timestamp, entryType, content }, i) => {
      const [type, typeFields] = entryTypeRow(entryType);
      this.#insert.run(sessionKey, firstSeq + i, id, timestamp, type, typeFields, JSON.stringify(content));
    });
  }

  /** @throws {SessionError} corrupt unless there are `entryCount` of them, without a gap. */
  all(sessionKey: number, sessionId: SessionId, entryCount: number): StoredEntry[] {
    const entries = this.#all.all(sessionKey).map((row) => entryOf(row, this.#file, sessionId));
    const gap = entries.findIndex(({ seq }, i) => seq !== i);
    if (gap < 0 && entries.length === entryCount) return entries;
    const seq = gap >= 0 ? gap : Math.min(entries.length, entryCount);
    throw corruptError(this.#file, sessionId, `entries[${seq}]`);
  }

  /**
   * A page. In ascending order it ends before the first damaged entry, and the next page fails with that one.
   *
   * @throws {SessionError} corrupt
   */
  page(sessionKey: number, sessionId: SessionId, request: EntriesRequest): Rows<StoredEntry> {
    const { after, before, types, direction, limit } = request;
    const items: StoredEntry[] = [];
    let length = 0;
    try {
      const typeNames = types && JSON.stringify(types);
      const rows = this.#page[direction].iterate(sessionKey, after, before, typeNames, typeNames, limit + 1);
      for (const row of rows) {
        length += ENVELOPE_LENGTH + row[CONTENT].length;
        if (items.length === limit || (length > MAX_PAGE_BYTES && items.length > 0))
          return { items, hasMore: true };
        items.push(entryOf(row, this.#file, sessionId));
      }
    } catch (error) {
      if (direction === "desc" || items.length === 0) throw error;
      return { items, hasMore: true };
    }
    return { items, hasMore: false };
  }

  /** The entries from this `seq` on, at most so many. @throws {SessionError} corrupt */
  from(sessionKey: number, sessionId: SessionId, seq: number, limit: number): StoredEntry[] {
    return this.#from.all(sessionKey, seq, limit).map((row) => entryOf(row, this.#file, sessionId));
  }

  /** The counters of the entries before `seq`, from those of all and from the entries behind, mostly few. */
  countBelow(sessionKey: number, seq: number, all: EntryCounts): EntryCounts {
    const awaitingAssistant = this.#lastMessageBelow.get(sessionKey, seq) === "user_message";
    const none = { ...countEntries([]), awaitingAssistant };
    const behind = countEntries(typed(this.#typesFrom.iterate(sessionKey, seq)), none);
    return {
      entryCount: all.entryCount - behind.entryCount,
      turnCount: all.turnCount - behind.turnCount,
      userMessageCount: all.userMessageCount - behind.userMessageCount,
      assistantMessageCount: all.assistantMessageCount - behind.assistantMessageCount,
      awaitingAssistant,
    };
  }

  deleteFrom(sessionKey: number, seq: number): void {
    this.#deleteFrom.run(sessionKey, seq);
  }
}

function* typed(types: Iterable<string>): Generator<Pick<SessionEntry, "entryType">> {
  for (const type of types) yield { entryType: { type } as EntryType };
}
