import { isSessionError, SessionError } from "./errors.ts";
import type { SessionFilter } from "./filter.ts";
import type { SessionId } from "./ids.ts";
import { type JsonValue, jsonEqual } from "./json.ts";
import type { Session, StoredSession } from "./model.ts";
import type { SessionStore } from "./store.ts";
import type { StoreWarning } from "./warnings.ts";

export interface CopyOptions {
  /** Only these sessions. */
  readonly filter?: SessionFilter | undefined;
  /** What becomes of a session that the target has with other contents: it stays (the default), or is replaced. */
  readonly onConflict?: "keep" | "newer" | "replace" | undefined;
  /** Copy sessions with numbers that JavaScript can only round too, as they were rounded. */
  readonly allowLossy?: boolean | undefined;
  /** Called after each session. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Stops between two sessions. */
  readonly signal?: AbortSignal | undefined;
}

export interface CopyProgress {
  readonly done: number;
  readonly total: number;
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
  readonly inexact: readonly { readonly id: SessionId; readonly places: readonly (number | "context")[] }[];
  /** Could not be read. */
  readonly unreadable: readonly StoreWarning[];
  /** Could be read, but the target does not take them, or holds a damaged session in their place; with its reason. */
  readonly refused: readonly StoreWarning[];
}

/**
 * Copies sessions from one store to another, one after the other. Each is written in one step, read back and compared
 * before it counts as copied. One that cannot be copied does not keep the others from it. To go on after an
 * interruption, call it again: what is there already is skipped.
 *
 * @throws {SessionError} when a store fails as a whole (`io`, `busy`, `closed`); `io` also when what was read back is not
 *   what was written.
 */
export async function copySessions(
  from: SessionStore,
  to: SessionStore,
  options: CopyOptions = {},
): Promise<CopyReport> {
  const { filter = {}, signal, onProgress } = options;
  const report = {
    copied: 0,
    equal: 0,
    replaced: 0,
    conflicts: [] as SessionId[],
    inexact: [] as { id: SessionId; places: (number | "context")[] }[],
    refused: [] as StoreWarning[],
  };
  const unreadable = new Map<string, StoreWarning>();
  const stopListening = from.warnings.listen((warning) => {
    unreadable.set(warning.sessionId ?? warning.path ?? warning.message, warning);
  });
  try {
    const total = await from.count(filter);
    let done = 0;
    let cursor: string | undefined;
    do {
      const page = await from.list({ filter, orderBy: "createdAt", direction: "asc", limit: 200, cursor });
      for (const { id } of page.items) {
        signal?.throwIfAborted();
        const session = await readSource(from, id, unreadable);
        // Whatever the target can keep: between two stores a number is one of JavaScript's.
        const places = session && !options.allowLossy ? inexactPlaces(session) : [];
        if (session && places.length > 0) report.inexact.push({ id, places });
        else if (session) {
          const outcome = await copyOne(session, to, options.onConflict ?? "keep");
          if (outcome === "conflict") report.conflicts.push(id);
          else if (typeof outcome === "object") report.refused.push(outcome);
          else report[outcome]++;
        }
        onProgress?.({ done: ++done, total });
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  } finally {
    stopListening();
  }
  return { ...report, unreadable: [...unreadable.values()] };
}

/** The session, or `undefined` when it is damaged (which is noted) or was deleted meanwhile. */
async function readSource(
  from: SessionStore,
  id: SessionId,
  unreadable: Map<string, StoreWarning>,
): Promise<StoredSession | undefined> {
  try {
    return await from.get(id);
  } catch (error) {
    if (isSessionError(error, "not_found")) return undefined;
    if (!isDamage(error)) throw error;
    unreadable.set(id, { code: error.code, message: error.message, sessionId: id });
    return undefined;
  }
}

function isDamage(error: unknown): error is SessionError {
  return isSessionError(error, "corrupt") || isSessionError(error, "unsupported");
}

type OnConflict = NonNullable<CopyOptions["onConflict"]>;

/** What became of the session; a warning where the target refused it. */
async function copyOne(
  session: StoredSession,
  to: SessionStore,
  onConflict: OnConflict,
): Promise<"copied" | "equal" | "replaced" | "conflict" | StoreWarning> {
  const { id } = session.metadata;
  for (let attempt = 1; ; attempt++) {
    try {
      return await putOne(session, to, onConflict);
    } catch (error) {
      if (isSessionError(error, "invalid_input") || isDamage(error)) {
        return { code: error.code, message: error.message, sessionId: id };
      }
      // Others write to the target: the session was changed or deleted between the look and the write.
      const raced = isSessionError(error, "conflict") || isSessionError(error, "not_found");
      if (!raced || attempt === 10) throw error;
    }
  }
}

async function putOne(
  session: StoredSession,
  to: SessionStore,
  onConflict: OnConflict,
): Promise<"copied" | "equal" | "replaced" | "conflict"> {
  const { id, updatedAt } = session.metadata;
  try {
    await to.create(session);
    await verify(session, to);
    return "copied";
  } catch (error) {
    if (!isSessionError(error, "already_exists")) throw error;
  }
  const present = await to.get(id);
  if (sameSession(session, present)) return "equal";
  if (onConflict === "keep" || (onConflict === "newer" && updatedAt <= present.metadata.updatedAt))
    return "conflict";
  const head = await to.replace(session, { expectedVersion: present.version });
  await verify({ ...session, metadata: { ...session.metadata, updatedAt: head.metadata.updatedAt } }, to);
  return "replaced";
}

async function verify(session: Session, to: SessionStore): Promise<void> {
  const { id } = session.metadata;
  let cause: unknown;
  try {
    if (sameSession(session, await to.get(id))) return;
  } catch (error) {
    if (!isSessionError(error, "not_found") && !isDamage(error)) throw error;
    cause = error;
  }
  throw new SessionError(
    "io",
    `Session ${id} is not the same in ${to.location} as it was written. Check that store.`,
    { cause, details: { sessionId: id } },
  );
}

/** Equal in everything that a caller has put there; `version`, `seq` and `inexact` are the store's. */
export function sameSession(a: Session, b: Session): boolean {
  const fields = ({ metadata, context, entries }: Session): JsonValue =>
    ({
      metadata,
      context,
      entries: entries.map(({ id, timestamp, entryType, content }) => ({
        id,
        timestamp,
        entryType,
        content,
      })),
    }) as unknown as JsonValue;
  return jsonEqual(fields(a), fields(b));
}

function inexactPlaces(session: StoredSession): (number | "context")[] {
  const entries = session.entries.filter(({ inexact }) => inexact).map(({ seq }) => seq);
  return session.inexact ? ["context", ...entries] : entries;
}
