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
import { and, fillPlaceholders, type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import type { Database } from "./database.ts";
import type { Statement } from "./driver.ts";
import { conditionsOf } from "./filter-sql.ts";
import { type FilterTemplate, splitFilter } from "./filter-template.ts";
import { parseJson } from "./rows.ts";
import { entries, sessions } from "./schema.ts";
import { NAME, slotOf } from "./search-index.ts";
import { StatementCache } from "./statement-cache.ts";

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
  readonly #found = new StatementCache<{ statement: Statement<unknown[], FoundRow>; params: unknown[] }>();

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
      const rows = this.#find({ ...request, after, limit: limit + 1 });
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

  #find(request: SearchRequest): FoundRow[] {
    const { template, shape, values } = splitFilter(request.filter);
    const { types, timeAfter, timeBefore, after } = request;
    const wants: Wants = {
      order: request.order,
      types: types !== null,
      timeAfter: timeAfter !== Number.NEGATIVE_INFINITY,
      timeBefore: timeBefore !== Number.POSITIVE_INFINITY,
      names: request.includeNames,
      continued: after !== null,
    };
    const { statement, params } = this.#found.get(`${JSON.stringify(wants)} ${shape}`, () => {
      const query = dialect.sqlToQuery(foundQuery(template, wants));
      return {
        statement: this.#database.client.prepare<unknown[], FoundRow>(query.sql),
        params: query.params,
      };
    });
    const given = {
      ...values,
      match: matchText(request.terms),
      types: JSON.stringify(types),
      timeAfter,
      timeBefore,
      limit: request.limit,
      time: after?.updatedAt,
      id: after?.id,
      slot: after && slotOf(after.seq),
    };
    return statement.all(fillPlaceholders(params, given));
  }

  /** `undefined` where the text does not have the words after all: split by another Unicode version, or damaged. */
  #hitOf({ key, id, updatedAt, slot }: FoundRow, terms: readonly SearchTerm[]): PlacedHit | undefined {
    const seq = slot === slotOf(NAME) ? null : slot - slotOf(0);
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

/** What a query depends on beside the filter. */
interface Wants {
  readonly order: SearchRequest["order"];
  readonly types: boolean;
  readonly timeAfter: boolean;
  readonly timeBefore: boolean;
  readonly names: boolean;
  /** Only what comes after a place. */
  readonly continued: boolean;
}

const dialect = new SQLiteSyncDialect();

/** Where the words stand, in the order of the page, without the texts: those are read for the hits only. */
function foundQuery(filter: FilterTemplate, wants: Wants): SQL {
  const given = (name: string) => sql.placeholder(name);
  const where: SQL[] = [sql`search_index MATCH ${given("match")}`, ...conditionsOf(filter)];
  const ofEntries: SQL[] = [];
  if (wants.types) ofEntries.push(sql`${entries.type} IN (SELECT value FROM json_each(${given("types")}))`);
  if (wants.timeAfter) ofEntries.push(sql`${entries.timestamp} > ${given("timeAfter")}`);
  if (wants.timeBefore) ofEntries.push(sql`${entries.timestamp} < ${given("timeBefore")}`);
  const join =
    ofEntries.length > 0
      ? sql`CROSS JOIN ${entries} ON ${entries.sessionKey} = ${sessions.key} AND ${entries.seq} = (${SLOT}) - ${slotOf(0)}`
      : sql``;
  if (!wants.names) where.push(sql`(${SLOT}) <> ${slotOf(NAME)}`);
  if (wants.continued) {
    const place = sql`(${given("time")}, ${given("id")})`;
    where.push(sql`((${sessions.updatedAt}, ${sessions.id}) < ${place}
      OR ((${sessions.updatedAt}, ${sessions.id}) = ${place} AND (${SLOT}) > ${given("slot")}))`);
  }
  const newest = sql`${sessions.updatedAt} DESC, ${sessions.id} DESC, search_index.rowid`;
  return sql`
    SELECT ${sessions.key}, ${sessions.id}, ${sessions.updatedAt} AS "updatedAt", ${SLOT} AS slot
    FROM search_index CROSS JOIN ${sessions} ON ${sessions.key} = ${SESSION_KEY} ${join}
    WHERE ${and(...where, ...ofEntries)}
    ORDER BY ${wants.order === "rank" ? sql`bm25(search_index), ${newest}` : newest}
    LIMIT ${given("limit")}`;
}

/** The terms in FTS5's language. A word holds no quote, so that no query can be a syntax error. */
function matchText(terms: readonly SearchTerm[]): string {
  return terms.map(({ words, prefix }) => `"${words.join(" ")}"${prefix ? " *" : ""}`).join(" AND ");
}
