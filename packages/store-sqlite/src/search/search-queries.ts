import type { SessionId } from "@thulp-sessions/core";
import type { SearchRequest, SearchTerm } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { LruCache } from "../connection/lru-cache.ts";
import { compileFilter } from "../query/filter-sql.ts";
import { usingIndex } from "./damaged-index.ts";
import { LONG_CONTENT } from "./long-entries.ts";
import { MAX_PHRASE_WORDS } from "./passages.ts";
import { LAST_SEQ, NAME_SEQ, rowidOf } from "./rowids.ts";

/** An entry, or the name of a session (`NAME_SEQ`), that has all words of a search by the index. */
export type Posting = readonly [key: number, id: SessionId, updatedAt: number, seq: number];

/**
 * The rowids of all postings of a search as a JSON array: a text, since JavaScript would round the greatest.
 */
export type KnownRowids = string & { readonly isKnownRowids: true };

/**
 * The long entries that have all words of a search by the index, as a JSON array of `[rowid, rank]`: the
 * rowid that they would have in one row, and their rank where the order is that.
 */
export type LongPostings = string & { readonly isLongPostings: true };

const NONE = "[]" as LongPostings;

/** The `seq` of a row of `search_index`. */
const SEQ = "((search_index.rowid & 2147483647) - 1)";

/** The queries on `search_index`. */
export class SearchQueries {
  readonly #client: Database["client"];
  readonly #file: string;
  readonly #rowids;
  readonly #hasPassages;
  readonly #statements = new LruCache<Statement<unknown[], unknown>>();

