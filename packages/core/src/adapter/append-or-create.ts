import { isSessionError } from "../model/errors.ts";
import type { JsonValue } from "../model/json.ts";
import type { SessionEntry, SessionMetadata, Timestamp } from "../model/model.ts";
import type { SessionStore } from "../store/session-store.ts";

/** What a session begins with, should there be none yet. */
export type NewSession = Pick<SessionMetadata, "id" | "name" | "sessionType" | "tags"> & {
  readonly parentSession?: SessionMetadata["parentSession"];
};

/** What {@link appendOrCreate} has done. */
export interface Appended {
  /** This call has made the session. */
  readonly created: boolean;
  /** How many of the entries were new. */
  readonly added: number;
  /** This and what follows: of the session after the call. */
  readonly entryCount: number;
  readonly updatedAt: Timestamp;
  readonly version: string;
  readonly epoch: string;
}

/** Another caller may delete and make the session in turns with this one, but hardly so often. */
const MAX_ROUNDS = 100;

/**
 * Appends entries to a session that is made with them where there is none. Atomic, and a repeat changes
 * nothing, as with `append`; no entries are lost, whichever caller makes the session. An existing session
 * keeps its name and tags.
 *
 * @param options `setContext` is of the same step.
 * @throws {SessionError} what `append` and `create` throw, but neither `not_found` nor `already_exists`.
 */
export async function appendOrCreate(
  store: SessionStore,
  session: NewSession,
  entries: readonly SessionEntry[],
  options: { readonly at: Timestamp; readonly setContext?: Readonly<Record<string, JsonValue>> },
): Promise<Appended> {
  for (let round = 1; ; round++) {
    try {
      const result = await store.append(session.id, entries, options);
      const { entryCount, updatedAt, version, epoch } = result;
      const added = result.entries.filter((each) => each.added).length;
      return { created: false, added, entryCount, updatedAt, version, epoch };
    } catch (error) {
      if (!isSessionError(error, "not_found") || round === MAX_ROUNDS) throw error;
    }
    // `create` takes entries of one id as they are: those are left to `append`, which decides about them.
    const repeats = new Set(entries.map(({ id }) => id)).size < entries.length;
    try {
      const head = await create(store, session, repeats ? [] : entries, options);
      const { metadata, entryCount, version, epoch } = head;
      const { updatedAt } = metadata;
      if (!repeats) return { created: true, added: entries.length, entryCount, updatedAt, version, epoch };
    } catch (error) {
      if (!isSessionError(error, "already_exists") || round === MAX_ROUNDS) throw error;
    }
  }
}

function create(
  store: SessionStore,
  { parentSession = null, ...session }: NewSession,
  entries: readonly SessionEntry[],
  { at, setContext = {} }: { at: Timestamp; setContext?: Readonly<Record<string, JsonValue>> },
) {
  return store.create({
    metadata: { ...session, parentSession, status: "active", createdAt: at, updatedAt: at },
    entries,
    context: setContext,
  });
}
