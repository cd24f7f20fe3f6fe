import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

async function filled() {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const given = session({ tags: ["a", "b", "a"] }, [entry("alpha"), entry("beta"), entry("gamma")]);
  await store.create(given);
  await store.create(session());
  // One that is pending in the time index, and has an entry that waits to be indexed.
  const moving = session({ tags: ["c"] });
  await store.create(moving);
  await store.append(moving.metadata.id, [entry("delta")], { at: 2000 });
  return { file, store, id: given.metadata.id };
}

/** Changes that no call of the store would make. */
function spoil(file: string, sql: string): void {
  const client = new Sqlite(file);
  client.pragma("foreign_keys = OFF");
  client.pragma("ignore_check_constraints = ON");
  client.exec(sql);
  client.close();
}

test("an intact file has no findings, whatever state it is in", async () => {
  const { store } = await filled();
  expect(await store.checkIntegrity()).toEqual([]);
  await store.search({ text: "alpha" });
  expect(await store.checkIntegrity()).toEqual([]);
});

test.each([
  ["a content that is no JSON", "UPDATE entries SET content = '{' WHERE seq = 1", "entries[1].content"],
  ["a gap", "DELETE FROM entries WHERE seq = 1", "entries[1]"],
  ["a counter", "UPDATE sessions SET user_message_count = 7 WHERE entry_count = 3", "userMessageCount"],
  ["the type of a session", "UPDATE sessions SET type_fields = '[' WHERE entry_count = 3", "sessionType"],
  ["a context", "UPDATE contexts SET context = 'x' WHERE session_key = 1", "context"],
  ["a missing context", "DELETE FROM contexts WHERE session_key = 1", "context"],
  ["a missing tag", "DELETE FROM session_tags WHERE tag = 'b'", "tags"],
  ["a tag with the wrong time", "UPDATE session_tags SET updated_at = 5 WHERE tag = 'a'", "tags"],
])("%s is reported with the session and the place", async (_, sql, field) => {
  const { file, store, id } = await filled();
  spoil(file, sql);
  const findings = await store.checkIntegrity();
  expect(findings).toContainEqual({ kind: "damaged", reason: expect.any(String), sessionId: id, field });
});

test.each([
  [
    "entries of no session",
    "INSERT INTO entries SELECT 99, 99, 0, entry_id, 0, type, NULL, 'null' FROM entries LIMIT 1",
    /^Table entries: row 99/,
  ],
  ["a status that there is none of", "UPDATE sessions SET status = 'odd'", /^Table sessions: .*CHECK/],
])("%s are reported", async (_, sql, message) => {
  const { file, store } = await filled();
  spoil(file, sql);
  const findings = await store.checkIntegrity();
  expect(findings).toContainEqual(expect.objectContaining({ reason: expect.stringMatching(message) }));
});

test("a call after close is refused", async () => {
  const { store } = await filled();
  await store.close();
  await expect(store.checkIntegrity()).rejects.toMatchObject({ code: "closed" });
});
