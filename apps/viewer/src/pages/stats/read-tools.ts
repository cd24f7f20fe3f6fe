import { sessionErrorOf } from "@thulp-sessions/client";
import type { SessionMetadata } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";
import { titleOf } from "../../parts/session-title.ts";
import { filterOf, type ListState } from "../../url/list-state.ts";
import { countTools, type SessionCalls, type ToolCounts } from "./count-tools.ts";

const MOST_SESSIONS = 20;
/** Of one session. */
export const MOST_CALLS = 200;
const AT_A_TIME = 4;
/** Of the contents nothing is looked at. */
const CONTENT_BYTES = 256;

/** Counts the last calls of tools in those of the sessions that changed last. */
export async function readTools(list: ListState, signal: AbortSignal): Promise<ToolCounts> {
  const { items } = await calls().sessions.list.query(
    { filter: filterOf(list), orderBy: "updatedAt", limit: MOST_SESSIONS },
    { signal },
  );
  const found: (SessionCalls | null)[] = [];
  for (let i = 0; i < items.length; i += AT_A_TIME)
    found.push(
      ...(await Promise.all(items.slice(i, i + AT_A_TIME).map((session) => readCalls(session, signal)))),
    );
  return countTools(found);
}

/** @returns `null` for a session that cannot be read, or is gone. */
async function readCalls(session: SessionMetadata, signal: AbortSignal): Promise<SessionCalls | null> {
  const { id } = session;
  try {
    const page = await calls().entries.list.query(
      { id, types: ["tool_call"], direction: "desc", limit: MOST_CALLS, contentBytes: CONTENT_BYTES },
      { signal },
    );
    return { id, title: titleOf(session), entries: page.items, isCut: page.nextCursor !== null };
  } catch (error) {
    const code = sessionErrorOf(error)?.code;
    if (code === "not_found" || code === "corrupt" || code === "unsupported") return null;
    throw error;
  }
}
