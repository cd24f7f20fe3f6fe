import {
  contentStrings,
  isSessionError,
  type JsonValue,
  matchStrings,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type SearchTerm,
  type SessionError,
  type SessionId,
} from "@thulp-sessions/core";
import { and, type SQL, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { conditionsOf } from "./filter-sql.ts";
import { parseJson } from "./rows.ts";
import { entries, sessions } from "./schema.ts";
import { NAME_SLOT, slotOf } from "./search-index.ts";

interface FoundRow {
  readonly key: number;
  readonly id: SessionId;
  readonly updatedAt: number;
  readonly slot: number;
}

const SESSION_KEY = sql`search_index.rowid >> 31`;
const SLOT = sql`search_index.rowid & 2147483647`;

/** Finds with `search_index`; what a hit shows is matched anew in its text, by core. */
export class SessionSearch {
  readonly #database: Database;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #name;
  readonly #content;

  /** @param onDamaged is told of every text that cannot be read. */
  constructor(database: Database, onDamaged: (error: SessionError) => void) {
    this.#database = database;
    this.#onDamaged = onDamaged;
    const { client } = database;
    this.#name = client.prepare<[number], string>("SELECT name FROM sessions WHERE key = ?").pluck();
    this.#content = client
      .prepare<[number, number], string>("SELECT content FROM entries WHERE session_key = ? AND seq = ?")
      .pluck();
  }

  page(request: SearchRequest): Rows<PlacedHit> {
    const { limit, order } = request;
    const hits: PlacedHit[] = [];
    for (let { after } = request; ; ) {
      const rows = this.#database.orm.all<FoundRow>(foundQuery({ ...request, after, limit: limit + 1 }));
      for (const row of rows) {
        const hit = this.#hitOf(row, request.terms);
        if (!hit) continue;
        if (hits.length === limit) return { items: hits, hasMore: order === "newest" };
        hits.push(hit);
      }
      const last = rows.at(-1);
      if (!last || rows.length <= limit || order === "rank") return { items: hits, hasMore: false };
      after = { updatedAt: last.updatedAt, id: last.id, seq: last.slot - slotOf(0) };
    }
  }

  /** `undefined` where the text does not have the words after all: split by another Unicode version, or damaged. */
  #hitOf({ key, id, updatedAt, slot }: FoundRow, terms: readonly SearchTerm[]): PlacedHit | undefined {
    const seq = slot === NAME_SLOT ? null : slot - slotOf(0);
    try {
      const match = matchStrings(this.#stringsOf(key, id, seq), terms);
      return match
        ? { sessionId: id, seq, snippet: match.snippet, offsets: match.offsets, updatedAt }
        : undefined;
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }

  #stringsOf(key: number, id: SessionId, seq: number | null): string[] {
    if (seq === null) return [this.#name.get(key) ?? ""];
    const text = this.#content.get(key, seq) ?? "null";
    return contentStrings(parseJson<JsonValue>(text, this.#database.file, id, `entries[${seq}].content`));
  }
}

/** Where the words stand, in the order of the page, without the texts: those are read for the hits only. */
function foundQuery(request: SearchRequest): SQL {
  const { filter, types, timeAfter, timeBefore, includeNames, order, limit, after } = request;
  const where: SQL[] = [sql`search_index MATCH ${matchText(request.terms)}`, ...conditionsOf(filter)];
  const ofEntries: SQL[] = [];
  if (types) ofEntries.push(sql`${entries.type} IN (SELECT value FROM json_each(${JSON.stringify(types)}))`);
  if (timeAfter !== Number.NEGATIVE_INFINITY) ofEntries.push(sql`${entries.timestamp} > ${timeAfter}`);
  if (timeBefore !== Number.POSITIVE_INFINITY) ofEntries.push(sql`${entries.timestamp} < ${timeBefore}`);
  const join =
    ofEntries.length > 0
      ? sql`CROSS JOIN ${entries} ON ${entries.sessionKey} = ${sessions.key} AND ${entries.seq} = (${SLOT}) - ${slotOf(0)}`
      : sql``;
  if (!includeNames) where.push(sql`(${SLOT}) <> ${NAME_SLOT}`);
  if (after) {
    const place = sql`(${after.updatedAt}, ${after.id})`;
    where.push(sql`((${sessions.updatedAt}, ${sessions.id}) < ${place}
      OR ((${sessions.updatedAt}, ${sessions.id}) = ${place} AND (${SLOT}) > ${slotOf(after.seq)}))`);
  }
  const newest = sql`${sessions.updatedAt} DESC, ${sessions.id} DESC, search_index.rowid`;
  return sql`
    SELECT ${sessions.key}, ${sessions.id}, ${sessions.updatedAt} AS "updatedAt", ${SLOT} AS slot
    FROM search_index CROSS JOIN ${sessions} ON ${sessions.key} = ${SESSION_KEY} ${join}
    WHERE ${and(...where, ...ofEntries)}
    ORDER BY ${order === "rank" ? sql`bm25(search_index), ${newest}` : newest}
    LIMIT ${limit}`;
}

/** The terms in FTS5's language. A word holds no quote, so that no query can be a syntax error. */
function matchText(terms: readonly SearchTerm[]): string {
  return terms.map(({ words, prefix }) => `"${words.join(" ")}"${prefix ? " *" : ""}`).join(" AND ");
}
