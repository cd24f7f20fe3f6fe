import { invalidInput, SessionError } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import { type JsonObject, type JsonValue, setKey } from "../model/json.ts";
import type { SessionMetadata, Timestamp } from "../model/model.ts";
import { checkContextBounds, checkMetadataBounds } from "./bounds.ts";
import type { SessionChange } from "./writes.ts";

/**
 * The context after a change; the same object where the change does not concern it.
 *
 * @throws {SessionError} invalid_input when it would grow beyond its bound.
 */
export function changedContext(context: JsonObject, change: SessionChange): JsonObject {
  const changed = change.context ?? withChangedKeys(context, change);
  checkContextBounds(changed, context);
  return changed;
}

function withChangedKeys(context: JsonObject, change: SessionChange): JsonObject {
  if (change.setContext === undefined && change.removeContext === undefined) return context;
  const removed = new Set(change.removeContext);
  const result: Record<string, JsonValue> = {};
  for (const source of [context, change.setContext ?? {}]) {
    for (const key of Object.keys(source)) {
      if (source === context && removed.has(key)) continue;
      setKey(result, key, source[key] as JsonValue);
    }
  }
  return result;
}

/**
 * The metadata after a change at the time `at`.
 *
 * @throws {SessionError} unsupported, as {@link nextUpdatedAt}; invalid_input when something would grow
 * beyond its bound.
 */
export function changedMetadata(
  metadata: SessionMetadata,
  change: SessionChange,
  at: Timestamp,
): SessionMetadata {
  const changed: SessionMetadata = {
    id: metadata.id,
    name: change.name ?? metadata.name,
    sessionType: change.sessionType ?? metadata.sessionType,
    createdAt: metadata.createdAt,
    updatedAt: nextUpdatedAt(metadata, at),
    status: change.status ?? metadata.status,
    tags: change.tags ?? metadata.tags,
    parentSession: change.parentSession === undefined ? metadata.parentSession : change.parentSession,
  };
  checkMetadataBounds(changed, metadata);
  return changed;
}

/**
 * `updatedAt` after an update, truncate or replace: the given time, at least one more than it was.
 *
 * @throws {SessionError} unsupported when that would be beyond the last safe integer.
 */
export function nextUpdatedAt(metadata: { id: SessionId; updatedAt: Timestamp }, at: Timestamp): Timestamp {
  const next = Math.max(metadata.updatedAt + 1, at);
  if (!Number.isSafeInteger(next)) {
    throw new SessionError(
      "unsupported",
      `updatedAt of session ${metadata.id} is the last time JavaScript can hold.`,
      {
        details: { sessionId: metadata.id, field: "metadata.updatedAt" },
      },
    );
  }
  return next;
}

/** @throws {SessionError} invalid_input when the session has fewer entries than a truncate is to keep. */
export function checkTruncate(id: SessionId, has: number, wanted: number): void {
  if (wanted > has) {
    throw invalidInput(`Session ${id} has ${has} entries: it cannot be cut to ${wanted}.`, {
      sessionId: id,
      field: "entryCount",
    });
  }
}
