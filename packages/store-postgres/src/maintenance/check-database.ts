import { isSessionError, type SessionId } from "@thulp-sessions/core";
import { countEntries, type EntryCounts, type StoreFinding } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { SessionList } from "../query/session-list.ts";
import { SessionReads } from "../query/session-reads.ts";
import { tagKey } from "../tables/rows.ts";

/** A statement that finds what should not be: an id, the part of the session, and what is wrong with it. */
interface Question {
  readonly kind: "damaged" | "stale_index";
  readonly text: string;
}

/** Of what the tables say about each other. */
function questions(schema: string): readonly Question[] {
  return [
    {
      kind: "damaged",
      text: `SELECT coalesce(s.id, h.session_id), 'metadata',
          CASE WHEN s.id IS NULL THEN 'it has no row in sessions' ELSE 'it has no row in heads' END
        FROM ${schema}.sessions s FULL JOIN ${schema}.heads h ON h.session_id = s.id
        WHERE s.id IS NULL OR h.session_id IS NULL`,
    },
    {
      kind: "damaged",
      text: `SELECT e.session_id, 'entries', 'entries without a session'
        FROM ${schema}.entries e
        WHERE NOT EXISTS (SELECT 1 FROM ${schema}.heads h WHERE h.session_id = e.session_id)
        GROUP BY e.session_id`,
    },
    {
      kind: "damaged",
      text: `SELECT h.session_id, 'metadata', 'status or createdAt differ between sessions and heads'
        FROM ${schema}.heads h JOIN ${schema}.sessions s ON s.id = h.session_id
        WHERE s.status <> h.status OR s.created_at <> h.created_at`,
    },
    {
      kind: "stale_index",
      text: `SELECT h.session_id, 'updatedAt', 'the indices by time have another time'
        FROM ${schema}.heads h JOIN ${schema}.sessions s ON s.id = h.session_id
        LEFT JOIN ${schema}.session_tags t ON t.session_id = h.session_id
        WHERE NOT h.index_pending
          AND (s.listed_at <> h.updated_at OR t.listed_at <> h.updated_at OR t.created_at <> h.created_at)
        GROUP BY h.session_id`,
    },
    {
      kind: "stale_index",
      text: `SELECT d.session_id, 'entries', 'the index for search has entries that are not there'
        FROM ${schema}.search_docs d LEFT JOIN ${schema}.heads h ON h.session_id = d.session_id
        WHERE h.session_id IS NULL OR d.seq >= h.entry_count
        GROUP BY d.session_id`,
    },
    {
      kind: "stale_index",
      text: `SELECT h.session_id, 'entries', 'the index for search has not all entries that it should have'
        FROM ${schema}.heads h LEFT JOIN ${schema}.search_docs d
          ON d.session_id = h.session_id AND d.seq >= 0 AND d.seq < h.indexed
        WHERE h.indexed > 0
        GROUP BY h.session_id, h.indexed HAVING count(d.seq) <> h.indexed`,
    },
    {
      kind: "stale_index",
      text: `SELECT h.session_id, 'entries', 'the index for search has not all of it, and nothing says so'
        FROM ${schema}.heads h
        WHERE NOT h.index_pending AND NOT h.words_pending AND (h.indexed < 0 OR EXISTS (
          SELECT 1 FROM ${schema}.entries e WHERE e.session_id = h.session_id AND e.seq >= h.indexed))`,
    },
    {
      kind: "stale_index",
      text: `SELECT NULL, NULL, 'the index ' || c.relname || ' is not valid: REINDEX it'
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = '${schema}'::regnamespace AND NOT i.indisvalid`,
    },
  ];
}

/**
 * Reads everything, and compares what the tables say about each other. Others may write meanwhile: what looks
 * wrong is looked at twice.
 *
 * @throws {SessionError} busy, io
 */
export async function checkDatabase(database: Database, list: SessionList): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  for (const { kind, text } of questions(database.schema)) {
    const { rows } = await database.run({ text }, { answerWithinMs: 0 });
    for (const [sessionId, field, reason] of rows)
      findings.push({ kind, reason, ...(sessionId !== null && { sessionId, field }) });
  }
  const known = new Set(findings.map(({ sessionId }) => sessionId));
  const reads = new SessionReads(database);
  for (let after: { time: number; id: SessionId } | null = null; ; ) {
    const request = { filter: {}, orderBy: "createdAt", direction: "asc", limit: 200, after } as const;
    const { items, hasMore } = await list.page(request);
    for (const { id, tags } of items) {
      if (known.has(id)) continue;
      const found =
        (await checkSession(id, tags, reads, database)) && (await checkSession(id, tags, reads, database));
      if (found) findings.push(found);
    }
    const last = items.at(-1);
    if (!hasMore || !last) return findings;
    after = { time: last.createdAt, id: last.id };
  }
}

async function checkSession(
  id: SessionId,
  tags: readonly string[],
  reads: SessionReads,
  database: Database,
): Promise<StoreFinding | null> {
  const damaged = (field: string, reason: string) => ({ kind: "damaged", sessionId: id, field, reason });
  try {
    const head = await reads.head(id);
    let counts: EntryCounts = countEntries([]);
    for await (const entry of reads.entriesFrom(id, 0)) {
      if (counts.entryCount === head.entryCount) break;
      if (entry.seq !== counts.entryCount) return damaged(`entries[${counts.entryCount}]`, "it is missing");
      counts = countEntries([entry], counts);
    }
    for (const name of ["entryCount", "turnCount", "userMessageCount", "assistantMessageCount"] as const)
      if (counts[name] !== head[name])
        return damaged(name, `it is said to be ${head[name]}, and is ${counts[name]}`);
    return (await hasTags(id, tags, database))
      ? null
      : { kind: "stale_index", sessionId: id, field: "tags", reason: "the index of tags has others" };
  } catch (error) {
    if (isSessionError(error, "not_found")) return null;
    if (!isSessionError(error, "corrupt")) throw error;
    return damaged(error.details.field ?? "session", error.message);
  }
}

async function hasTags(id: SessionId, tags: readonly string[], database: Database): Promise<boolean> {
  const { rows } = await database.run({
    text: `SELECT tag_key FROM ${database.schema}.session_tags WHERE session_id = $1`,
    values: [id],
    isHot: true,
  });
  const wanted = new Set(tags.map(tagKey));
  return rows.length === wanted.size && rows.every(([key]) => wanted.has(key));
}
