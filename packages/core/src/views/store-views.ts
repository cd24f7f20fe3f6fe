import type { SessionId } from "../model/ids.ts";
import type { SessionStore } from "../store/session-store.ts";
import type { FoundEntry, ViewedEntriesQuery, ViewedEntryPage } from "./entry-page.ts";
import type { EntryPart, PartQuery } from "./entry-part.ts";
import type { EnvelopeRows, EnvelopesRequest } from "./envelopes.ts";
import type { Facets, FacetsQuery } from "./facets.ts";
import type { FindQuery, FoundEntries } from "./find-entries.ts";
import type { SessionOutline, TurnPage, TurnsQuery } from "./outline.ts";
import type { ResolvedIds } from "./resolve-id.ts";
import type { RowPage, RowQuery } from "./session-rows.ts";
import type { ScorePage, ScoresQuery } from "./session-scores.ts";
import type { SessionTree, TreeQuery } from "./session-tree.ts";

/**
 * What a store answers by itself where `SessionViews` would need many calls of the contract, or contents that
 * nobody looks at. Each is optional, is given checked arguments, and answers what `SessionViews` would; the
 * tests of `tests/view-tests` compare them.
 */
export interface StoreViews {
  rows?(query: RowQuery): Promise<RowPage>;
  facets?(query: FacetsQuery): Promise<Facets>;
  resolve?(prefix: string, limit: number): Promise<ResolvedIds>;
  tree?(id: SessionId, query: TreeQuery): Promise<SessionTree>;
  scores?(query: ScoresQuery): Promise<ScorePage>;
  entryPage?(id: SessionId, query: ViewedEntriesQuery): Promise<ViewedEntryPage>;
  entry?(id: SessionId, seq: number): Promise<FoundEntry>;
  part?(id: SessionId, query: PartQuery): Promise<EntryPart>;
  outline?(id: SessionId, buckets: number): Promise<SessionOutline>;
  turns?(id: SessionId, query: TurnsQuery): Promise<TurnPage>;
  findEntries?(id: SessionId, query: FindQuery): Promise<FoundEntries>;
  /** @throws {SessionError} not_found, corrupt */
  envelopes?(id: SessionId, request: EnvelopesRequest): Promise<EnvelopeRows>;
}

const NONE: StoreViews = {};

/** The views that a store answers by itself: its property `views`, where it has one. */
export function viewsOf(store: SessionStore): StoreViews {
  return (store as SessionStore & { readonly views?: StoreViews }).views ?? NONE;
}
