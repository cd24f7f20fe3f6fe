import { countEntries, type EntryCounts } from "../model/counts.ts";
import {
  entryConflict,
  epochConflict,
  invalidInput,
  SessionError,
  versionConflict,
} from "../model/errors.ts";
import type { EntryId, SessionId } from "../model/ids.ts";
import { type JsonValue, jsonEqual } from "../model/json.ts";
import type { SessionEntry, SessionMetadata, SessionStatus, StoredEntry, Timestamp } from "../model/model.ts";
import { nextUpdatedAt } from "./change-plan.ts";
import { decideAppend, type LimitReached } from "./limits.ts";
import type { AppendedEntry, AppendOptions, AppendResult, SessionChange } from "./writes.ts";

/** The session at the moment of the append, as the store sees it inside its transaction or lock. */
export interface AppendTarget {
  readonly metadata: Pick<SessionMetadata, "createdAt" | "updatedAt" | "status">;
  readonly counts: EntryCounts;
  readonly version: string;
  readonly epoch: string;
  /** The stored entries with this id, in the order of `seq`: usually none, one when the append is a retry. */
  findEntries(id: EntryId): readonly StoredEntry[];
  /** What a replaced tail needs beyond that; called only for one. */
  readonly tail: {
    /** The stored entries from this `seq` on, at most so many. */
    entries(from: number, limit: number): readonly StoredEntry[];
    /** The counters of the entries before this `seq`. */
    countsBefore(seq: number): EntryCounts;
  };
}

/** What the store has to write. */
export interface AppendPlan {
  /** Nothing must be written. */
  readonly isRepeat: boolean;
  /** How many of the stored entries stay, from the first; all of them unless a tail is replaced. */
  readonly kept: number;
  /** Some do not stay: the session gets a new epoch. */
  readonly dropsSome: boolean;
  /** The entries that are new, with the `seq` they get: they follow those that stay. */
  readonly fresh: readonly StoredEntry[];
  /** What becomes of the context. */
  readonly context: Pick<SessionChange, "setContext" | "removeContext">;
  /** The counters after the append. */
  readonly counts: EntryCounts;
  readonly status: SessionStatus;
  readonly updatedAt: Timestamp;
  readonly limit: LimitReached | null;
  /** What the answer says of each given entry, in their order. */
  readonly results: readonly AppendedEntry[];
}

const NO_CHANGE = {};

/**
 * Decides what an append writes. Repeats and conflicts of ids come first, then the version, then the limits,
 * so that a retry succeeds where the first call did. A pure function: the store calls it inside its
 * transaction or lock, and applies the plan there, as a whole.
 *
 * @param entries checked, as a store of {@link CheckedStore} gets them.
 * @throws {SessionError} conflict, limit_exceeded, invalid_input; then nothing may be written.
 */
export function planAppend(
  id: SessionId,
  target: AppendTarget,
  entries: readonly SessionEntry[],
  options: AppendOptions,
): AppendPlan {
  if (options.keep !== undefined) return planReplacedTail(id, target, entries, options, options.keep);
  const { results, fresh } = placeEntries(id, target, entries);
  if (fresh.length === 0) return repeatOf(target, results);
  checkExpected(id, target, options);
  return planOf(id, target, { results, fresh, counts: target.counts }, options);
}

/**
 * The same where the entries from `keep` on are to be dropped. What the batch begins with and stands there
 * already stays; the rest is new. What repeats an entry before the tail, or of the batch, is passed over, so
 * that the same call again is a repeat. Else the version comes before conflicts of ids.
 */
