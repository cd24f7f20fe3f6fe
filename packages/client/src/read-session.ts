import {
  MAX_PAGE,
  type SessionHead,
  type SessionId,
  type StoredEntry,
  type StoredSession,
} from "@thulp-sessions/core";
import type { SessionClient } from "./client.ts";

/** How often a large session may change under the pages before it is asked for in one piece after all. */
const MAX_TRIES = 5;

/** A whole session: in one piece, or where it is large in pages, whose session did not change meanwhile. */
export async function readSession(
  client: SessionClient,
  id: SessionId,
  call: { readonly signal?: AbortSignal },
): Promise<StoredSession> {
  let head = await client.sessions.head.query({ id }, call);
  for (let tries = 0; head.entryCount > MAX_PAGE && tries < MAX_TRIES; tries++) {
    const entries = await readPages(client, id, head, call);
    const now = await client.sessions.head.query({ id }, call);
    if (now.version === head.version && entries.length === head.entryCount) {
      const { metadata, context, version, inexact } = head;
      return { metadata, context, entries, version, ...(inexact && { inexact }) };
    }
    head = now;
  }
  return client.sessions.get.query({ id }, call);
}

async function readPages(
  client: SessionClient,
  id: SessionId,
  head: SessionHead,
  call: { readonly signal?: AbortSignal },
): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  while (entries.length < head.entryCount) {
    const page = await client.entries.list.query({ id, after: entries.length - 1, limit: MAX_PAGE }, call);
    if (page.items.length === 0) break;
    entries.push(...page.items);
  }
  return entries;
}
