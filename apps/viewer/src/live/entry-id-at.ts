import type { SessionId } from "@thulp-sessions/core";
import { calls } from "./live.ts";

/** The id of a session's entry at a place; `null` where the session is shorter. */
export async function entryIdAt(id: SessionId, seq: number, signal: AbortSignal): Promise<string | null> {
  const range = { after: seq - 1, before: seq + 1, limit: 1, direction: "asc" } as const;
  const { items } = await calls().entries.list.query({ id, ...range, contentBytes: 256 }, { signal });
  return items[0]?.id ?? null;
}
