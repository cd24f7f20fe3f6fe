// The public face for authors of stores; what an application uses stands in index.ts.

export { backoffMs, jittered } from "./async/backoff.ts";
export { runSteps, runStepsInTurns, type Steps } from "./async/steps.ts";
export { Yielder } from "./async/yielder.ts";
export { arrayOf } from "./model/array-of.ts";
export { countEntries, type EntryCounts } from "./model/counts.ts";
export { alreadyExists, concurrentChange, invalidInput, notFound, versionConflict } from "./model/errors.ts";
export { isExactNumber } from "./model/exact-number.ts";
export { headOf } from "./model/head.ts";
export { isCanonicalUuid, isSessionId } from "./model/ids.ts";
export { deepFreeze, jsonEqual, setKey } from "./model/json.ts";
export { leastJsonLength } from "./model/json-length.ts";
export { type AppendPlan, type AppendTarget, appendResult, planAppend } from "./rules/append-plan.ts";
export { exceedsBounds } from "./rules/bounds.ts";
export { changedContext, changedMetadata, checkTruncate, nextUpdatedAt } from "./rules/change-plan.ts";
export { countValues, dayOf, LAST_DATE_MS } from "./rules/count-values.ts";
export { epochAfterDrop, firstEpoch, keptSince } from "./rules/epoch.ts";
export {
  asciiLowerCase,
  filterMatcher,
  idsOfFilter,
  MAX_FILTER_DEPTH,
  MAX_FILTER_IDS,
  MAX_FILTER_NODES,
} from "./rules/filter.ts";
export { type AppendDecision, decideAppend } from "./rules/limits.ts";
export { byNewest } from "./rules/order.ts";
export { cannotMatch } from "./search/cannot-match.ts";
export { contentStrings, MAX_SEARCHED_WORDS } from "./search/content-strings.ts";
export { matchStrings, matchStringsInTurns } from "./search/match-strings.ts";
export { indexText, indexTextSteps, parseSearchText, type SearchTerm } from "./search/search.ts";
export { assembleSession, type SessionReads } from "./store/assemble-session.ts";
export { BaseStore, damagedSession } from "./store/base-store.ts";
export { ChangeFeed } from "./store/change-feed.ts";
export {
  CheckedStore,
  OPENED_READ_ONLY,
  type ParsedCountQuery,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
} from "./store/checked-store.ts";
export type { Durability } from "./store/durability.ts";
export { entryRows } from "./store/entry-rows.ts";
export { LOCAL_FILE_SYSTEMS, NETWORK_FILE_SYSTEMS } from "./store/file-system-types.ts";
export { checkLabel, isLabelled, type LabelledStore, MAX_LABEL_LENGTH } from "./store/labelled-store.ts";
export {
  type EntriesRequest,
  type EntryRows,
  type HeadRows,
  type ListPlace,
  type ListRequest,
  MAX_PAGE_BYTES,
  type PlacedHit,
  type Rows,
  type SearchRequest,
  type SessionRows,
} from "./store/requests.ts";
export { scanSearch } from "./store/scan-search.ts";
export type {
  BackupReport,
  DatabaseMaintenance,
  FileLeft,
  RecoveryReport,
  RepairReport,
  RestoreReport,
  SessionLock,
  SessionwiseMaintenance,
  StoreFinding,
  StoreMaintenance,
  VacuumReport,
  WholeStoreMaintenance,
} from "./store/store-maintenance.ts";
export type { StorePart } from "./store/store-part.ts";
export { Warnings } from "./store/warnings.ts";
export type { EntryEnvelope, EnvelopeRows, EnvelopesRequest } from "./views/envelopes.ts";
export type { StoreViews } from "./views/store-views.ts";
