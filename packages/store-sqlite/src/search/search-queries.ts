import type { SearchRequest, SearchTerm, SessionId } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { StatementCache } from "../connection/statement-cache.ts";
import { conditionsOf } from "../query/filter-sql.ts";
import { type FilterTemplate, splitFilter } from "../query/filter-template.ts";
import { LAST_SEQ, NAME_SEQ, rowidOf } from "./search-index.ts";

/** An entry, or the name of a session (`NAME_SEQ`), that has all words of a search by the index. */
export interface Posting {
  readonly key: number;
  readonly id: SessionId;
  readonly updatedAt: number;
  readonly seq: number;
}

/**
 * The rowids of all postings of a search as a JSON array: a text, since JavaScript would round the greatest.
 */
export type KnownRowids = string & { readonly isKnownRowids: true };

/** What the text of a query depends on besides the filter. */
interface QueryShape {
  readonly order: SearchRequest["order"];
  readonly types: boolean;
  readonly timeAfter: boolean;
  readonly timeBefore: boolean;
  readonly names: boolean;
  /** Only what comes after a place. */
  readonly continued: boolean;
}

type Parameters = [Record<string, unknown>];

/** The `seq` of a row of `search_index`. */
const SEQ = "((search_index.rowid & 2147483647) - 1)";

/** The queries on `search_index`. Each is prepared once for each shape. */
export class SearchQueries {
  readonly #client: Database["client"];
  readonly #rowids;
  readonly #pages = new StatementCache<Statement<Parameters, Posting>>();
  readonly #inSession = new StatementCache<Statement<Parameters, number>>();
  readonly #contents = new StatementCache<Statement<unknown[], string>>();

  constructor({ client }: Pick<Database, "client">) {
    this.#client = client;
    this.#rowids = client.prepare<[string, number], { count: number; rowids: KnownRowids }>(`
      SELECT count(*) AS count, json_group_array(rowid) AS rowids
      FROM (SELECT rowid FROM search_index WHERE search_index MATCH ? LIMIT ?)`);
  }

  /**
   * The rowids of all postings of the words, whatever else is asked for; `null` where they are more than
   * `most`.
   */
  rowids({ terms }: SearchRequest, most: number): KnownRowids | null {
    const found = this.#rowids.get(matchText(terms), most + 1);
    return found && found.count <= most ? found.rowids : null;
  }

  /**
   * The first postings in the order of the page.
   *
   * @param rowids those of all postings where they are known, for the order `newest`; otherwise the index is
   *   asked.
   */
  page(request: SearchRequest, rowids: KnownRowids | null): Posting[] {
    const { template, shape: filterShape, values } = splitFilter(request.filter);
    const shape = shapeOf(request);
    const key = `${JSON.stringify(shape)} ${rowids !== null} ${filterShape}`;
    const statement = this.#pages.get(key, () =>
      this.#client.prepare<Parameters, Posting>(pageQuery(template, shape, rowids !== null)),
    );
    const { after } = request;
    const place = { time: after?.updatedAt, id: after?.id, seq: after?.seq };
    return statement.all({ ...values, ...valuesOf(request), ...place, rowids });
  }

  /** The `seq` of the postings of one session from one on; one more than a page. */
  inSession(request: SearchRequest, key: number, from: number): number[] {
    const shape = shapeOf(request);
    const statement = this.#inSession.get(JSON.stringify(shape), () =>
      this.#client.prepare<Parameters, number>(sessionQuery(shape)).pluck(),
    );
    return statement.all({ ...valuesOf(request), key, from });
  }

  /** Finds the content of an entry as JSON; `undefined` where the search leaves the entry out. */
  contentFinder(request: SearchRequest): (key: number, seq: number) => string | undefined {
    const shape = shapeOf(request);
    const statement = this.#contents.get(JSON.stringify(shape), () =>
      this.#client.prepare<unknown[], string>(contentQuery(shape)).pluck(),
    );
    const values = entryConditions(shape).length === 0 ? [] : [valuesOf(request)];
    return (key, seq) => statement.get(key, seq, ...values);
  }
}

function shapeOf({ order, types, timeAfter, timeBefore, includeNames, after }: SearchRequest): QueryShape {
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

function pageQuery(filter: FilterTemplate, shape: QueryShape, hasRowids: boolean): string {
  const source = hasRowids
    ? "(SELECT value AS rowid FROM json_each(@rowids)) AS search_index"
    : "search_index";
  const isAfter = `(
    (sessions.updated_at, sessions.id) < (@time, @id)
    OR ((sessions.updated_at, sessions.id) = (@time, @id) AND ${SEQ} > @seq))`;
  const where = [
    hasRowids ? "true" : "search_index MATCH @match",
    ...postingConditions(shape),
    ...(shape.continued ? [isAfter] : []),
    ...conditionsOf(filter),
  ];
  return `
    SELECT sessions.key, sessions.id, sessions.updated_at AS updatedAt, ${SEQ} AS seq
    FROM ${source} CROSS JOIN sessions ON sessions.key = search_index.rowid >> 31
    ${joinEntries(shape, "sessions.key")}
    WHERE ${where.join(" AND ")}
    ORDER BY ${shape.order === "rank" ? "bm25(search_index)," : ""}
      sessions.updated_at DESC, sessions.id DESC, search_index.rowid
    LIMIT @limit`;
}

function sessionQuery(shape: QueryShape): string {
  const where = [
    "search_index MATCH @match",
    `search_index.rowid BETWEEN ${rowidOf("@key", "@from")} AND ${rowidOf("@key", String(LAST_SEQ))}`,
    ...postingConditions(shape),
  ];
  return `
    SELECT ${SEQ}
    FROM search_index ${joinEntries(shape, "@key")}
    WHERE ${where.join(" AND ")}
    ORDER BY search_index.rowid
    LIMIT @limit + 1`;
}

function contentQuery(shape: QueryShape): string {
  // Positional, which costs less: it is asked for each posting.
  const where = ["entries.session_key = ?", "entries.seq = ?", ...entryConditions(shape)];
  return `SELECT content FROM entries WHERE ${where.join(" AND ")}`;
}

function joinEntries(shape: QueryShape, sessionKey: string): string {
  if (entryConditions(shape).length === 0) return "";
  return `CROSS JOIN entries ON entries.session_key = ${sessionKey} AND entries.seq = ${SEQ}`;
}

function postingConditions(shape: QueryShape): string[] {
  return [...(shape.names ? [] : [`${SEQ} <> ${NAME_SEQ}`]), ...entryConditions(shape)];
}

function entryConditions({ types, timeAfter, timeBefore }: QueryShape): string[] {
  return [
    ...(types ? ["entries.type IN (SELECT value FROM json_each(@types))"] : []),
    ...(timeAfter ? ["entries.timestamp > @timeAfter"] : []),
    ...(timeBefore ? ["entries.timestamp < @timeBefore"] : []),
  ];
}

/** The terms in the language of FTS5. A word contains no quote, so no query can be a syntax error. */
function matchText(terms: readonly SearchTerm[]): string {
  return terms.map(({ words, prefix }) => `"${words.join(" ")}"${prefix ? " *" : ""}`).join(" AND ");
}
