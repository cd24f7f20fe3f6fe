import type { SessionHead, SessionId, ViewedEntry } from "@thulp-sessions/core";
import { entryIdAt } from "../../live/entry-id-at.ts";
import { calls } from "../../live/live.ts";
import { type AlignedRow, alignEntries } from "./align-entries.ts";

/** So many entries of each are compared, after those that a fork has in common. */
const MOST = 2000;
const CONTENT_BYTES = 2048;

export interface Comparison {
  readonly left: SessionHead;
  readonly right: SessionHead;
  /** How many first entries are the same by their ids, as those of a fork are. */
  readonly common: number;
  readonly rows: readonly AlignedRow[];
  /** Entries are left out. */
  readonly more: boolean;
}

export async function readComparison(a: SessionId, b: SessionId, signal: AbortSignal): Promise<Comparison> {
  const [left, right] = (await Promise.all(
    [a, b].map((id) => calls().sessions.head.query({ id }, { signal })),
  )) as [SessionHead, SessionHead];
  const common = await commonEntries(left, right, signal);
  const [ours, theirs] = await Promise.all([readFrom(a, common, signal), readFrom(b, common, signal)]);
  return {
    left,
    right,
    common,
    rows: alignEntries(ours.entries, theirs.entries),
    more: ours.more || theirs.more,
  };
}

/** Found by halving: a fork has the entries of its parent, with their ids, up to where it has left it. */
async function commonEntries(left: SessionHead, right: SessionHead, signal: AbortSignal): Promise<number> {
  let low = 0;
  let high = Math.min(left.entryCount, right.entryCount);
  while (low < high) {
    const middle = (low + high) >> 1;
    const [a, b] = await Promise.all(
      [left, right].map(({ metadata }) => entryIdAt(metadata.id, middle, signal)),
    );
    if (a !== null && a === b) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function readFrom(
  id: SessionId,
  seq: number,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly ViewedEntry[]; readonly more: boolean }> {
  const entries: ViewedEntry[] = [];
  let cursor: string | undefined;
  do {
    const query = {
      id,
      after: seq - 1,
      direction: "asc",
      limit: 500,
      contentBytes: CONTENT_BYTES,
      cursor,
    } as const;
    const page = await calls().entries.list.query(query, { signal });
    entries.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && entries.length < MOST);
  return { entries: entries.slice(0, MOST), more: cursor !== undefined || entries.length > MOST };
}
