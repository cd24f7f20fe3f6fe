import type { AppendResult, SessionEntry } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";

/** Takes an append and keeps nothing of it: what is left is what the way to a store costs. */
export class StoreOfNothing extends MemoryStore {
  protected override async doAppend(_: unknown, entries: readonly SessionEntry[]): Promise<AppendResult> {
    return {
      entries: entries.map(({ id, timestamp }) => ({ id, seq: 0, timestamp, added: true })),
      entryCount: 1,
      status: "active",
      updatedAt: 1,
      version: "1",
      epoch: "1",
      limit: null,
    };
  }
}
