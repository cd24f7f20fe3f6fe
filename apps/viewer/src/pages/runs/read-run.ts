import type { ScoredSession, SessionFilter, SessionId, ViewedEntry } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";
import { type CaseResults, caseResults } from "./case-key.ts";

const MAX_SESSIONS = 1000;
/** So many cases of an evaluation are compared. */
const MAX_CASES = 2000;
const PAGE = 500;
/** What names a case stands at the beginning of its content. */
const CONTENT_BYTES = 1024;

/** The sessions of a filter with their scores, the oldest first. */
export async function readScores(
  filter: SessionFilter,
  signal: AbortSignal,
): Promise<{ readonly sessions: readonly ScoredSession[]; readonly more: boolean }> {
  const sessions: ScoredSession[] = [];
  let cursor: string | undefined;
  do {
    const page = await calls().sessions.scores.query({ filter, limit: 200, cursor }, { signal });
    sessions.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && sessions.length < MAX_SESSIONS);
  return { sessions, more: cursor !== undefined };
}

/** The cases of one evaluation. */
export async function readCases(id: SessionId, signal: AbortSignal): Promise<CaseResults> {
  const entries: ViewedEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await calls().entries.list.query(
      { id, types: ["skill_execution"], direction: "asc", limit: PAGE, contentBytes: CONTENT_BYTES, cursor },
      { signal },
    );
    entries.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && entries.length < MAX_CASES);
  return caseResults(entries);
}
