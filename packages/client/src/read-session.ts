import {
  MAX_PAGE,
  type SessionHead,
  type SessionId,
  type StoredEntry,
  type StoredSession,
} from "@thulp-sessions/core";
import { checkAnswer, ENTRY_PAGE, HEAD, SESSION, wrongAnswer } from "./answers.ts";
import type { SessionClient } from "./client.ts";

/** How often a large session may change between its pages before it is requested as a whole after all. */
const MAX_ATTEMPTS = 5;

/** A whole session. A large one is read in pages, again if it changes meanwhile. */
export async function readSession(
  client: SessionClient,
  server: string,
  id: SessionId,
  call: { readonly signal?: AbortSignal },
): Promise<StoredSession> {
  const headNow = async () => checkAnswer(server, await client.sessions.head.query({ id }, call), HEAD);
  let head = await headNow();
  for (let attempts = 0; head.entryCount > MAX_PAGE && attempts < MAX_ATTEMPTS; attempts++) {
    const entries = await readPages(client, server, head, call);
    const now = await headNow();
    if (now.version === head.version && entries.length === head.entryCount) {
      const { metadata, context, version, epoch, inexact } = head;
      return { metadata, context, entries, version, epoch, ...(inexact && { inexact }) };
    }
    head = now;
  }
  return checkAnswer(server, await client.sessions.get.query({ id }, call), SESSION);
}

async function readPages(
  client: SessionClient,
  server: string,
  head: SessionHead,
  call: { readonly signal?: AbortSignal },
): Promise<StoredEntry[]> {
  const { id } = head.metadata;
  const entries: StoredEntry[] = [];
  while (entries.length < head.entryCount) {
    const query = { id, after: entries.length - 1, limit: MAX_PAGE };
    const page = checkAnswer(server, await client.entries.list.query(query, call), ENTRY_PAGE);
    if (page.items.length === 0) break;
    for (const entry of page.items) {
      if (entry.seq !== entries.length) throw wrongAnswer(server, `entry ${entries.length} is missing`);
      entries.push(entry);
    }
  }
  return entries;
}
