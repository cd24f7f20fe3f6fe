import { Gate } from "../async/semaphore.ts";
import type { SessionId } from "../model/ids.ts";
import type { SessionFilter } from "../rules/filter.ts";
import { MAX_PAGE, type SessionStore } from "../store/session-store.ts";
import type { StoreWarning } from "../store/warnings.ts";
import {
  type CopyOutcome,
  type CopyRules,
  copySession,
  type InexactPlaces,
  type RawCopy,
} from "./copy-session.ts";

export interface CopyOptions {
  /** Only these sessions. */
  readonly filter?: SessionFilter | undefined;
  /** What becomes of a session that the target has with other contents: it stays (the default), or is replaced. */
  readonly onConflict?: "keep" | "newer" | "replace" | undefined;
  /** Copy sessions with numbers that JavaScript can only round too, as they were rounded. */
  readonly allowLossy?: boolean | undefined;
  /** Where both stores keep sessions in one form: what would be rounded is passed on as it stands. */
  readonly raw?: RawCopy | undefined;
  /** Called after each session, and after each part of a large one. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Stops between two sessions or two parts of a large one; those under way are finished first. */
  readonly signal?: AbortSignal | undefined;
}

export interface CopyProgress {
  /** Sessions. */
  readonly done: number;
  /** Sessions that the source listed when the copying began. */
  readonly total: number;
  /** Entries that were written. */
  readonly entries: number;
}

/** What became of every session; the lists are complete. */
export interface CopyReport {
  /** Written, read back and found equal. */
  readonly copied: number;
  /** Already there with the same contents. */
  readonly equal: number;
  /** Replaced, as `onConflict` allowed, read back and found equal but for `updatedAt`. */
  readonly replaced: number;
  /** There with other contents, and left alone. */
  readonly conflicts: readonly SessionId[];
  /**
   * Hold numbers that JavaScript can only round, so that their copy would differ, and were left out; the entries by
   * `seq`, the context as "context".
   */
  readonly inexact: readonly { readonly id: SessionId; readonly places: InexactPlaces }[];
  /** Could not be read. */
  readonly unreadable: readonly StoreWarning[];
  /** Could be read, but the target does not take them, or holds a damaged session in their place; with its reason. */
  readonly refused: readonly StoreWarning[];
}

/** Sessions under way at once: the stores commit what waits together. */
const CONCURRENCY = 64;
/** Of these, so many that may be large: what the others hold in memory is little and known. */
const LARGE_AT_ONCE = 6;

/**
 * Copies sessions from one store to another. One of up to 4 MiB is written in one step, a larger one in parts, so that it
 * never stands in memory as a whole. Each is read back and compared, entry by entry, before it counts as copied. One that
 * cannot be copied does not keep the others from it. To go on after an interruption, call it again: what is there already
 * is skipped, and of a session that is there in part the rest is added.
 *
 * A session whose entries repeat an id is written in one step, whatever its size.
 *
 * @throws {SessionError} when a store fails as a whole (`io`, `busy`, `closed`); `io` also when what was read back is not
 *   what was written.
 */
export async function copySessions(
  from: SessionStore,
  to: SessionStore,
  options: CopyOptions = {},
): Promise<CopyReport> {
  const { filter = {}, signal, onProgress, onConflict = "keep", allowLossy = false, raw } = options;
  const unlisted = new Map<string, StoreWarning>();
  const stopListening = from.warnings.listen((warning) => {
    unlisted.set(warning.sessionId ?? warning.path ?? warning.message, warning);
  });
  const progress = { done: 0, total: 0, entries: 0 };
  const rules: CopyRules = {
    onConflict,
    allowLossy,
    raw,
    signal,
    onEntries: (count) => {
      progress.entries += count;
      onProgress?.({ ...progress });
    },
    large: new Gate(LARGE_AT_ONCE),
    alone: new Gate(1),
  };
  const outcomes: { readonly id: SessionId; readonly outcome: CopyOutcome }[] = [];
  const one = async (id: SessionId, place: number) => {
    outcomes[place] = { id, outcome: await copySession(from, to, id, rules) };
    progress.done++;
    onProgress?.({ ...progress });
  };
  try {
    progress.total = await from.count(filter);
    let begun = 0;
    let cursor: string | undefined;
    do {
      const page = await from.list({
        filter,
        orderBy: "createdAt",
        direction: "asc",
        limit: MAX_PAGE,
        cursor,
      });
      await inParallel(page.items, CONCURRENCY, ({ id }) => {
        signal?.throwIfAborted();
        return one(id, begun++);
      });
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  } finally {
    stopListening();
  }
  return reportOf(outcomes, unlisted);
}

function reportOf(
  outcomes: readonly { readonly id: SessionId; readonly outcome: CopyOutcome }[],
  unreadable: Map<string, StoreWarning>,
): CopyReport {
  const counts = { copied: 0, equal: 0, replaced: 0 };
  const conflicts: SessionId[] = [];
  const inexact: { id: SessionId; places: InexactPlaces }[] = [];
  const refused: StoreWarning[] = [];
  for (const { id, outcome } of outcomes) {
    if (outcome.kind === "conflict") conflicts.push(id);
    else if (outcome.kind === "inexact") inexact.push({ id, places: outcome.places });
    else if (outcome.kind === "refused") refused.push(outcome.warning);
    else if (outcome.kind === "unreadable") unreadable.set(id, outcome.warning);
    else if (outcome.kind !== "gone") counts[outcome.kind]++;
  }
  return { ...counts, conflicts, inexact, refused, unreadable: [...unreadable.values()] };
}

/** A few at a time, in their order; after a failure none is begun, and those under way are waited for. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    while (next < items.length && !failure) {
      try {
        await work(items[next++] as T);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (failure) throw failure.error;
}
