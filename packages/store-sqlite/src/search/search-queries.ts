import type { SessionId } from "@thulp-sessions/core";
import type { SearchRequest, SearchTerm } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { LruCache } from "../connection/lru-cache.ts";
import { compileFilter } from "../query/filter-sql.ts";
import { usingIndex } from "./damaged-index.ts";
import { LAST_SEQ, NAME_SEQ, rowidOf } from "./search-index.ts";

/** An entry, or the name of a session (`NAME_SEQ`), that has all words of a search by the index. */
export type Posting = readonly [key: number, id: SessionId, updatedAt: number, seq: number];

/**
 * The rowids of all postings of a search as a JSON array: a text, since JavaScript would round the greatest.
 */
export type KnownRowids = string & { readonly isKnownRowids: true };

/** The `seq` of a row of `search_index`. */
const SEQ = "((search_index.rowid & 2147483647) - 1)";

/** The queries on `search_index`. */
export class SearchQueries {
  readonly #client: Database["client"];
  readonly #file: string;
  readonly #rowids;
  readonly #statements = new LruCache<Statement<unknown[], unknown>>();

  constructor({ client, file }: Pick<Database, "client" | "file">) {
    this.#client = client;
    this.#file = file;
    this.#rowids = client.prepare<[string, number], { count: number; rowids: KnownRowids }>(`
      SELECT count(*) AS count, json_group_array(rowid) AS rowids
      FROM (SELECT rowid FROM search_index WHERE search_index MATCH ? LIMIT ?)`);
  }

  /**
   * The rowids of all postings of the words, whatever else is asked for; `null` where they are more than
   * `most`.
   */
  rowids({ terms }: SearchRequest, most: number): KnownRowids | null {
    const found = usingIndex(this.#file, () => this.#rowids.get(matchText(terms), most + 1));
    return found && found.count <= most ? found.rowids : null;
  }

  /**
   * The first postings in the order of the page.
   *
   * @param rowids those of all postings where they are known, for the order `newest`; otherwise the index is
   *   asked.
   */
  page(request: SearchRequest, rowids: KnownRowids | null): Posting[] {
    const { all, values } = compileFilter(request.filter);
    const statement = this.#prepare<Posting>(pageQuery(request, all, rowids !== null)).raw();
    const { after } = request;
    const place = { time: after?.updatedAt, id: after?.id, seq: after?.seq };
    return usingIndex(this.#file, () => statement.all({ ...values, ...valuesOf(request), ...place, rowids }));
  }

  /** The `seq` of the postings of one session from one on; one more than a page. */
  inSession(request: SearchRequest, key: number, from: number): number[] {
    const statement = this.#prepare<{ seq: number }>(sessionQuery(request));
    const found = usingIndex(this.#file, () => statement.all({ ...valuesOf(request), key, from }));
    return found.map(({ seq }) => seq);
  }

  /** Finds the content of an entry as JSON; `undefined` where the search leaves the entry out. */
  contentFinder(request: SearchRequest): (key: number, seq: number) => string | undefined {
    // The key is positional, which costs less: it is asked for each posting.
    const conditions = entryConditions(request);
    const statement = this.#prepare<{ content: string }>(`
      SELECT content FROM entries
      WHERE ${["entries.session_key = ?", "entries.seq = ?", ...conditions].join(" AND ")}`);
    const values = conditions.length === 0 ? [] : [valuesOf(request)];
    return (key, seq) => statement.get(key, seq, ...values)?.content;
  }

  #prepare<R>(sql: string): Statement<unknown[], R> {
    return this.#statements.get(sql, () => this.#client.prepare(sql)) as Statement<unknown[], R>;
  }
}

function valuesOf({ terms, types, timeAfter, timeBefore, limit }: SearchRequest): Record<string, unknown> {
  return { match: matchText(terms), types: JSON.stringify(types), timeAfter, timeBefore, limit };
}

function pageQuery(request: SearchRequest, filter: readonly string[], hasRowids: boolean): string {
  const known = "(SELECT value AS rowid FROM json_each(@rowids)) AS search_index";
  const isAfter = `(
    (sessions.updated_at, sessions.id) < (@time, @id)
    OR ((sessions.updated_at, sessions.id) = (@time, @id) AND ${SEQ} > @seq))`;
  const where = [
    hasRowids ? "true" : "search_index MATCH @match",
    ...postingConditions(request),
    ...(request.after ? [isAfter] : []),
    ...filter,
  ];
  return `
    SELECT sessions.key, sessions.id, sessions.updated_at, ${SEQ}
    FROM ${hasRowids ? known : "search_index"} CROSS JOIN sessions ON sessions.key = search_index.rowid >> 31
    ${joinEntries(request, "sessions.key")}
    WHERE ${where.join(" AND ")}
    ORDER BY ${request.order === "rank" ? "bm25(search_index)," : ""}
      sessions.updated_at DESC, sessions.id DESC, search_index.rowid
    LIMIT @limit`;
}

function sessionQuery(request: SearchRequest): string {
  const where = [
    "search_index MATCH @match",
    `search_index.rowid BETWEEN ${rowidOf("@key", "@from")} AND ${rowidOf("@key", String(LAST_SEQ))}`,
    ...postingConditions(request),
  ];
  return `
    SELECT ${SEQ} AS seq
    FROM search_index ${joinEntries(request, "@key")}
    WHERE ${where.join(" AND ")}
    ORDER BY search_index.rowid
    LIMIT @limit + 1`;
}

function joinEntries(request: SearchRequest, sessionKey: string): string {
  if (entryConditions(request).length === 0) return "";
  return `CROSS JOIN entries ON entries.session_key = ${sessionKey} AND entries.seq = ${SEQ}`;
}

function postingConditions(request: SearchRequest): string[] {
  return [...(request.includeNames ? [] : [`${SEQ} <> ${NAME_SEQ}`]), ...entryConditions(request)];
}

function entryConditions({ types, timeAfter, timeBefore }: SearchRequest): string[] {
  return [
    ...(types ? ["entries.type IN (SELECT value FROM json_each(@types))"] : []),
    ...(timeAfter === Number.NEGATIVE_INFINITY ? [] : ["entries.timestamp > @timeAfter"]),
    ...(timeBefore === Number.POSITIVE_INFINITY ? [] : ["entries.timestamp < @timeBefore"]),
  ];
}

/** Of a longer phrase, and of more terms, the index is asked for the first; the text decides on the rest. */
const MOST_WORDS = 16;
const MOST_TERMS = 64;

/** The terms in the language of FTS5. A word contains no quote, so no query can be a syntax error. */
function matchText(terms: readonly SearchTerm[]): string {
  return terms.slice(0, MOST_TERMS).map(termText).join(" AND ");
}

function termText({ words, prefix }: SearchTerm): string {
  const isWhole = words.length <= MOST_WORDS;
  return `"${words.slice(0, MOST_WORDS).join(" ")}"${prefix && isWhole ? " *" : ""}`;
}
