export { Yielder } from "./async/yielder.ts";
export { type CopyOptions, type CopyProgress, type CopyReport, copySessions } from "./copy/copy.ts";
export type { InexactPlaces, RawCopy } from "./copy/copy-session.ts";
export { entryPages, sameSession } from "./copy/entry-pages.ts";
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
export { countEntries, type EntryCounts, NO_ENTRIES } from "./model/counts.ts";
export {
  alreadyExists,
  invalidInput,
  isSessionError,
  notFound,
  SESSION_ERROR_CODES,
  SessionError,
  type SessionErrorCode,
  type SessionErrorDetails,
  versionConflict,
} from "./model/errors.ts";
export { firstRoundedWhole, isExactNumber } from "./model/exact-number.ts";
export {
  type EntryId,
  entryIdSchema,
  isCanonicalUuid,
  newUuid,
  parseSessionId,
  type SessionId,
  sessionIdSchema,
} from "./model/ids.ts";
export {
  deepFreeze,
  type JsonObject,
  type JsonValue,
  jsonEqual,
  MAX_JSON_DEPTH,
  setKey,
} from "./model/json.ts";
export {
  ENTRY_TYPE_NAMES,
  type EntryType,
  type EntryTypeName,
  entryTypeSchema,
  MAX_ENTRY_BYTES,
  MAX_NAME_BYTES,
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
  sessionMetadataSchema,
  sessionNameSchema,
  sessionStatusSchema,
  sessionTypeSchema,
  type Timestamp,
  tagsSchema,
  timestampSchema,
  utf8Length,
} from "./model/model.ts";
export { type AppendPlan, type AppendTarget, appendResult, planAppend } from "./rules/append-plan.ts";
export { changedContext, changedMetadata, checkTruncate, nextUpdatedAt } from "./rules/change-plan.ts";
export {
  asciiLowerCase,
  MAX_FILTER_DEPTH,
  MAX_FILTER_NODES,
  matchesFilter,
  type SessionFilter,
  sessionFilterSchema,
} from "./rules/filter.ts";
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
  type AppendDecision,
  checkLimits,
  decideAppend,
  type LimitedState,
  type LimitReached,
  type SessionLimits,
  sessionLimitsSchema,
  stricterLimits,
} from "./rules/limits.ts";
export { rulesOut } from "./search/cannot-match.ts";
export { matchStrings } from "./search/match-strings.ts";
export {
  contentStrings,
  indexText,
  MAX_SEARCH_TEXT,
  parseSearchText,
  type SearchHit,
  type SearchPage,
  type SearchQuery,
  type SearchTerm,
  STRING_BOUNDARY,
  searchQuerySchema,
} from "./search/search.ts";
export { tokenize } from "./search/tokenize.ts";
export {
  BaseStore,
  type EntriesRequest,
  type ListRequest,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type SessionRows,
} from "./store/base-store.ts";
export { ChangeFeed } from "./store/change-feed.ts";
export {
  CheckedStore,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
} from "./store/checked-store.ts";
export { scanSearch } from "./store/scan-search.ts";
export {
  type AppendedEntry,
  type AppendOptions,
  type AppendResult,
  type EntriesQuery,
  type EntryPage,
  type ListQuery,
  MAX_PAGE,
  type SessionChange,
  type SessionPage,
  type SessionStore,
  type StoreCapabilities,
  type StoreChange,
  type WatchOptions,
  type WriteOptions,
} from "./store/session-store.ts";
export { entriesQuerySchema, listQuerySchema, parseInput } from "./store/validate.ts";
export { type StoreWarning, type WarningListener, Warnings } from "./store/warnings.ts";
export { entryToken, type SubscribeOptions, type SubscriptionEvent } from "./subscription/subscription.ts";
