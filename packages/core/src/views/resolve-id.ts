import { leastJsonLength } from "../model/json-length.ts";
import type { SessionMetadata } from "../model/model.ts";
import { sessionPages } from "../store/all-sessions.ts";
import { MAX_PAGE_BYTES } from "../store/requests.ts";
import type { SessionStore } from "../store/session-store.ts";

/** The sessions whose id begins so. */
export interface ResolvedIds {
  /** By `createdAt`, the newest first. */
  readonly items: readonly SessionMetadata[];
  /** There are further ones. */
  readonly more: boolean;
}

/** @param prefix in lower case. */
export async function resolveId(store: SessionStore, prefix: string, limit: number): Promise<ResolvedIds> {
  const items: SessionMetadata[] = [];
  let left = MAX_PAGE_BYTES;
  for await (const page of sessionPages(store, { orderBy: "createdAt" }))
    for (const metadata of page) {
      if (!metadata.id.startsWith(prefix)) continue;
      left -= leastJsonLength(metadata);
      if (items.length > 0 && (items.length === limit || left < 0)) return { items, more: true };
      items.push(metadata);
    }
  return { items, more: false };
}
