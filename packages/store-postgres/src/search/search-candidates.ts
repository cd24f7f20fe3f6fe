import type { SessionId } from "@thulp-sessions/core";
import type { Statement } from "../connection/connection.ts";
import type { Database } from "../connection/database.ts";
import { Parameters } from "../query/filter-sql.ts";

/** What of a session may match: these entries, and all from one on, which the index does not have yet. */
export interface Candidates {
  readonly seqs: readonly number[];
  /** `null`: the index has all. */
  readonly from: number | null;
}

export interface FoundCandidates {
  /** `null` where there is more than `most`. */
  readonly sessions: ReadonlyMap<SessionId, Candidates> | null;
  /** How many entries the index does not have yet, but for those of {@link hasLeftOut}. */
  readonly unindexed: number;
  /** Some of the sessions have words that were left out by programs which do not index. */
  readonly hasLeftOut: boolean;
}

export interface CandidatesQuery {
  /** `null`: nothing that the index has words of matches. */
  readonly tsquery: string | null;
  /** Only of these sessions. */
  readonly ids?: readonly SessionId[] | undefined;
  /** At most so many of the index, and as many sessions that were left out; all of them when absent. */
  readonly most?: number | undefined;
}

/**
 * What may match a search, of one moment: what the index says, what it cannot say, and what it does not have
 * yet.
 */
export async function findCandidates(database: Database, query: CandidatesQuery): Promise<FoundCandidates> {
  const { most } = query;
  const { rows } = await database.run(candidatesStatement(query, database.schema));
  const sessions = new Map<SessionId, Candidates>();
  let found = 0;
  let unindexed = 0;
  let leftOut = 0;
  for (const [id, list, indexed, entryCount, wordsPending] of rows) {
    const before = sessions.get(id) ?? { seqs: [], from: null };
    if (list === null) {
      sessions.set(id, { ...before, from: Math.max(indexed, 0) });
      if (wordsPending) leftOut++;
      else unindexed += entryCount - Math.max(indexed, 0);
    } else {
      const seqs = list
        .slice(1, -1)
        .split(",")
        .map(Number)
        .sort((a: number, b: number) => a - b);
      sessions.set(id, { ...before, seqs });
      found += seqs.length;
    }
  }
  const isMore = most !== undefined && Math.max(found, leftOut) > most;
  return { sessions: isMore ? null : sessions, unindexed, hasLeftOut: leftOut > 0 };
}

/** @param schema quoted. */
export function candidatesStatement({ tsquery, ids, most }: CandidatesQuery, schema: string): Statement {
  const parameters = new Parameters();
  const only = (column: string) =>
    ids === undefined ? "true" : `${column} = ANY(${parameters.add(`{${ids.join(",")}}`, "uuid[]")})`;
  // A function and no operator where the sessions are known: the index of words would be read for all.
  const query = tsquery === null ? null : parameters.add(tsquery, "text");
  const matches =
    query === null
      ? "false"
      : ids === undefined
        ? `words @@ (${query})::tsquery`
        : `ts_match_vq(words, (${query})::tsquery)`;
  const limit = most === undefined ? "" : `LIMIT ${most + 1}`;
  const text = `
    SELECT found.session_id, array_agg(found.seq)::text, NULL::int4, NULL::int4, false
    FROM (
      SELECT session_id, seq FROM ${schema}.search_docs WHERE ${matches} AND ${only("session_id")}
      UNION ALL
      SELECT session_id, seq FROM ${schema}.search_docs WHERE words IS NULL AND ${only("session_id")}
      ${limit}
    ) AS found
    GROUP BY found.session_id
    UNION ALL
    SELECT h.session_id, NULL, h.indexed, h.entry_count, h.words_pending FROM ${schema}.heads h
    WHERE h.index_pending AND ${only("h.session_id")}
    UNION ALL (
      -- Ordered, so that their index is read, whatever the statistics say of how many there are.
      SELECT h.session_id, NULL, h.indexed, h.entry_count, true FROM ${schema}.heads h
      WHERE h.words_pending AND NOT h.index_pending AND ${only("h.session_id")}
      ${limit && `ORDER BY h.session_id ${limit}`}
    )`;
  return { text, values: parameters.values };
}
