import type { SessionHead, StoredEntry, ViewedEntry } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";
import type { AlignedRow } from "./align-entries.ts";
import type { Comparison } from "./read-comparison.ts";

/** Places of entries that follow each other, the last included. */
export interface Places {
  readonly first: number;
  readonly last: number;
}

/** A row with all of its contents, or of what is equal only where it stands. */
export type WholeRow =
  | { readonly type: "equal"; readonly left: Places; readonly right: Places; readonly count: number }
  | { readonly type: "changed"; readonly left: StoredEntry; readonly right: StoredEntry }
  | { readonly type: "left"; readonly left: StoredEntry }
  | { readonly type: "right"; readonly right: StoredEntry };

const PAGE = 50;
const PAGE_BYTES = 4 * 1024 * 1024;

/** How many entries of a comparison stand in rows that differ. */
export function differingEntries(rows: readonly AlignedRow[]): number {
  return rows.reduce((sum, { type }) => sum + (type === "equal" ? 0 : type === "changed" ? 2 : 1), 0);
}

/**
 * The rows of a comparison. Contents that the page has only the beginning of are read: half of a secret looks
 * like none.
 *
 * @throws {Error} where entries were taken away or replaced since.
 */
export async function* readRows(
  { left: leftHead, right: rightHead, rows }: Comparison,
  signal: AbortSignal,
): AsyncGenerator<WholeRow, void, undefined> {
  const left = new WholeEntries(leftHead, signal);
  const right = new WholeEntries(rightHead, signal);
  for (const row of rows) {
    switch (row.type) {
      case "equal":
        yield {
          type: "equal",
          left: placesOf(row.left),
          right: placesOf(row.right),
          count: row.left.length,
        };
        break;
      case "changed":
        yield { type: "changed", left: await left.of(row.left), right: await right.of(row.right) };
        break;
      case "left":
        yield { type: "left", left: await left.of(row.left) };
        break;
      case "right":
        yield { type: "right", right: await right.of(row.right) };
        break;
    }
  }
}

function placesOf(entries: readonly ViewedEntry[]): Places {
  return { first: entries[0]?.seq ?? 0, last: entries.at(-1)?.seq ?? 0 };
}

/** The entries of one session, asked for in their order. */
class WholeEntries {
  readonly #head: SessionHead;
  readonly #signal: AbortSignal;
  #page: readonly StoredEntry[] = [];

  constructor(head: SessionHead, signal: AbortSignal) {
    this.#head = head;
    this.#signal = signal;
  }

  async of(entry: ViewedEntry): Promise<StoredEntry> {
    this.#signal.throwIfAborted();
    if (!entry.truncated) return entry;
    const whole = this.#page.find(({ seq }) => seq === entry.seq) ?? (await this.#read(entry.seq));
    if (whole?.id !== entry.id)
      throw new Error("A session was changed while it was read: entries were taken away. Look again.");
    return whole;
  }

  async #read(seq: number): Promise<StoredEntry | undefined> {
    const { metadata, epoch } = this.#head;
    const page = await calls().entries.list.query(
      { id: metadata.id, after: seq - 1, direction: "asc", limit: PAGE, pageBytes: PAGE_BYTES },
      { signal: this.#signal },
    );
    this.#page = page.epoch === epoch ? page.items : [];
    return this.#page[0];
  }
}
