import type {
  EntryId,
  EntryType,
  SessionEntry,
  SessionId,
  SessionStatus,
  StoredEntry,
  Timestamp,
} from "@thulp-sessions/core";
import { countEntries, type EntriesRequest, type EntryCounts, type Rows } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { corruptError } from "../connection/sqlite-errors.ts";
import type { Deferred } from "../write/group-commit.ts";
import { ENTRY_COLUMNS, type EntryRow, entryOf, entryTypeRow } from "./rows.ts";

/** What of a session an append looks at. */
export interface AppendRow {
  readonly key: number;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly status: SessionStatus;
  readonly counts: EntryCounts;
  readonly revision: number;
  readonly isMoving: boolean;
}

type AppendColumns = [
  number,
  number,
  number,
  SessionStatus,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** By key, which is the order of seq within a session: for ORDER BY seq SQLite would walk through the whole session. */
export const FIND_BY_ID = `SELECT ${ENTRY_COLUMNS} FROM entries WHERE entry_id = ? AND session_key = ? ORDER BY key`;

/**
 * The rows of `entries`, and of `sessions` what an append changes. This is the hot path, and with `head`
 * (session-table.ts) what goes below drizzle for that reason: its prepared queries reach 0.87 to 0.95 of the rate of bare ones, since they fill and
 * map every row by name; here rows come as arrays.
 */
export class EntryTable implements Deferred {
  readonly #file: string;
  /** Rows of sessions that appends have changed, and as they stand in the file. */
  readonly #unwritten = new Map<SessionId, { readonly before: AppendRow; readonly now: AppendRow }>();
  readonly #target;
  readonly #byId;
  readonly #insert;
  readonly #count;
  readonly #countAndMove;
  readonly #countAndStatus;
  readonly #all;
  readonly #ascending;
  readonly #descending;
  readonly #typesBelow;
  readonly #deleteFrom;

  constructor({ client, file }: Database) {
    this.#file = file;
    this.#target = client
      .prepare<[string], AppendColumns>(
        "SELECT key, created_at, updated_at, status, entry_count, turn_count, user_message_count, " +
          "assistant_message_count, awaiting_assistant, revision, moving FROM sessions WHERE id = ?",
      )
      .raw();
    this.#byId = client.prepare<[string, number], EntryRow>(FIND_BY_ID).raw();
    this.#insert = client.prepare(
      "INSERT INTO entries (session_key, seq, entry_id, timestamp, type, type_fields, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const counters =
      "updated_at = ?, entry_count = ?, turn_count = ?, user_message_count = ?, assistant_message_count = ?, " +
      "awaiting_assistant = ?, revision = ?";
    this.#count = client.prepare(`UPDATE sessions SET ${counters} WHERE key = ?`);
    this.#countAndMove = client.prepare(`UPDATE sessions SET ${counters}, moving = 1 WHERE key = ?`);
    // Apart, since naming the status rewrites the indices on it.
    this.#countAndStatus = client.prepare(
      `UPDATE sessions SET ${counters}, moving = 1, status = ? WHERE key = ?`,
    );
    this.#all = client
      .prepare<[number], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE session_key = ? ORDER BY seq`)
      .raw();
    const page = (direction: "ASC" | "DESC") =>
      client
        .prepare<[number, number, number, string | null, string | null, number], EntryRow>(
          `SELECT ${ENTRY_COLUMNS} FROM entries WHERE session_key = ? AND seq > ? AND seq < ? ` +
            `AND (? IS NULL OR type IN (SELECT value FROM json_each(?))) ORDER BY seq ${direction} LIMIT ?`,
        )
        .raw();
    this.#ascending = page("ASC");
    this.#descending = page("DESC");
    this.#typesBelow = client
      .prepare<[number, number], string>(
        "SELECT type FROM entries WHERE session_key = ? AND seq < ? ORDER BY seq",
      )
      .pluck();
    this.#deleteFrom = client.prepare("DELETE FROM entries WHERE session_key = ? AND seq >= ?");
  }

  /** As appends that are not written yet have left it. */
  appendTarget(id: SessionId): AppendRow | undefined {
    const unwritten = this.#unwritten.get(id);
    if (unwritten) return unwritten.now;
    const row = this.#target.get(id);
    if (!row) return undefined;
    const [
      key,
      createdAt,
      updatedAt,
      status,
      entryCount,
      turnCount,
      users,
      assistants,
      awaiting,
      revision,
      moving,
    ] = row;
    return {
      key,
      createdAt,
      updatedAt,
      status,
      counts: {
        entryCount,
        turnCount,
        userMessageCount: users,
        assistantMessageCount: assistants,
        awaitingAssistant: awaiting === 1,
      },
      revision,
      isMoving: moving === 1,
    };
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

  /** Notes what an append changes in the session itself, which moves from now on. */
  changeSession(
    id: SessionId,
    before: AppendRow,
    { updatedAt, counts, status }: Pick<AppendRow, "updatedAt" | "counts" | "status">,
    revision: number,
  ): void {
    const now = { ...before, updatedAt, counts, status, revision, isMoving: true };
    this.#unwritten.set(id, { before: this.#unwritten.get(id)?.before ?? before, now });
  }

  /** Writes what appends have changed in their sessions. */
  write(): void {
    for (const { before, now } of this.#unwritten.values()) this.#updateSession(before, now);
    this.#unwritten.clear();
  }

  forget(): void {
    this.#unwritten.clear();
  }

  #updateSession(before: AppendRow, { key, updatedAt, counts, status, revision }: AppendRow): void {
    const counters = [
      updatedAt,
      counts.entryCount,
      counts.turnCount,
      counts.userMessageCount,
      counts.assistantMessageCount,
      counts.awaitingAssistant ? 1 : 0,
      revision,
    ];
    if (status !== before.status) this.#countAndStatus.run(...counters, status, key);
    else if (before.isMoving) this.#count.run(...counters, key);
    else this.#countAndMove.run(...counters, key);
  }

  /** @throws {SessionError} corrupt unless there are `entryCount` of them, without a gap. */
  all(sessionKey: number, sessionId: SessionId, entryCount: number): StoredEntry[] {
    const entries = this.#all.all(sessionKey).map((row) => entryOf(row, this.#file, sessionId));
    const gap = entries.findIndex(({ seq }, i) => seq !== i);
    if (gap >= 0 || entries.length !== entryCount) {
      throw corruptError(
        this.#file,
        sessionId,
        `entries[${gap >= 0 ? gap : Math.min(entries.length, entryCount)}]`,
      );
    }
    return entries;
  }

  /**
   * A page. In ascending order it ends before the first damaged entry, which the next page then begins with.
   *
   * @throws {SessionError} corrupt
   */
  page(sessionKey: number, sessionId: SessionId, request: EntriesRequest): Rows<StoredEntry> {
    const { after, before, types, direction, limit } = request;
    const statement = direction === "asc" ? this.#ascending : this.#descending;
    const items: StoredEntry[] = [];
    try {
      const typeNames = types && JSON.stringify(types);
      const rows = statement.iterate(sessionKey, after, before, typeNames, typeNames, limit + 1);
      for (const row of rows) {
        if (items.length === limit) return { items, hasMore: true };
        items.push(entryOf(row, this.#file, sessionId));
      }
    } catch (error) {
      if (direction === "desc" || items.length === 0) throw error;
      return { items, hasMore: true };
    }
    return { items, hasMore: false };
  }

  /** The counters of the first entries. */
  countBelow(sessionKey: number, seq: number): EntryCounts {
    return countEntries(typed(this.#typesBelow.iterate(sessionKey, seq)));
  }

  deleteFrom(sessionKey: number, seq: number): void {
    this.#deleteFrom.run(sessionKey, seq);
  }
}

function* typed(types: Iterable<string>): Generator<Pick<SessionEntry, "entryType">> {
  for (const type of types) yield { entryType: { type } as EntryType };
}
