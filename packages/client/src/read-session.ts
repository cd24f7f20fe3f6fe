import {
  MAX_PAGE,
  type SessionHead,
  type SessionId,
  type StoredEntry,
  type StoredSession,
} from "@thulp-sessions/core";
import type { SessionClient } from "./client.ts";

/** How often a large session may change between its pages before it is requested as a whole after all. */
const MAX_ATTEMPTS = 5;

/** A whole session. A large one is read in pages, again if it changes meanwhile. */
export async function readSession(
  client: SessionClient,
  id: SessionId,
  call: { readonly signal?: AbortSignal },
): Promise<StoredSession> {
  let head = await client.sessions.head.query({ id }, call);
  for (let attempts = 0; head.entryCount > MAX_PAGE && attempts < MAX_ATTEMPTS; attempts++) {
    const entries = await readPages(client, id, head, call);
    const now = await client.sessions.head.query({ id }, call);
    if (now.version === head.version && entries.length === head.entryCount) {
      const { metadata, context, version, epoch, inexact } = head;
      return { metadata, context, entries, version, epoch, ...(inexact && { inexact }) };
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
