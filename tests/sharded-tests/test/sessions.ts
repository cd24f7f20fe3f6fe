import {
  type EntryId,
  newUuid,
  type SessionEntry,
  type SessionId,
  type SessionStore,
} from "@thulp-sessions/core";
import { shardOf } from "@thulp-sessions/core/sharded";

export function entry(text: string): SessionEntry {
  return {
    id: newUuid() as string as EntryId,
    timestamp: 1,
    entryType: { type: "user_message" },
    content: { text },
  };
}

/** A new id whose session lies in that shard, counted from 0. */
export function idIn(shard: number, of: number): SessionId {
  for (;;) {
    const id = newUuid() as SessionId;
    if (shardOf(id, of) === shard) return id;
  }
}

/** A session with two entries, the second of which says "needle". */
export async function createSession(store: SessionStore, id: SessionId, updatedAt = 1): Promise<void> {
  await store.create({
    metadata: {
      id,
      name: `Session ${updatedAt}`,
      sessionType: { type: "agent", agentName: `agent ${updatedAt % 3}` },
      createdAt: updatedAt % 7,
      updatedAt,
      status: updatedAt % 2 === 0 ? "active" : "completed",
      tags: ["all", `n:${updatedAt % 5}`],
      parentSession: null,
    },
    context: { updatedAt },
    entries: [entry("hello"), entry(`needle ${updatedAt}`)],
  });
}
