import { claudeSessionStore, type FoldSessionSummary } from "@thulp-sessions/claude-agent-sdk";
import type { SessionStore } from "@thulp-sessions/core";

/** Options of `query` that keep its transcript in the store, and go on with the project's last session. */
export async function optionsFor(
  store: SessionStore,
  projectKey: string,
  foldSessionSummary?: FoldSessionSummary, // of the SDK
) {
  const sessionStore = claudeSessionStore(store, { foldSessionSummary });
  const sessions = await sessionStore.listSessions(projectKey);
  const last = sessions.reduce((a, b) => (b.mtime > a.mtime ? b : a), { sessionId: "", mtime: -1 });
  return last.sessionId === "" ? { sessionStore } : { sessionStore, resume: last.sessionId };
}
