export { type ClaudeSessionStoreOptions, claudeSessionStore } from "./claude-session-store.ts";
export type {
  ClaudeEntry,
  ClaudeSessionKey,
  ClaudeSessionStore,
  ClaudeSummary,
  FoldSessionSummary,
} from "./sdk-types.ts";
