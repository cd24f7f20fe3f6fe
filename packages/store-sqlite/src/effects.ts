import type { SessionEntry, SessionId } from "@thulp-sessions/core";
import { contentStrings } from "@thulp-sessions/core";
import { NAME_SLOT, type SearchUpdate, slotOf } from "./search-index.ts";

export interface Change {
  readonly type: "created" | "changed" | "deleted";
  readonly id: SessionId;
  readonly revision: number;
}

/** What one writing call leaves to be done for its whole group. Dropped where the call fails. */
export class Effects {
  /** What the call changes in `changes`; null while it changes nothing. A call changes one session. */
  change: Change | null = null;
  readonly searchUpdates: SearchUpdate[] = [];
  readonly #revision: number;

  /** @param revision the next one that is free. */
  constructor(revision: number) {
    this.#revision = revision;
  }

  /** Notes that the call changes the session, and gives the revision that the session has from now on. */
  changed(type: Change["type"], id: SessionId): number {
    this.change = { type, id, revision: this.#revision };
    return this.#revision;
  }

  indexName(sessionKey: number, name: string): void {
    this.searchUpdates.push({ type: "add", sessionKey, slot: NAME_SLOT, strings: [name] });
  }

  indexEntries(sessionKey: number, entries: readonly SessionEntry[], firstSeq: number): void {
    entries.forEach(({ content }, i) => {
      const strings = contentStrings(content);
      if (strings.length > 0)
        this.searchUpdates.push({ type: "add", sessionKey, slot: slotOf(firstSeq + i), strings });
    });
  }

  unindexName(sessionKey: number): void {
    this.searchUpdates.push({ type: "remove", sessionKey, from: NAME_SLOT, to: NAME_SLOT });
  }

  /** Takes the entries from `seq` on out of the index. */
  unindexEntries(sessionKey: number, seq: number): void {
    this.searchUpdates.push({ type: "remove", sessionKey, from: slotOf(seq), to: Number.POSITIVE_INFINITY });
  }
}
