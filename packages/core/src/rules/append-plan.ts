import { countEntries, type EntryCounts } from "../model/counts.ts";
import { entryConflict, SessionError, versionConflict } from "../model/errors.ts";
import type { EntryId, SessionId } from "../model/ids.ts";
import { type JsonValue, jsonEqual } from "../model/json.ts";
import type { SessionEntry, SessionMetadata, SessionStatus, StoredEntry, Timestamp } from "../model/model.ts";
import { decideAppend, type LimitReached } from "./limits.ts";
import type { AppendedEntry, AppendOptions, AppendResult } from "./writes.ts";

/** The session at the moment of the append, as the store sees it inside its transaction or lock. */
export interface AppendTarget {
  readonly metadata: Pick<SessionMetadata, "createdAt" | "updatedAt" | "status">;
  readonly counts: EntryCounts;
  readonly version: string;
  /** The stored entries with this id, in the order of `seq`: usually none, one when the append is a retry. */
  findEntries(id: EntryId): readonly StoredEntry[];
}

/** What the store has to write. */
export interface AppendPlan {
  /** The entries that are new, with the `seq` they get. When it is empty, nothing must be written. */
  readonly fresh: readonly StoredEntry[];
  /** The counters after the append. */
  readonly counts: EntryCounts;
  readonly status: SessionStatus;
  readonly updatedAt: Timestamp;
  readonly limit: LimitReached | null;
  /** What the answer says of each given entry, in their order. */
  readonly results: readonly AppendedEntry[];
}

/**
 * Decides what an append writes. Repeats and conflicts of ids come first, then the version, then the limits,
 * so that a retry succeeds where the first call did. A pure function: the store calls it inside its
 * transaction or lock, and applies the plan there, as a whole.
 *
 * @param entries checked, as a store of {@link CheckedStore} gets them.
 * @throws {SessionError} conflict, limit_exceeded; then nothing may be written.
 */
export function planAppend(
  id: SessionId,
  target: AppendTarget,
  entries: readonly SessionEntry[],
  { at, expectedVersion, limits }: AppendOptions,
): AppendPlan {
  const fresh: StoredEntry[] = [];
  // A single entry can repeat no other of its batch.
  const freshById = entries.length > 1 ? new Map<EntryId, StoredEntry>() : undefined;
  const results = entries.map((entry): AppendedEntry => {
    const inBatch = freshById?.get(entry.id);
    const candidates = inBatch ? [inBatch] : target.findEntries(entry.id);
    const same = candidates.find((candidate) => isRepeat(candidate, entry));
    if (same) return { id: entry.id, seq: same.seq, timestamp: same.timestamp, added: false };
    if (candidates.length > 0) throw entryConflict(id, entry.id);
    const { timestamp, entryType, content } = entry;
    const seq = target.counts.entryCount + fresh.length;
    // Key by key: a spread would take as long as the rest of the plan.
    const stored: StoredEntry = { id: entry.id, timestamp, entryType, content, seq };
    fresh.push(stored);
    freshById?.set(entry.id, stored);
    return { id: entry.id, seq: stored.seq, timestamp: entry.timestamp, added: true };
  });
  const { status, updatedAt } = target.metadata;
  if (fresh.length === 0) return { fresh, counts: target.counts, status, updatedAt, limit: null, results };
  if (expectedVersion !== undefined && expectedVersion !== target.version)
    throw versionConflict(id, target.version);
  const { accept, complete, limit } = decideAppend(target.counts, target.metadata, fresh, limits, at);
  if (!accept) throw limitExceeded(id, limit as LimitReached);
  return {
    fresh,
    counts: countEntries(fresh, target.counts),
    status: complete ? "completed" : status,
    updatedAt: Math.max(updatedAt, at),
    limit,
    results,
  };
}

/** The answer of an append that was applied as planned. @param version the one after the append. */
export function appendResult(plan: AppendPlan, version: string): AppendResult {
  const { results, counts, status, updatedAt, limit } = plan;
  return { entries: results, entryCount: counts.entryCount, status, updatedAt, version, limit };
}

function isRepeat(stored: StoredEntry, given: SessionEntry): boolean {
  return (
    // A number that was rounded when it was read is indistinguishable from its neighbours.
    stored.inexact !== true &&
    jsonEqual(stored.entryType as JsonValue, given.entryType as JsonValue) &&
    jsonEqual(stored.content, given.content)
  );
}

function limitExceeded(id: SessionId, limit: LimitReached): SessionError {
  const unit = limit.kind === "duration" ? " ms" : "";
  return new SessionError(
    "limit_exceeded",
    `Session ${id} is at its limit of ${limit.max}${unit} ${limit.kind} (it has ${limit.current}${unit}). ` +
      "Nothing was written; raise the limit or continue in a new session.",
    { details: { sessionId: id, limit: { kind: limit.kind, current: limit.current, max: limit.max } } },
  );
}
