import type { SessionId } from "@thulp-sessions/core";
import type { SearchRequest, SearchTerm } from "@thulp-sessions/core/store";
import { and, fillPlaceholders, type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { StatementCache } from "../connection/statement-cache.ts";
import { closedConditionsOf, conditionsOf } from "../query/filter-sql.ts";
import { type FilterTemplate, splitFilter } from "../query/filter-template.ts";
import { entries, sessions } from "../tables/schema.ts";
import { LAST_SLOT, NAME, slotOf } from "./search-index.ts";

/** Where the words of a search stand, by the index: the number of a row of `search_index`, taken apart. */
export type Place = readonly [key: number, slot: number];

/** A place with what decides its order. */
export interface FoundRow {
  readonly key: number;
  readonly id: SessionId;
  readonly updatedAt: number;
  readonly slot: number;
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

interface Prepared<R> {
  readonly statement: Statement<unknown[], R>;
  readonly params: unknown[];
}

const dialect = new SQLiteSyncDialect();
/** Where a row of `search_index` stands in its session, by its number. */
const slotIn = (rowid: SQL) => sql`(${rowid} & ${sql.raw(String(LAST_SLOT))})`;
const isNoName = (slot: SQL) => sql`${slot} <> ${sql.raw(String(slotOf(NAME)))}`;
const given = (name: string) => sql.placeholder(name);

/** The queries over `search_index`, which drizzle cannot build but can write; each is prepared once for each shape. */
export class FoundRows {
  readonly #client: Database["client"];
  readonly #collect = new StatementCache<Prepared<FoundRow>>();
  readonly #inSession = new StatementCache<Prepared<number>>();
  readonly #session = new StatementCache<Prepared<Pick<FoundRow, "id" | "updatedAt">>>();
  readonly #content = new StatementCache<Prepared<string>>();
  readonly #places;

  constructor({ client }: Pick<Database, "client">) {
    this.#client = client;
    this.#places = client
      .prepare<[string, number], Place>(
        `SELECT rowid >> 31, rowid & ${LAST_SLOT} FROM search_index WHERE search_index MATCH ? LIMIT ?`,
      )
      .raw();
  }

  /** All places of the words, whatever else is asked for; `null` when there are more than `most`. */
  places({ terms }: SearchRequest, most: number): readonly Place[] | null {
    const places = this.#places.all(matchText(terms), most + 1);
    return places.length > most ? null : places;
  }

  /** The first places in the order of the page, from the whole index. */
  collect(request: SearchRequest): FoundRow[] {
    const { template, shape, values } = splitFilter(request.filter);
    const wants = wantsOf(request);
    const { statement, params } = this.#collect.get(`${JSON.stringify(wants)} ${shape}`, () =>
      this.#prepare(collectQuery(template, wants)),
    );
    const { after } = request;
    const place = { time: after?.updatedAt, id: after?.id, slot: after && slotOf(after.seq) };
    return statement.all(fillPlaceholders(params, { ...values, ...valuesOf(request), ...place }));
  }

  /** The slots of one session from one on, in their order; one more than a page. */
  inSession(request: SearchRequest, key: number, from: number): number[] {
    const wants = wantsOf(request);
    const { statement, params } = this.#inSession.get(JSON.stringify(wants), () => {
      const { statement, params } = this.#prepare<number>(sessionQuery(wants));
      return { statement: statement.pluck(), params };
    });
    return statement.all(fillPlaceholders(params, { ...valuesOf(request), key, from }));
  }

  /** Gives the session of a key, `undefined` where the filter leaves it out. */
  sessionFinder({ filter }: SearchRequest): (key: number) => Pick<FoundRow, "id" | "updatedAt"> | undefined {
    const { template, shape, values } = splitFilter(filter);
    const { statement, params } = this.#session.get(shape, () =>
      this.#prepare(sql`
        SELECT ${sessions.id} AS id, ${sessions.updatedAt} AS "updatedAt" FROM ${sessions}
        WHERE ${and(sql`${sessions.key} = ${given("key")}`, ...closedConditionsOf(template))}`),
    );
    // Filled once: the key stands first.
    const [, ...rest] = fillPlaceholders(params, { ...values, key: 0 });
    return (key) => statement.get(key, ...rest);
  }

  /** Gives the content of an entry as JSON, `undefined` where what is asked of entries leaves it out. */
  contentFinder(request: SearchRequest): (key: number, seq: number) => string | undefined {
    const wants = wantsOf(request);
    const { statement, params } = this.#content.get(JSON.stringify(wants), () => {
      const isIt = sql`${entries.sessionKey} = ${given("key")} AND ${entries.seq} = ${given("seq")}`;
      const { statement, params } = this.#prepare<string>(
        sql`SELECT ${entries.content} FROM ${entries} WHERE ${and(isIt, ...entryConditions(wants))}`,
      );
      return { statement: statement.pluck(), params };
    });
    const [, , ...rest] = fillPlaceholders(params, { ...valuesOf(request), key: 0, seq: 0 });
    return (key, seq) => statement.get(key, seq, ...rest);
  }

  #prepare<R>(query: SQL): Prepared<R> {
    const { sql: text, params } = dialect.sqlToQuery(query);
    return { statement: this.#client.prepare<unknown[], R>(text), params };
  }
}

function wantsOf({ order, types, timeAfter, timeBefore, includeNames, after }: SearchRequest): Wants {
  return {
    order,
    types: types !== null,
    timeAfter: timeAfter !== Number.NEGATIVE_INFINITY,
    timeBefore: timeBefore !== Number.POSITIVE_INFINITY,
    names: includeNames,
    continued: after !== null,
  };
}

function valuesOf({ terms, types, timeAfter, timeBefore, limit }: SearchRequest): Record<string, unknown> {
  return { match: matchText(terms), types: JSON.stringify(types), timeAfter, timeBefore, limit };
}

function collectQuery(filter: FilterTemplate, wants: Wants): SQL {
  const slot = slotIn(sql`search_index.rowid`);
  const where = [sql`search_index MATCH ${given("match")}`, ...conditionsOf(filter)];
  if (!wants.names) where.push(isNoName(slot));
  if (wants.continued) {
    const place = sql`(${given("time")}, ${given("id")})`;
    where.push(sql`((${sessions.updatedAt}, ${sessions.id}) < ${place}
      OR ((${sessions.updatedAt}, ${sessions.id}) = ${place} AND ${slot} > ${given("slot")}))`);
  }
  const ofEntries = entryConditions(wants);
  const join =
    ofEntries.length === 0 ? sql`` : sql`CROSS JOIN ${entries} ON ${isEntryAt(sessions.key, slot)}`;
  const newest = sql`${sessions.updatedAt} DESC, ${sessions.id} DESC, search_index.rowid`;
  return sql`
    SELECT ${sessions.key} AS key, ${sessions.id} AS id, ${sessions.updatedAt} AS "updatedAt", ${slot} AS slot
    FROM search_index CROSS JOIN ${sessions} ON ${sessions.key} = search_index.rowid >> 31 ${join}
    WHERE ${and(...where, ...ofEntries)}
    ORDER BY ${wants.order === "rank" ? sql`bm25(search_index), ${newest}` : newest}
    LIMIT ${given("limit")}`;
}

function sessionQuery(wants: Wants): SQL {
  const slot = slotIn(sql`search_index.rowid`);
  const rowid = (slotOfRow: unknown) => sql`(${given("key")} << 31 | ${slotOfRow})`;
  const where = [
    sql`search_index MATCH ${given("match")}`,
    sql`search_index.rowid BETWEEN ${rowid(given("from"))} AND ${rowid(sql.raw(String(LAST_SLOT)))}`,
  ];
  if (!wants.names) where.push(isNoName(slot));
  const ofEntries = entryConditions(wants);
  const join =
    ofEntries.length === 0 ? sql`` : sql`CROSS JOIN ${entries} ON ${isEntryAt(given("key"), slot)}`;
  return sql`
    SELECT ${slot} FROM search_index ${join} WHERE ${and(...where, ...ofEntries)}
    ORDER BY search_index.rowid LIMIT ${given("limit")} + 1`;
}

function isEntryAt(key: unknown, slot: SQL): SQL {
  return sql`${entries.sessionKey} = ${key} AND ${entries.seq} = ${slot} - ${sql.raw(String(slotOf(0)))}`;
}

function entryConditions({ types, timeAfter, timeBefore }: Wants): SQL[] {
  const conditions: SQL[] = [];
  if (types) conditions.push(sql`${entries.type} IN (SELECT value FROM json_each(${given("types")}))`);
  if (timeAfter) conditions.push(sql`${entries.timestamp} > ${given("timeAfter")}`);
  if (timeBefore) conditions.push(sql`${entries.timestamp} < ${given("timeBefore")}`);
  return conditions;
}

/** The terms in FTS5's language. A word holds no quote, so that no query can be a syntax error. */
function matchText(terms: readonly SearchTerm[]): string {
  return terms.map(({ words, prefix }) => `"${words.join(" ")}"${prefix ? " *" : ""}`).join(" AND ");
}
