import { allSessions, type SessionId, type SessionMetadata, type SessionStore } from "@thulp-sessions/core";
import type { Context } from "../command/context.ts";
import { truncate } from "../render/columns.ts";
import { shownName } from "../render/text.ts";
import { dateTime } from "../render/time.ts";
import { confirm } from "../terminal/confirm.ts";
import { Failure, usage } from "../terminal/exit.ts";

const FULL = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHOWN_CANDIDATES = 5;

/**
 * The id that a person has typed to look at a session: whole, or so much of it that no other begins so.
 *
 * @throws {Failure} when no session begins so, or several do; these are then named.
 */
export async function idToLookAt(context: Context, store: SessionStore, typed: string): Promise<string> {
  const text = typed.trim().toLowerCase();
  if (FULL.test(text)) return text;
  if (!/^[0-9a-f][0-9a-f-]{0,35}$/.test(text))
    throw usage(
      `"${typed}" is no session id: expected a UUID or its beginning. thulp-sessions list shows them.`,
    );
  const { ids, shownBy } = await startingWith(context, store, text);
  const [only] = ids;
  if (!only) throw new Failure(`No session's id begins with ${text}. thulp-sessions list shows them.`);
  if (ids.length === 1) return only;
  const shown = await shownBy();
  const more = ids.length - shown.length;
  throw new Failure(
    `${ids.length} sessions begin with ${text}; type more of the id:\n${[...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n")}`,
  );
}

/**
 * The id of a session that is to be changed: whole, since a typing error in a short one could hit another
 * session. On a terminal a short one is asked about.
 */
export async function idToChange(context: Context, store: SessionStore, typed: string): Promise<string> {
  const text = typed.trim().toLowerCase();
  if (FULL.test(text)) return text;
  const id = await idToLookAt(context, store, typed);
  const { metadata } = await store.head(id);
  if (!context.io.interactive)
    throw usage(
      `What changes a session wants the whole id. Did you mean ${id} (${shownName(metadata.name)})?`,
    );
  if (!(await confirm(context.io, `${id} "${shownName(metadata.name)}": is this the one?`)))
    throw new Failure("Nothing was changed.");
  return id;
}

interface Candidates {
  readonly ids: readonly string[];
  /** The first of them, each in a line. */
  readonly shownBy: () => Promise<string[]>;
}

async function startingWith(context: Context, store: SessionStore, prefix: string): Promise<Candidates> {
  const ids = await context.idsByName(prefix);
  if (ids !== null) {
    const first = ids.slice(0, SHOWN_CANDIDATES) as SessionId[];
    const shownBy = async () => {
      const { items } = await store.list({ filter: { ids: first } });
      // One that cannot be read is one of them all the same.
      return first.map((id) => describe(items.find((metadata) => metadata.id === id) ?? { id }));
    };
    return { ids, shownBy };
  }
  const found: SessionMetadata[] = [];
  for await (const metadata of allSessions(store)) if (metadata.id.startsWith(prefix)) found.push(metadata);
  return {
    ids: found.map(({ id }) => id),
    shownBy: async () => found.slice(0, SHOWN_CANDIDATES).map(describe),
  };
}

function describe({ id, name, updatedAt }: Pick<SessionMetadata, "id"> & Partial<SessionMetadata>): string {
  if (name === undefined || updatedAt === undefined) return `  ${id}  (cannot be read)`;
  return `  ${id}  ${dateTime(updatedAt)}  ${truncate(shownName(name), 40)}`;
}
