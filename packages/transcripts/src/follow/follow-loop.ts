import { isSessionError } from "@thulp-sessions/core";
import { Alarm } from "./alarm.ts";
import { FolderWatchers } from "./folder-watchers.ts";
import type { FollowedSource } from "./followed-source.ts";

/** When what is followed is looked at. */
export interface LoopOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The store is busy or failing: it goes on, and tries again. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Everything was taken in that was looked at. */
  readonly onSuccess?: (() => void) | undefined;
  /** How often files that are being written are looked at: each second. */
  readonly pollMs?: number | undefined;
  /** How often everything is looked at, for new files nothing has told of above all: each 10 seconds. */
  readonly lookMs?: number | undefined;
  /** Its pauses let the process end. */
  readonly unref?: boolean | undefined;
}

/** However much is told of, everything is looked at no more often. */
const MIN_LOOK_MS = 500;

/**
 * Looks until the signal is aborted.
 *
 * @throws {SessionError} closed; everything else is told of, and tried again.
 */
export async function followLoop(followed: readonly FollowedSource[], options: LoopOptions): Promise<void> {
  const { pollMs = 1000, lookMs = 10_000, signal, onError, onSuccess, unref = false } = options;
  const alarm = new Alarm(signal, unref);
  const watchers = new FolderWatchers(() => alarm.ring());
  let lookedAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      const since = performance.now() - lookedAt;
      const isDue = since >= (alarm.rang ? Math.min(lookMs, MIN_LOOK_MS) : lookMs);
      if (isDue) {
        lookedAt = performance.now();
        alarm.rang = false;
      }
      let hasFailed = false;
      for (const each of followed) {
        try {
          await (isDue ? each.look() : each.poll());
        } catch (error) {
          if (signal.aborted) break;
          if (isSessionError(error, "closed")) throw error;
          hasFailed = true;
          onError?.(error);
          // What was not done is found again.
          lookedAt = Number.NEGATIVE_INFINITY;
        }
      }
      if (isDue) watchers.watch(followed.flatMap(({ folders }) => folders));
      if (!hasFailed) onSuccess?.();
      await alarm.sleep(alarm.rang ? Math.min(pollMs, MIN_LOOK_MS) : pollMs);
    }
  } finally {
    watchers.close();
  }
}
