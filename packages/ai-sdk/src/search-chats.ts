import type { SearchHit, SessionStore, StoredEntry } from "@thulp-sessions/core";
import { decodeContent, ifFound } from "@thulp-sessions/core/adapter";
import { chatOf, isMessage, messageEntryId } from "./stored-contents.ts";

/** Where a text was found. */
export interface ChatHit {
  readonly chatId: string;
  readonly title: string;
  /** `null` where the title matched, and for a message of more than 8 MiB. */
  readonly messageId: string | null;
  /** The text around the first match. */
  readonly snippet: string;
}

/** The chats and messages of these hits; what was deleted meanwhile is left out. */
export async function findInChats(store: SessionStore, hits: readonly SearchHit[]): Promise<ChatHit[]> {
  const ids = [...new Set(hits.map(({ sessionId }) => sessionId))];
  if (ids.length === 0) return [];
  const { items } = await store.list({ filter: { ids }, limit: ids.length });
  const sessions = new Map(items.map((metadata) => [metadata.id, metadata]));
  const found = await Promise.all(
    hits.map(async ({ sessionId, seq, snippet }) => {
      const metadata = sessions.get(sessionId);
      const chatId = metadata && chatOf(metadata);
      if (metadata === undefined || chatId === undefined) return [];
      const messageId = seq === null ? null : messageIdIn(await entryAt(store, sessionId, seq));
      return [{ chatId, title: metadata.name, messageId, snippet }];
    }),
  );
  return found.flat();
}

async function entryAt(store: SessionStore, id: string, seq: number): Promise<StoredEntry | undefined> {
  const after = seq > 0 ? { after: seq - 1 } : {};
  return (await ifFound(store.readEntries(id, { ...after, limit: 1 })))?.items[0];
}

function messageIdIn(entry: StoredEntry | undefined): string | null {
  const message = entry && decodeContent(entry.content);
  return isMessage(message) && messageEntryId(message.id) === entry?.id ? message.id : null;
}
