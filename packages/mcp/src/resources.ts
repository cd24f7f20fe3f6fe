import { ResourceNotFoundError, ResourceTemplate } from "@modelcontextprotocol/server";
import { isSessionError } from "@thulp-sessions/core";
import { entryRecordOf } from "./entry-records.ts";
import { nameOf } from "./records.ts";
import type { Served } from "./served.ts";
import { describedSession } from "./tools/get-session.ts";
import type { VisibleSessions } from "./visible-sessions.ts";

const LISTED = 50;
const COMPLETED = 20;

/** Offers each session, and each entry of one, as a resource; the newest sessions are listed. */
export function registerResources(served: Served): void {
  const { server, sessions, maxChars } = served;
  const complete = { id: (text: string) => idsThatBegin(sessions, text) };
  server.registerResource(
    "session",
    new ResourceTemplate("thulp://sessions/{id}", { list: () => newest(sessions), complete }),
    {
      title: "A session",
      description: "What a session is, and its context; read_session reads its entries.",
      mimeType: "application/json",
    },
    (uri, { id }) => contents(uri, () => describedSession(served, one(id))),
  );
  server.registerResource(
    "entry",
    new ResourceTemplate("thulp://sessions/{id}/entries/{seq}", { list: undefined, complete }),
    { title: "An entry of a session", mimeType: "application/json" },
    (uri, { id, seq }) =>
      contents(uri, async () => {
        const { metadata } = await sessions.head(one(id));
        if (!/^\d{1,15}$/.test(one(seq))) return undefined;
        const { entry } = await sessions.manager.views.entry(metadata.id, Number(seq));
        return entry === null ? undefined : entryRecordOf(entry, maxChars);
      }),
  );
}

async function newest(sessions: VisibleSessions) {
  const { items } = await sessions.manager.pageSessions({ filter: sessions.filter({}), limit: LISTED });
  const resources = items.map((metadata) => ({
    uri: `thulp://sessions/${metadata.id}`,
    name: nameOf(metadata),
    mimeType: "application/json",
  }));
  return { resources };
}

/** The ids of visible sessions that begin with a text; none for what cannot be the beginning of one. */
export async function idsThatBegin(sessions: VisibleSessions, text: string): Promise<string[]> {
  const { manager, tag } = sessions;
  if (text === "" || tag !== undefined) {
    const { items } = await manager.pageSessions({ filter: sessions.filter({}), limit: 1000 });
    return items
      .map(({ id }) => id as string)
      .filter((id) => id.startsWith(text.toLowerCase()))
      .slice(0, COMPLETED);
  }
  try {
    const { items } = await manager.views.resolve(text, { limit: COMPLETED });
    return items.map(({ id }) => id);
  } catch (error) {
    if (isSessionError(error, "invalid_input")) return [];
    throw error;
  }
}

/** @throws {ResourceNotFoundError} where there is no such thing, or none that is visible. */
async function contents(uri: URL, read: () => Promise<object | undefined>) {
  const value = await read().catch((error: unknown) => {
    if (isSessionError(error, "not_found") || isSessionError(error, "invalid_input")) return undefined;
    throw error;
  });
  if (value === undefined) throw new ResourceNotFoundError(uri.href);
  return { contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify(value) }] };
}

/** A variable of a template, which may be given more than once. */
function one(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join("/") : (value ?? "");
}