  constructor({ client, file }: Pick<Database, "client" | "file">) {
    this.#client = client;
    this.#file = file;
    this.#rowids = client.prepare<[string, LongPostings, number], { count: number; rowids: KnownRowids }>(`
      SELECT count(*) AS count, json_group_array(rowid) AS rowids
      FROM (
        SELECT rowid FROM search_index WHERE search_index MATCH ? AND rowid > 0
        UNION ALL SELECT value ->> 0 FROM json_each(?)
        LIMIT ?)`);
    this.#hasPassages = client.prepare("SELECT 1 FROM search_passages LIMIT 1");
  }

  /**
   * Those that are indexed in passages. A term has to lie within one, but each may lie in another: so they
   * are counted term by term.
   */
  longPostings({ terms, order }: SearchRequest): LongPostings {
    return usingIndex(this.#file, () => {
      if (this.#hasPassages.get() === undefined) return NONE;
      const matches = terms.slice(0, MAX_TERMS).map(termText);
      const found = this.#prepare<{ postings: LongPostings }>(longQuery(matches.length, order)).get(
        ...matches,
      );
      return found?.postings ?? NONE;
    });
  }

  /**
   * The rowids of all postings of the words, whatever else is asked for; `null` where they are more than
   * `most`.
   */
  rowids({ terms }: SearchRequest, long: LongPostings, most: number): KnownRowids | null {
    const found = usingIndex(this.#file, () => this.#rowids.get(matchText(terms), long, most + 1));
    return found && found.count <= most ? found.rowids : null;
  }

  /**
   * The first postings in the order of the page.
   *
   * @param rowids those of all postings where they are known, for the order `newest`; otherwise the index is
   *   asked.
   */
  page(request: SearchRequest, long: LongPostings, rowids: KnownRowids | null): Posting[] {
    const { all, values } = compileFilter(request.filter);
    const source = rowids === null ? sourceOf(request.order, long) : KNOWN;
    const statement = this.#prepare<Posting>(pageQuery(request, all, source)).raw();
    const { after } = request;
    const place = { time: after?.updatedAt, id: after?.id, seq: after?.seq };
    const given = { ...values, ...valuesOf(request), ...place, rowids, long };
    return usingIndex(this.#file, () => statement.all(given));
  }

  /** The `seq` of the postings of one session from one on; one more than a page. */
  inSession(request: SearchRequest, long: LongPostings, key: number, from: number): number[] {
    const statement = this.#prepare<{ seq: number }>(sessionQuery(request, long !== NONE));
    const found = usingIndex(this.#file, () => statement.all({ ...valuesOf(request), long, key, from }));
    return found.map(({ seq }) => seq);
  }

  /**
   * Finds the content of an entry as JSON; `null` where it is longer than `LONG_CONTENT`, and not read then;
   * `undefined` where the search leaves the entry out.
   */
  contentFinder(request: SearchRequest): (key: number, seq: number) => string | null | undefined {
    // SQLite finds out the length without reading the column.
    return this.#finder(request, `iif(octet_length(content) <= ${LONG_CONTENT}, content, NULL)`);
  }

  /** The same for a long one, as bytes in UTF-8. */
  longContentFinder(request: SearchRequest): (key: number, seq: number) => Buffer | undefined {
    return this.#finder(request, "CAST(content AS BLOB)");
  }

  #finder<T>(request: SearchRequest, content: string): (key: number, seq: number) => T | undefined {
    // The key is positional, which costs less: it is asked for each posting.
    const conditions = entryConditions(request);
    const statement = this.#prepare<T>(`
      SELECT ${content} FROM entries
      WHERE ${["entries.session_key = ?", "entries.seq = ?", ...conditions].join(" AND ")}`).pluck();
    const values = conditions.length === 0 ? [] : [valuesOf(request)];
    return (key, seq) => statement.get(key, seq, ...values) as T | undefined;
  }

  #prepare<R>(sql: string): Statement<unknown[], R> {
    return this.#statements.get(sql, () => this.#client.prepare(sql)) as Statement<unknown[], R>;
  }
}

function valuesOf({ terms, types, timeAfter, timeBefore, limit }: SearchRequest): Record<string, unknown> {
  return { match: matchText(terms), types: JSON.stringify(types), timeAfter, timeBefore, limit };
}

/** What has the rowids of the postings: a table, or a query in its place. */
interface Source {
  readonly from: string;
  readonly condition: string;
  readonly rank: string;
}

const KNOWN: Source = {
  from: "(SELECT value AS rowid FROM json_each(@rowids)) AS search_index",
  condition: "true",
  rank: "0",
};

const INDEX: Source = {
  from: "search_index",
  condition: "search_index MATCH @match",
  rank: "bm25(search_index)",
};

function sourceOf(order: SearchRequest["order"], long: LongPostings): Source {
  if (long === NONE) return INDEX;
  const from = `(
    SELECT rowid, ${order === "rank" ? "rank" : "0"} AS score
    FROM search_index
    WHERE search_index MATCH @match AND rowid > 0
    UNION ALL SELECT value ->> 0, value ->> 1 FROM json_each(@long)) AS search_index`;
  return { from, condition: "true", rank: "search_index.score" };
}

function pageQuery(
  request: SearchRequest,
  filter: readonly string[],
  { from, condition, rank }: Source,
): string {
  const isAfter = `(
    (sessions.updated_at, sessions.id) < (@time, @id)
    OR ((sessions.updated_at, sessions.id) = (@time, @id) AND ${SEQ} > @seq))`;
  const where = [condition, ...postingConditions(request), ...(request.after ? [isAfter] : []), ...filter];
  return `
    SELECT sessions.key, sessions.id, sessions.updated_at, ${SEQ}
    FROM ${from} CROSS JOIN sessions ON sessions.key = search_index.rowid >> 31
    ${joinEntries(request, "sessions.key")}
    WHERE ${where.join(" AND ")}
    ORDER BY ${request.order === "rank" ? `${rank},` : ""}
      sessions.updated_at DESC, sessions.id DESC, search_index.rowid
    LIMIT @limit`;
}

function sessionQuery(request: SearchRequest, withLong: boolean): string {
  const range = `BETWEEN ${rowidOf("@key", "@from")} AND ${rowidOf("@key", String(LAST_SEQ))}`;
  const long = `UNION ALL SELECT value ->> 0 FROM json_each(@long) WHERE value ->> 0 ${range}`;
  const from = `(
    SELECT rowid FROM search_index WHERE search_index MATCH @match AND rowid ${range}
    ${withLong ? long : ""}) AS search_index`;
  const where = ["true", ...postingConditions(request)];
  return `
    SELECT ${SEQ} AS seq
    FROM ${from} ${joinEntries(request, "@key")}
    WHERE ${where.join(" AND ")}
    ORDER BY search_index.rowid
    LIMIT @limit + 1`;
}

/** For terms that are given as `?`: an entry has them all where it is found once for each. */
function longQuery(terms: number, order: SearchRequest["order"]): string {
  const ofTerm = `
    SELECT session_key, seq, min(${order === "rank" ? "rank" : "0"}) AS best
    FROM search_index CROSS JOIN search_passages ON search_passages.key = -search_index.rowid
    WHERE search_index MATCH ? AND search_index.rowid < 0
    GROUP BY session_key, seq`;
  return `
    SELECT json_group_array(json_array(${rowidOf("session_key", "seq")}, score)) AS postings
    FROM (
      SELECT session_key, seq, sum(best) AS score
      FROM (${Array.from({ length: terms }, () => ofTerm).join(" UNION ALL ")})
      GROUP BY session_key, seq
      HAVING count(*) = ${terms})`;
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

/** Of more terms the index is asked for the first; the text decides on the rest. */
const MAX_TERMS = 64;

/** The terms in the language of FTS5. A word contains no quote, so no query can be a syntax error. */
function matchText(terms: readonly SearchTerm[]): string {
  return terms.slice(0, MAX_TERMS).map(termText).join(" AND ");
}

function termText({ words, prefix }: SearchTerm): string {
  const isWhole = words.length <= MAX_PHRASE_WORDS;
  return `"${words.slice(0, MAX_PHRASE_WORDS).join(" ")}"${prefix && isWhole ? " *" : ""}`;
}
