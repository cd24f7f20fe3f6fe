// `@thulp-sessions/core/view`: what entries say to a person, and what a session cost, computed when it is
// read. Imports next to nothing, so that pages load no more than this.
export { costText } from "./entry-view/cost-text.ts";
export {
  addTokens,
  type EntryFacts,
  type EntryReader,
  type EntryView,
  type ModelRequest,
  NO_TOKENS,
  type SeenEntry,
  type TokenCounts,
  tokenSum,
} from "./entry-view/entry-view.ts";
export { DEFAULT_VIEW, EntryViews, type ViewLoader, viewedParts } from "./entry-view/entry-views.ts";
export { costOf, type ModelPrice, type PriceList, priceOf, type TokenPrices } from "./entry-view/prices.ts";
export { type SessionSummary, SessionTally, SummarySum } from "./entry-view/session-summary.ts";
export type { Cost, ModelUse, ToolUse } from "./entry-view/usage-sums.ts";
export {
  blocksParts,
  callTitle,
  defaultParts,
  importedRecord,
  isImported,
  resultParts,
  type ViewPart,
} from "./entry-view/view-parts.ts";
