import { sessionErrorOf } from "@thulp-sessions/client";
import type { SessionFilter, SessionMetadata, ViewedEntryPage } from "@thulp-sessions/core";
import { type SessionSummary, SessionTally, SummarySum } from "@thulp-sessions/core/view";
import { LIST_PRICES } from "@thulp-sessions/transcripts/prices";
import { viewOf } from "../../content/entry-view.ts";
import { calls } from "../../live/live.ts";
import { cutIn, readUsagePage } from "./read-usage-page.ts";

const SESSIONS_AT_A_TIME = 100;

/** What some sessions did and cost. */
export interface SessionsUsage {
  readonly summary: SessionSummary;
  readonly sessions: number;
  /** Sessions that cannot be read, and are not counted. */
  readonly unreadable: number;
  /** How many entries were too long to be read whole. */
  readonly cutEntries: number;
  /** It was stopped: further sessions are not counted. */
  readonly isCut: boolean;
}

/** How far a count is. */
export interface CountProgress {
  readonly sessions: number;
  readonly entries: number;
}

/**
 * Reads every entry of the sessions of a filter, the oldest session first: what a fork has copied counts in
 * the one that it comes from.
 *
 * @param signal ends it with what was counted of whole sessions until then.
 */
export async function countSessions(
  filter: SessionFilter,
  signal: AbortSignal,
  onProgress: (progress: CountProgress) => void,
): Promise<SessionsUsage> {
  const sum = new SummarySum();
  const counted = new Set<string>();
  let [sessions, unreadable, entries, cutEntries] = [0, 0, 0, 0];
  const result = (isCut: boolean) => ({ summary: sum.total(), sessions, unreadable, cutEntries, isCut });
  let cursor: string | undefined;
  try {
    do {
      const page = await calls().sessions.list.query(
        { filter, orderBy: "createdAt", direction: "asc", limit: SESSIONS_AT_A_TIME, cursor },
        { signal },
      );
      for (const session of page.items) {
        const tally = await tallyOf(session, signal, (read) => {
          entries += read.items.length;
          cutEntries += cutIn(read);
          onProgress({ sessions, entries });
        });
        if (tally) {
          sum.add(tally.summary(counted));
          sessions++;
        } else unreadable++;
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  } catch (error) {
    if (signal.aborted) return result(true);
    throw error;
  }
  return result(false);
}

/** @returns `null` for a session that cannot be read, or is gone. */
async function tallyOf(
  { id, tags }: SessionMetadata,
  signal: AbortSignal,
  onPage: (page: ViewedEntryPage) => void,
): Promise<SessionTally | null> {
  const tally = new SessionTally(await viewOf(tags), LIST_PRICES);
  let after = -1;
  try {
    for (;;) {
      const page = await readUsagePage(id, after, signal);
      for (const entry of page.items) tally.add(entry);
      onPage(page);
      const last = page.items.at(-1);
      if (page.nextCursor === null || !last) return tally;
      after = last.seq;
    }
  } catch (error) {
    const code = sessionErrorOf(error)?.code;
    if (code === "not_found" || code === "corrupt" || code === "unsupported") return null;
    throw error;
  }
}
