import {
  isSessionError,
  type RowPart,
  rowOfSession,
  type SessionId,
  type SessionRow,
  type SessionStore,
  type StoreChange,
} from "@thulp-sessions/core";
import { throttleChanges } from "./throttle-changes.ts";

/**
 * An event of `sessions.watch`. `reset` comes first on every connection: list again, then apply what follows.
 */
export type SessionListEvent =
  | { readonly type: "reset" }
  /** With the parts of a row that were asked for. */
  | { readonly type: "created" | "changed"; readonly metadata: SessionRow }
  | { readonly type: "deleted"; readonly id: SessionId };

/** How sessions are watched. */
export interface WatchSessionsOptions {
  readonly include?: readonly RowPart[] | undefined;
  /** Of each session at most one change in so many milliseconds; every change when absent or 0. */
  readonly throttleMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Follows all sessions of a store, until the signal or the reader ends it. */
export async function* watchSessions(
  store: SessionStore,
  { include = [], throttleMs = 0, signal }: WatchSessionsOptions,
): AsyncGenerator<SessionListEvent, void, undefined> {
  const changes = await store.watch({ signal });
  try {
    // Only now: whatever is written after the reader has seen this event will be emitted.
    yield { type: "reset" };
    for await (const change of throttleMs > 0 ? throttleChanges(changes, throttleMs) : changes) {
      const event = await withRow(store, change, include);
      if (event) yield event;
    }
  } finally {
    await changes.return?.();
  }
}

async function withRow(
  store: SessionStore,
  change: StoreChange,
  include: readonly RowPart[],
): Promise<SessionListEvent | null> {
  if (change.type === "reset") return change;
  const { type, id } = change;
  if (type === "deleted") return { type, id };
  try {
    const metadata = await rowOfSession(store, id, include);
    return metadata && { type, metadata };
  } catch (error) {
    // Deleted meanwhile: the change that says so follows.
    if (isSessionError(error, "not_found")) return null;
    // Damaged: only a list can say whether it is still listed.
    if (isSessionError(error, "corrupt") || isSessionError(error, "unsupported")) return { type: "reset" };
    throw error;
  }
}
