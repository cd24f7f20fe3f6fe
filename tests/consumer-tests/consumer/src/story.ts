import {
  assistantMessage,
  SessionManager,
  type SessionStore,
  turnCount,
  userMessage,
} from "@thulp-sessions/core";

/** The same for every store: what a program does with a session, and what it then finds. */
export async function story(store: SessionStore): Promise<void> {
  const manager = new SessionManager(store);
  const { metadata } = await manager.createSession(
    "From outside",
    { type: "conversation", purpose: "tarballs" },
    { tags: ["consumer"] },
  );
  const question = userMessage("Does it hold?");
  await manager.addEntry(metadata.id, question.entryType, question.content);
  await manager.addEntries(metadata.id, [assistantMessage("It holds.")]);
  await manager.completeSession(metadata.id);

  const session = await manager.loadSession(metadata.id);
  const [found] = (await manager.searchSessions({ text: "holds" })).items;
  const { items } = await manager.pageSessions({ filter: { status: "completed", tag: "consumer" } });
  console.log(`${items.length} session, ${turnCount(session)} turn: ${found?.snippet}`);
  await store.close();
}
