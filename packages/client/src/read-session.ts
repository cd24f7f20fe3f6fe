import { isSessionError, MAX_PAGE, type SessionId, type StoredSession } from "@thulp-sessions/core";
import { assembleSession } from "@thulp-sessions/core/store";
import { checkAnswer, ENTRY_PAGE, HEAD, SESSION, wrongAnswer } from "./answers.ts";
import type { SessionClient } from "./client.ts";
import { sessionErrorOf } from "./session-error.ts";

/** A whole session: in one answer, or a large one in pages. */
export async function readSession(
  client: SessionClient,
  server: string,
  id: SessionId,
  call: { readonly signal?: AbortSignal },
): Promise<StoredSession> {
  const { entryCount } = checkAnswer(server, await client.sessions.head.query({ id }, call), HEAD);
  if (entryCount <= MAX_PAGE) {
    try {
      return checkAnswer(server, await client.sessions.get.query({ id }, call), SESSION);
    } catch (error) {
      // Its entries are few but large.
      if (!isSessionError(sessionErrorOf(error), "unsupported")) throw error;
    }
  }
  return assembleSession({
    head: async () => checkAnswer(server, await client.sessions.head.query({ id }, call), HEAD),
    entriesAfter: async (after) => {
      const query = { id, after, limit: MAX_PAGE };
      const page = checkAnswer(server, await client.entries.list.query(query, call), ENTRY_PAGE);
      for (const [i, { seq }] of page.items.entries())
        if (seq !== after + 1 + i) throw wrongAnswer(server, `entry ${after + 1 + i} is missing`);
      return page;
    },
  });
}
