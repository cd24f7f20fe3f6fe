import { z } from "zod";
import { countEntries, type EntryCounts } from "../model/counts.ts";
import type { SessionEntry, SessionMetadata, Timestamp } from "../model/model.ts";

/** The zod schema of {@link SessionLimits}. */
export const sessionLimitsSchema = z.strictObject({
  maxTurns: z.int().min(0).optional(),
  maxEntries: z.int().min(0).optional(),
  /** Milliseconds from the creation of the session. */
  maxDurationMs: z.int().min(0).optional(),
  action: z.enum(["error", "end_session", "ignore"]),
});

/** Limits of a session. One that is absent limits nothing. */
export interface SessionLimits {
  readonly maxTurns?: number | undefined;
  readonly maxEntries?: number | undefined;
  /** From the creation of the session to the append. */
  readonly maxDurationMs?: number | undefined;
  /**
   * What happens to an append at a limit: `error` refuses what would exceed it, `end_session` takes what
   * reaches it and completes the session, `ignore` takes everything. See {@link decideAppend}.
   */
  readonly action: "error" | "end_session" | "ignore";
}

/**
 * The limit that a session has reached or exceeded. `current` and `max` are counts, of a duration
 * milliseconds.
 */
export interface LimitReached {
  readonly kind: "turns" | "entries" | "duration";
  readonly current: number;
  readonly max: number;
  /** False when the session is exactly at its limit. */
  readonly exceeded: boolean;
}

/** What is compared with the limits of a session. */
export interface LimitedState extends Pick<EntryCounts, "turnCount" | "entryCount"> {
  readonly createdAt: Timestamp;
}

/**
 * Turns first, then entries, then duration; the first limit that is exceeded or exactly met, or `null`. A
 * duration equal to its maximum is fine. As `check_limits` of the original.
 *
 * @param at the moment up to which the duration counts; the original takes `updatedAt`.
 */
export function checkLimits(state: LimitedState, limits: SessionLimits, at: Timestamp): LimitReached | null {
  const { maxTurns, maxEntries, maxDurationMs } = limits;
  if (maxTurns !== undefined && state.turnCount >= maxTurns) {
    return { kind: "turns", current: state.turnCount, max: maxTurns, exceeded: state.turnCount > maxTurns };
  }
  if (maxEntries !== undefined && state.entryCount >= maxEntries) {
    return {
      kind: "entries",
      current: state.entryCount,
      max: maxEntries,
      exceeded: state.entryCount > maxEntries,
    };
  }
  const lasted = Math.max(0, at - state.createdAt);
  if (maxDurationMs !== undefined && lasted > maxDurationMs) {
    return { kind: "duration", current: lasted, max: maxDurationMs, exceeded: true };
  }
  return null;
}

/** What {@link decideAppend} decides. */
export interface AppendDecision {
  /** False: nothing may be written, and the call fails with `limit_exceeded`. */
  readonly accept: boolean;
  /** The batch ends the session: its status becomes `completed`, atomically with the append. */
  readonly complete: boolean;
  /** The limit that was reached, if one was. */
  readonly limit: LimitReached | null;
}

/**
 * Decides what limits do to an append. `planAppend` calls it; a store that does not use that one calls it
 * inside its transaction or lock, with the counters of that moment.
 *
 * - `error` refuses a batch that starts at a limit or would go beyond one.
 * - `end_session` refuses a batch that starts at a limit; one that starts below is taken as a whole, and
 *   completes the session when it reaches or exceeds a limit.
 * - `ignore` takes every batch and says which limit is reached.
 *
 * @param fresh the entries that are really new, without those that are stored already.
 * @param at the time of the call.
 */
export function decideAppend(
  counts: EntryCounts,
  metadata: Pick<SessionMetadata, "createdAt">,
  fresh: Iterable<Pick<SessionEntry, "entryType">>,
  limits: SessionLimits | undefined,
  at: Timestamp,
): AppendDecision {
  if (limits === undefined) return { accept: true, complete: false, limit: null };
  const { createdAt } = metadata;
  const before = checkLimits({ ...counts, createdAt }, limits, at);
  const after = checkLimits({ ...countEntries(fresh, counts), createdAt }, limits, at);
  switch (limits.action) {
    case "error": {
      const limit = before ?? (after?.exceeded ? after : null);
      return limit
        ? { accept: false, complete: false, limit }
        : { accept: true, complete: false, limit: after };
    }
    case "end_session":
      if (before) return { accept: false, complete: false, limit: before };
      return { accept: true, complete: after !== null, limit: after };
    case "ignore":
      return { accept: true, complete: false, limit: after };
  }
}

/**
 * Both limits together: of each the smaller, of the actions the stricter (`error`, `end_session`, `ignore`).
 */
export function stricterLimits(
  a: SessionLimits | undefined,
  b: SessionLimits | undefined,
): SessionLimits | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = ["error", "end_session", "ignore"] as const;
  return {
    ...smaller("maxTurns", a, b),
    ...smaller("maxEntries", a, b),
    ...smaller("maxDurationMs", a, b),
    action: order.find((action) => a.action === action || b.action === action) ?? "error",
  };
}

function smaller(bound: "maxTurns" | "maxEntries" | "maxDurationMs", a: SessionLimits, b: SessionLimits) {
  const value = Math.min(a[bound] ?? Number.POSITIVE_INFINITY, b[bound] ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(value) ? { [bound]: value } : {};
}
