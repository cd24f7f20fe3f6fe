export { type AppendPlan, type AppendTarget, appendResult, planAppend } from "./append-plan.ts";
export {
  BaseStore,
  type EntriesRequest,
  type ListRequest,
  type PlacedHit,
  type Rows,
  type SearchRequest,
} from "./base-store.ts";
export { changedContext, changedMetadata, checkTruncate, nextUpdatedAt } from "./change-plan.ts";
export { ChangeFeed } from "./changes.ts";
export {
  CheckedStore,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
} from "./checked-store.ts";
export { type CopyOptions, type CopyProgress, type CopyReport, copySessions } from "./copy.ts";
export type { InexactPlaces, RawCopy } from "./copy-session.ts";
export { countEntries, type EntryCounts, NO_ENTRIES } from "./counts.ts";
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
} from "./errors.ts";
export { firstRoundedWhole, isExactNumber } from "./exact-number.ts";
export {
  asciiLowerCase,
  MAX_FILTER_DEPTH,
  MAX_FILTER_NODES,
  matchesFilter,
  type SessionFilter,
  sessionFilterSchema,
} from "./filter.ts";
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
} from "./helpers.ts";
export {
  type EntryId,
  entryIdSchema,
  isCanonicalUuid,
  newUuid,
  parseSessionId,
  type SessionId,
  sessionIdSchema,
} from "./ids.ts";
export { deepFreeze, type JsonObject, type JsonValue, jsonEqual, MAX_JSON_DEPTH, setKey } from "./json.ts";
export type { Lifecycle } from "./lifecycle.ts";
export {
  type AppendDecision,
  checkLimits,
  decideAppend,
  type LimitedState,
  type LimitReached,
  type SessionLimits,
  sessionLimitsSchema,
  stricterLimits,
} from "./limits.ts";
export {
  type AddEntriesOptions,
  type AddEntryOptions,
  type ChangeOptions,
  type CreateOptions,
  type ForkOptions,
  type NewEntry,
  SessionManager,
  type SessionManagerOptions,
} from "./manager.ts";
export { matchStrings } from "./match-strings.ts";
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
} from "./model.ts";
export { rulesOut } from "./rule-out.ts";
export { scanSearch } from "./scan-search.ts";
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
} from "./search.ts";
export { entryPages, sameSession } from "./session-pages.ts";
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
} from "./store.ts";
export { entryToken, type SubscribeOptions, type SubscriptionEvent } from "./subscription.ts";
export { tokenize } from "./tokenize.ts";
export { Turns } from "./turns.ts";
export { entriesQuerySchema, listQuerySchema, parseInput } from "./validate.ts";
export { type StoreWarning, type WarningListener, Warnings } from "./warnings.ts";
