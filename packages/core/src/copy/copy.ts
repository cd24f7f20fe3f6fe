import { Semaphore } from "../async/semaphore.ts";
import type { SessionId } from "../model/ids.ts";
import type { SessionFilter } from "../rules/filter.ts";
import { sessionPages } from "../store/all-sessions.ts";
import type { SessionStore } from "../store/session-store.ts";
import type { StoreWarning } from "../store/warnings.ts";
import type { CopyOutcome, CopyRules, InexactPlaces, RawCopy } from "./copy-rules.ts";
import { copySession } from "./copy-session.ts";

/** What {@link copySessions} copies, and what it does where something is in the way. */
export interface CopyOptions {
  /** Only these sessions; all when absent. */
  readonly filter?: SessionFilter | undefined;
  /**
   * What happens to a session that the target has with other contents: `keep` (the default) leaves it,
   * `replace` replaces it, `newer` replaces it where the source has the later `updatedAt`.
   */
  readonly onConflict?: "keep" | "newer" | "replace" | undefined;
  /** Also copy sessions with numbers that JavaScript can only round, with the rounded numbers. */
  readonly allowLossy?: boolean | undefined;
  /** For two stores with the same stored form: copies what would be rounded without parsing it. */
  readonly raw?: RawCopy | undefined;
  /** Called after each session, and after each part of a large one. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Stops between two sessions or two parts of a large one; what has begun is finished first. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a copy has come. */
export interface CopyProgress {
  /** Sessions that are done, with whatever outcome. */
  readonly done: number;
  /** Sessions that the source listed when the copying began. */
  readonly total: number;
  /** Entries written so far. */
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
  /** In the target with other contents, and left as they are. */
  readonly conflicts: readonly SessionId[];
  /**
   * Left out, because they hold numbers that JavaScript can only round, so that their copy would differ.
   * `places` has the entries by `seq`, the context as "context".
   */
  readonly inexact: readonly { readonly id: SessionId; readonly places: InexactPlaces }[];
  /** Could not be read. */
  readonly unreadable: readonly StoreWarning[];
  /** The target does not take them, or holds a damaged session with their id; with its reason. */
  readonly refused: readonly StoreWarning[];
}

/** Sessions copied at the same time: the stores commit waiting calls together. */
const CONCURRENCY = 64;
/** Of these, how many may be large, which bounds the memory. */
const MAX_LARGE_SESSIONS = 6;

/**
 * Copies sessions from one store to another. A session of up to 4 MiB is written atomically, a larger one in
 * parts, so that it is never in memory as a whole. Each is read back and compared, entry by entry, before it
 * counts as copied. One that cannot be copied does not stop the others. To resume after an interruption, call
 * it again: what is there already is skipped, and a partial copy is completed.
 *
 * A session whose entries repeat an id is written atomically, whatever its size.
 *
 * @throws {SessionError} when a store fails as a whole (`io`, `busy`, `closed`); `io` also when what was read
 *   back is not what was written.
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
    largeSessions: new Semaphore(MAX_LARGE_SESSIONS),
    writeMutex: new Semaphore(1),
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
    for await (const page of sessionPages(from, { filter, orderBy: "createdAt", direction: "asc" })) {
      await inParallel(page, CONCURRENCY, ({ id }) => {
        signal?.throwIfAborted();
        return one(id, begun++);
      });
    }
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

/**
 * Starts the work in order, `width` at a time. After a failure it starts no more, and waits for what has
 * begun.
 */
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
