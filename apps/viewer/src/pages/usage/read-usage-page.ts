import type { SessionId, ViewedEntryPage } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { calls } from "../../live/live.ts";

const PAGE = 1000;
/** More at a time would be parsed for longer than one waits for a key. */
const PAGE_BYTES = 256 * 1024;
/**
 * Of a longer entry its long texts are cut: pictures, outputs. What it cost and which files it names are
 * short texts and numbers beside them, which stay.
 */
const CONTENT_BYTES = 512 * 1024;

/** The entries behind a `seq`, as many as are read at a time. */
export async function readUsagePage(
  id: SessionId,
  after: number,
  signal: AbortSignal,
): Promise<ViewedEntryPage> {
  const page = await calls().entries.list.query(
    {
      id,
      after,
      direction: "asc",
      limit: PAGE,
      pageBytes: PAGE_BYTES,
      contentBytes: CONTENT_BYTES,
    },
    { signal },
  );
  signal.throwIfAborted();
  return page;
}

/** How many of them were cut. */
export function cutIn({ items }: ViewedEntryPage): number {
  return items.reduce((sum, { truncated }) => sum + (truncated ? 1 : 0), 0);
}

/** What that means for what they add up to; empty where it means nothing. */
export function cutText(cut: number): string {
  if (cut === 0) return "";
  const entries = cut === 1 ? "1 entry is" : `${groupDigits(cut)} entries are`;
  return `${entries} longer than 512 KiB, and of ${cut === 1 ? "its" : "their"} long texts only the beginnings were read: a file that only stands further behind is missing.`;
}
