// The public face for applications; what an author of a store needs beyond it stands in store.ts.
export { type CopyOptions, type CopyProgress, type CopyReport, copySessions } from "./copy/copy.ts";
export type { InexactPlaces, RawCopy } from "./copy/copy-rules.ts";
export { type EntryChunk, entryPages, sameSession } from "./copy/entry-pages.ts";
export {
  type AddEntriesOptions,
  type AddEntryOptions,
  type ChangeOptions,
  type CreateOptions,
  type ForkOptions,
  type NewEntry,
  SessionManager,
  type SessionManagerOptions,
} from "./manager/manager.ts";
export {
  isSessionError,
  SESSION_ERROR_CODES,
  SessionError,
  type SessionErrorCode,
  type SessionErrorDetails,
} from "./model/errors.ts";
export { firstRoundedWhole } from "./model/exact-number.ts";
export { entryIdSchema, sessionIdSchema } from "./model/id-schemas.ts";
export { type EntryId, newUuid, parseSessionId, type SessionId } from "./model/ids.ts";
export type { JsonObject, JsonValue } from "./model/json.ts";
export {
  ENTRY_TYPE_NAMES,
  type EntryType,
  type EntryTypeName,
  type GivenSession,
  MAX_ENTRY_BYTES,
  MAX_TEXT_BYTES,
  SESSION_STATUSES,
  SESSION_TYPE_NAMES,
  type Session,
  type SessionEntry,
  type SessionHead,
  type SessionMetadata,
  type SessionStatus,
  type SessionType,
  type StoredEntry,
  type StoredSession,
  type Timestamp,
} from "./model/model.ts";
export {
  entryTypeSchema,
  sessionNameSchema,
  sessionStatusSchema,
  sessionTypeSchema,
  tagsSchema,
  timestampSchema,
} from "./model/model-schemas.ts";
export { MAX_CONTEXT_BYTES, MAX_METADATA_BYTES } from "./rules/bounds.ts";
export { COUNTED_FIELDS, type CountedField, type ValueCount } from "./rules/count-values.ts";
export { matchesFilter, type SessionFilter, sessionFilterSchema } from "./rules/filter.ts";
export {
  assistantMessage,
  duration,
  type EntryDraft,
  isAtTurnLimit,
  remainingTurns,
  skillExecution,
  toolCall,
  turnCount,
  userMessage,
} from "./rules/helpers.ts";
export type { Lifecycle } from "./rules/lifecycle.ts";
export {
  checkLimits,
  type LimitedState,
  type LimitReached,
  type SessionLimits,
  sessionLimitsSchema,
} from "./rules/limits.ts";
export type {
  AppendedEntry,
  AppendOptions,
  AppendResult,
  SessionChange,
  WriteOptions,
} from "./rules/writes.ts";
export { type SearchHit, type SearchPage, type SearchQuery, searchQuerySchema } from "./search/search.ts";
export { type AllSessionsQuery, allHeads, allSessions } from "./store/all-sessions.ts";
export { countQuerySchema, entriesQuerySchema, listQuerySchema } from "./store/queries.ts";
export {
  type CountQuery,
  type DamagedSession,
  type EntriesQuery,
  type EntryPage,
  type HeadPage,
  type HeadQuery,
  type ListedHead,
  type ListQuery,
  MAX_PAGE,
  type SessionPage,
  type SessionStore,
  type StoreCapabilities,
  type StoreChange,
  type ValueCountPage,
  type WatchOptions,
} from "./store/session-store.ts";
export type { StoreWarning, WarningListener } from "./store/warnings.ts";
export { entryToken, type SubscribeOptions, type SubscriptionEvent } from "./subscription/subscription.ts";
export type { FoundEntry, ViewedEntriesQuery, ViewedEntry, ViewedEntryPage } from "./views/entry-page.ts";
export type { EntryPart, PartItem, PartQuery } from "./views/entry-part.ts";
export type { Facet, Facets, FacetsQuery } from "./views/facets.ts";
export type { FindQuery, FoundEntries, FoundPlace } from "./views/find-entries.ts";
export type { OutlineBucket, SessionOutline, Turn, TurnPage, TurnsQuery } from "./views/outline.ts";
export { parsePriceList } from "./views/price-list.ts";
export type { ResolvedIds } from "./views/resolve-id.ts";
export {
  type RowPage,
  type RowPart,
  type RowQuery,
  rowOfSession,
  type SessionCounts,
  type SessionPreview,
  type SessionRow,
  type SessionScore,
} from "./views/session-rows.ts";
export type { ScoredSession, ScorePage, ScoresQuery } from "./views/session-scores.ts";
export type { SessionTree, TreeNode, TreeQuery } from "./views/session-tree.ts";
export type { SessionViews } from "./views/session-views.ts";
export {
  bucketsSchema,
  facetsQuerySchema,
  findQuerySchema,
  partQuerySchema,
  resolveQuerySchema,
  rowPartsSchema,
  scoresQuerySchema,
  seqSchema,
  treeQuerySchema,
  turnsQuerySchema,
  viewedEntriesSchema,
} from "./views/view-queries.ts";
