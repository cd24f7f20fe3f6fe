import {
  isSessionError,
  type SessionId,
  type SessionMetadata,
  type SessionStore,
  type StoreChange,
} from "@thulp-sessions/core";

/**
 * An event of `sessions.watch`. `reset` comes first on every connection: list again, then apply what follows.
 */
export type SessionListEvent =
  | { readonly type: "reset" }
  | { readonly type: "created" | "changed"; readonly metadata: SessionMetadata }
  | { readonly type: "deleted"; readonly id: SessionId };

/** Follows all sessions of a store, until the signal or the reader ends it. */
export async function* watchSessions(
  store: SessionStore,
  signal: AbortSignal | undefined,
): AsyncGenerator<SessionListEvent, void, undefined> {
  const changes = await store.watch({ signal });
  try {
    // Only now: whatever is written after the reader has seen this event will be emitted.
    yield { type: "reset" };
    for await (const change of changes) {
      const event = await withMetadata(store, change);
      if (event) yield event;
    }
  } finally {
    await changes.return?.();
  }
}

async function withMetadata(store: SessionStore, change: StoreChange): Promise<SessionListEvent | null> {
  if (change.type === "reset") return change;
  const { type, id } = change;
  if (type === "deleted") return { type, id };
  try {
    return { type, metadata: (await store.head(id)).metadata };
  } catch (error) {
    // Deleted meanwhile: the change that says so follows.
    if (isSessionError(error, "not_found")) return null;
    // Damaged: only a list can say whether it is still listed.
    if (isSessionError(error, "corrupt") || isSessionError(error, "unsupported")) return { type: "reset" };
    throw error;
  }
}
