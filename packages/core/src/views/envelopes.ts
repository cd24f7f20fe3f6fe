import type { SessionId } from "../model/ids.ts";
import type { EntryTypeName, StoredEntry } from "../model/model.ts";
import type { SessionStore } from "../store/session-store.ts";

/** An entry without its content. */
export type EntryEnvelope = Omit<StoredEntry, "content" | "inexact">;

/** Which envelopes; as in {@link EntriesRequest}. */
export interface EnvelopesRequest {
  readonly after: number;
  readonly before: number;
  readonly types: readonly EntryTypeName[] | null;
  readonly direction: "asc" | "desc";
}

/** Some envelopes: as many as the store reads without holding up others. */
export interface EnvelopeRows {
  readonly items: readonly EntryEnvelope[];
  readonly hasMore: boolean;
  readonly epoch: string;
}

type ReadEnvelopes = (id: SessionId, request: EnvelopesRequest) => Promise<EnvelopeRows>;

/** How a store reads entries without their contents; `undefined` for one that reads these anyway. */
export function envelopesOf(store: SessionStore): ReadEnvelopes | undefined {
  const { views } = store as SessionStore & { readonly views?: { readonly envelopes?: ReadEnvelopes } };
  return views?.envelopes && ((id, request) => views.envelopes?.(id, request) as Promise<EnvelopeRows>);
}
