import type { SessionId } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";
import { Parameters } from "../query/filter-sql.ts";

/** What of a session may match: these entries, and all from one on, which the index does not have yet. */
export interface Candidates {
  readonly seqs: readonly number[];
  /** `null`: the index has all. */
  readonly from: number | null;
}

export interface FoundCandidates {
  readonly sessions: ReadonlyMap<SessionId, Candidates>;
  /** How many entries the index does not have yet. */
  readonly unindexed: number;
}

export interface CandidatesQuery {
  /** `null`: nothing that the index has words of matches. */
  readonly tsquery: string | null;
  /** Only of these sessions. */
  readonly ids?: readonly SessionId[] | undefined;
  /** At most so many of the index; all of them when absent. */
  readonly most?: number | undefined;
}

/**
 * What may match a search, of one moment: what the index says, what it cannot say, and what it does not have
 * yet.
 *
 * @returns `null` where there is more than `most`.
 */
export async function findCandidates(
  database: Database,
  { tsquery, ids, most }: CandidatesQuery,
): Promise<FoundCandidates | null> {
  const { schema } = database;
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
    SELECT found.session_id, array_agg(found.seq)::text, NULL::int4, NULL::int4
    FROM (
      SELECT session_id, seq FROM ${schema}.search_docs WHERE ${matches} AND ${only("session_id")}
      UNION ALL
      SELECT session_id, seq FROM ${schema}.search_docs WHERE words IS NULL AND ${only("session_id")}
      ${limit}
    ) AS found
    GROUP BY found.session_id
    UNION ALL
    SELECT h.session_id, NULL, h.indexed, h.entry_count FROM ${schema}.heads h
    WHERE h.index_pending AND ${only("h.session_id")}`;
  const { rows } = await database.run({ text, values: parameters.values });
  const sessions = new Map<SessionId, Candidates>();
  let found = 0;
  let unindexed = 0;
  for (const [id, list, indexed, entryCount] of rows) {
    const before = sessions.get(id) ?? { seqs: [], from: null };
    if (list === null) {
      sessions.set(id, { ...before, from: Math.max(indexed, 0) });
      unindexed += entryCount - Math.max(indexed, 0);
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
  return most !== undefined && found > most ? null : { sessions, unindexed };
}
