import { SessionManager, userMessage } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";

const conversation = { type: "conversation", purpose: "test" } as const;

async function fenced() {
  const manager = new SessionManager(new MemoryStore());
  const entries = [userMessage("the secret word")];
  const ours = await manager.createSession("ours secret", conversation, {
    tags: ["project:a", "x"],
    entries,
  });
  const theirs = await manager.createSession("theirs secret", conversation, { tags: ["project:b"], entries });
  const connected = await connect({ tag: "project:a", write: true }, manager);
  return { ...connected, ours: ours.metadata.id, theirs: theirs.metadata.id };
}

test("a list and a search give only what has the tag", async () => {
  const { call, ours } = await fenced();
  expect(await call("list_sessions")).toMatchObject({ sessions: [{ id: ours }] });
  expect(await call("list_sessions", { tag: "project:b" })).toMatchObject({ sessions: [] });
  const { hits } = await call("search_sessions", { text: "secret" });
  expect(new Set((hits as { session_id: string }[]).map(({ session_id }) => session_id))).toEqual(
    new Set([ours]),
  );
});

test.each([
  ["get_session", {}],
  ["read_session", {}],
  ["append_entries", { entries: [{ type: "user_message", content: "x" }] }],
  ["fork_session", {}],
  ["update_session", { name: "stolen" }],
] as const)("%s does not know a session without the tag", async (tool, args) => {
  const { refusal, theirs, manager } = await fenced();
  const before = await manager.peekSession(theirs);
  const missing = "01a00000-0000-7000-8000-000000000000";
  const refused = await refusal(tool, { id: theirs, ...args });
  // The same words as for one that does not exist.
  expect(refused.replace(theirs, missing)).toBe(await refusal(tool, { id: missing, ...args }));
  expect(await manager.peekSession(theirs)).toEqual(before);
});

test("resources, prompts and completion stop at the tag too", async () => {
  const { client, ours, theirs } = await fenced();
  const { resources } = await client.listResources();
  expect(resources.map(({ uri }) => uri)).toEqual([`thulp://sessions/${ours}`]);
  await expect(client.readResource({ uri: `thulp://sessions/${theirs}` })).rejects.toThrow(/not found/i);
  await expect(client.readResource({ uri: `thulp://sessions/${theirs}/entries/0` })).rejects.toThrow(
    /not found/i,
  );
  await expect(client.getPrompt({ name: "continue_session", arguments: { id: theirs } })).rejects.toThrow();
  for (const value of ["", theirs.slice(0, 8)]) {
    const { completion } = await client.complete({
      ref: { type: "ref/prompt", name: "continue_session" },
      argument: { name: "id", value },
    });
    expect(completion.values).not.toContain(theirs);
  }
});

test("what is created gets the tag, and no change takes it away", async () => {
  const { call, ours, theirs, refusal } = await fenced();
  expect(await call("create_session", { name: "new" })).toMatchObject({ tags: ["project:a"] });
  expect(await call("update_session", { id: ours, remove_tags: ["project:a", "x"] })).toMatchObject({
    tags: ["project:a"],
  });
  expect(await call("fork_session", { id: ours })).toMatchObject({ tags: ["project:a"] });
  expect(await refusal("create_session", { name: "child", parent: theirs })).toMatch(/^not_found/);
});
