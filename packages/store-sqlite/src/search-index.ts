import { indexText } from "@thulp-sessions/core";
import type { Client } from "./driver.ts";

/** The place of a session's name among its rows in the index; its entries follow. */
export const NAME_SLOT = 0;
const LAST_SLOT = 2 ** 31 - 1;

export function slotOf(seq: number): number {
  return seq + 1;
}

export type SearchUpdate =
  | {
      readonly type: "add";
      readonly sessionKey: number;
      readonly slot: number;
      readonly strings: readonly string[];
    }
  | { readonly type: "remove"; readonly sessionKey: number; readonly from: number; readonly to: number };

type Addition = Extract<SearchUpdate, { type: "add" }>;

/** Keeps `search_index` in step with the entries and names. drizzle knows no FTS5: the statements are plain SQL. */
export class SearchIndex {
  readonly #add;
  readonly #remove;

  constructor(client: Client) {
    this.#add = client.prepare("INSERT INTO search_index (rowid, text) VALUES (? << 31 | ?, ?)");
    this.#remove = client.prepare("DELETE FROM search_index WHERE rowid BETWEEN ? << 31 | ? AND ? << 31 | ?");
  }

  /** Applies the updates of a whole group of calls, inside their transaction. */
  apply(updates: readonly SearchUpdate[]): void {
    let additions: Addition[] = [];
    for (const update of updates) {
      if (update.type === "add") {
        additions.push(update);
        continue;
      }
      this.#addAll(additions);
      additions = [];
      const { sessionKey, from, to } = update;
      this.#remove.run(sessionKey, from, sessionKey, Math.min(to, LAST_SLOT));
    }
    this.#addAll(additions);
  }

  #addAll(additions: Addition[]): void {
    // FTS5 writes out what it has gathered whenever a row comes before the last one.
    additions.sort((a, b) => a.sessionKey - b.sessionKey || a.slot - b.slot);
    for (const { sessionKey, slot, strings } of additions) {
      const text = indexText(strings);
      if (text !== "") this.#add.run(sessionKey, slot, text);
    }
  }
}
