import type { SessionHead, SessionId, StoredEntry } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";

/** A session as it was when the export was opened, and which of its entries are meant. */
export interface ExportedRange {
  readonly id: SessionId;
  readonly head: SessionHead;
  /** The first `seq`. */
  readonly first: number;
  /** The last `seq`; before the first one where there is none. */
  readonly last: number;
}

const PAGE = 200;
const PAGE_BYTES = 4 * 1024 * 1024;

/**
 * The entries of a range, a page at a time, from the first. What was appended since is not among them.
 *
 * @throws {Error} where entries were taken away or replaced meanwhile.
 */
export async function* readPages(
  { id, head, first, last }: ExportedRange,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredEntry[], void, undefined> {
  const query = { id, direction: "asc", limit: PAGE, pageBytes: PAGE_BYTES } as const;
  for (let next = first; next <= last; ) {
    const page = await calls().entries.list.query(
      { ...query, after: next - 1, before: last + 1 },
      { signal },
    );
    if (page.epoch !== head.epoch || page.items[0]?.seq !== next) {
      throw new Error("The session was changed while it was read: entries were taken away. Open it again.");
    }
    yield page.items;
    next += page.items.length;
  }
}