function planReplacedTail(
  id: SessionId,
  target: AppendTarget,
  entries: readonly SessionEntry[],
  options: AppendOptions,
  keep: number,
): AppendPlan {
  const { entryCount } = target.counts;
  if (keep > entryCount) {
    throw invalidInput(`Session ${id} has ${entryCount} entries: ${keep} of them cannot be kept.`, {
      sessionId: id,
      field: "options.keep",
    });
  }
  const tail = target.tail.entries(keep, entries.length);
  const fresh: StoredEntry[] = [];
  const results: AppendedEntry[] = [];
  const batch = new Map<EntryId, StoredEntry[]>();
  let kept = keep;
  let conflict: EntryId | undefined;
  const addToBatch = (stored: StoredEntry): void => {
    batch.set(stored.id, [...(batch.get(stored.id) ?? []), stored]);
  };
  const stands = (stored: StoredEntry): void => {
    results.push({ id: stored.id, seq: stored.seq, timestamp: stored.timestamp, added: false });
  };
  for (const entry of entries) {
    const next = fresh.length === 0 ? tail[kept - keep] : undefined;
    if (next?.id === entry.id && isRepeat(next, entry)) {
      kept++;
      addToBatch(next);
      stands(next);
      continue;
    }
    const before = target.findEntries(entry.id).filter(({ seq }) => seq < keep);
    const candidates = [...(batch.get(entry.id) ?? []), ...before];
    const same = candidates.find((candidate) => isRepeat(candidate, entry));
    if (same) stands(same);
    else if (candidates.length > 0) conflict ??= entry.id;
    else {
      const stored = { ...entry, seq: kept + fresh.length };
      fresh.push(stored);
      addToBatch(stored);
      results.push({ id: entry.id, seq: stored.seq, timestamp: entry.timestamp, added: true });
    }
  }
  const isRepeated = fresh.length === 0 && kept === entryCount && conflict === undefined;
  if (isRepeated) return repeatOf(target, results);
  checkExpected(id, target, options);
  if (conflict !== undefined) throw entryConflict(id, conflict);
  const counts = kept === entryCount ? target.counts : target.tail.countsBefore(kept);
  return planOf(id, target, { results, fresh, counts }, options);
}

function repeatOf({ counts, metadata }: AppendTarget, results: readonly AppendedEntry[]): AppendPlan {
  const { status, updatedAt } = metadata;
  const { entryCount: kept } = counts;
  return {
    isRepeat: true,
    kept,
    dropsSome: false,
    fresh: [],
    context: NO_CHANGE,
    counts,
    status,
    updatedAt,
    limit: null,
    results,
  };
}

interface Placed {
  readonly results: readonly AppendedEntry[];
  readonly fresh: readonly StoredEntry[];
}

/** What is to be written; `counts` are those of the entries that stay. */
function planOf(
  id: SessionId,
  target: AppendTarget,
  { results, fresh, counts }: Placed & { readonly counts: EntryCounts },
  { at, limits, setContext, removeContext }: AppendOptions,
): AppendPlan {
  const { metadata } = target;
  // Where nothing is new a tail is cut off, which no limit is against.
  const decided = decideAppend(counts, metadata, fresh, fresh.length > 0 ? limits : undefined, at);
  const { accept, complete, limit } = decided;
  if (!accept) throw limitExceeded(id, limit as LimitReached);
  const { entryCount: kept } = counts;
  const dropsSome = kept < target.counts.entryCount;
  const changesContext = fresh.length > 0 && (setContext ?? removeContext) !== undefined;
  return {
    isRepeat: false,
    kept,
    dropsSome,
    fresh,
    context: changesContext ? { setContext, removeContext } : NO_CHANGE,
    counts: countEntries(fresh, counts),
    status: complete ? "completed" : metadata.status,
    updatedAt: dropsSome
      ? nextUpdatedAt({ id, updatedAt: metadata.updatedAt }, at)
      : Math.max(metadata.updatedAt, at),
    limit,
    results,
  };
}

function checkExpected(
  id: SessionId,
  { version, epoch }: AppendTarget,
  { expectedVersion, expectedEpoch }: AppendOptions,
): void {
  if (expectedVersion !== undefined && expectedVersion !== version) throw versionConflict(id, version);
  if (expectedEpoch !== undefined && expectedEpoch !== epoch) throw epochConflict(id, version);
}

/** Which entries are repeats, and where the new ones go. @throws {SessionError} conflict */
function placeEntries(id: SessionId, target: AppendTarget, entries: readonly SessionEntry[]): Placed {
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
  return { results, fresh };
}

/** The answer of an append that was applied as planned. @param now the session after the append. */
export function appendResult(
  plan: AppendPlan,
  { version, epoch }: Pick<AppendTarget, "version" | "epoch">,
): AppendResult {
  const { results, counts, status, updatedAt, limit } = plan;
  return { entries: results, entryCount: counts.entryCount, status, updatedAt, version, epoch, limit };
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
