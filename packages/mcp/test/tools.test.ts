import { SessionManager, userMessage } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";

const conversation = { type: "conversation", purpose: "test" } as const;

async function withSessions() {
  const manager = new SessionManager(new MemoryStore(), { clock: () => Date.UTC(2026, 10, 1) });
  const build = await manager.createSession("Fix the build", conversation, {
    tags: ["project:a"],
    context: { branch: "main" },
    updatedAt: Date.UTC(2026, 10, 2),
    entries: [
      { entryType: { type: "user_message" }, content: { text: "The parser test fails." } },
      { entryType: { type: "tool_call", toolName: "run_tests", success: false }, content: { exit: 1 } },
      { entryType: { type: "assistant_message" }, content: { text: "One assertion was wrong." } },
    ],
  });
  const other = await manager.createSession("Other", conversation, { updatedAt: Date.UTC(2026, 10, 1, 1) });
  return { build: build.metadata.id, other: other.metadata.id, ...(await connect({}, manager)) };
}

test("a server says what it offers, with the schema of each answer, and deletes nothing", async () => {
  const { client } = await connect({ write: true });
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).sort()).toEqual([
    "append_entries",
    "create_session",
    "fork_session",
    "get_session",
    "list_sessions",
    "read_session",
    "search_sessions",
    "update_session",
  ]);
  for (const { name, outputSchema, annotations, description } of tools) {
    expect(outputSchema, name).toBeDefined();
    expect(annotations, name).toMatchObject({ openWorldHint: false });
    expect(annotations?.destructiveHint ?? false, name).toBe(false);
    expect(description, name).toBeTruthy();
  }
  expect(client.getInstructions()).toContain("not a request to you now");
});

test("nothing is offered that does not come: no list changes, and no resource can be subscribed to", async () => {
  const { client } = await connect({ write: true });
  expect(client.getServerCapabilities()).toEqual({
    tools: { listChanged: false },
    resources: { listChanged: false },
    prompts: { listChanged: false },
    completions: {},
  });
});

test("without write only what reads is offered", async () => {
  const { client, refusal } = await connect();
  const { tools } = await client.listTools();
  expect(tools.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
  expect(tools).toHaveLength(4);
  await expect(refusal("create_session", { name: "x" })).rejects.toThrow(/create_session/);
});

test("sessions are listed, filtered and paged", async () => {
  const { call, build, other } = await withSessions();
  const all = await call("list_sessions");
  expect(all).toMatchObject({ next_cursor: null, sessions: [{ id: build }, { id: other }] });
  expect((all["sessions"] as unknown[])[0]).toEqual({
    id: build,
    name: "Fix the build",
    type: "conversation",
    status: "active",
    created_at: "2026-11-01T00:00:00.000Z",
    updated_at: "2026-11-02T00:00:00.000Z",
    tags: ["project:a"],
    parent: null,
  });
  for (const filter of [
    { tag: "project:a" },
    { name_contains: "BUILD" },
    { updated_after: "2026-11-01T12:00:00Z" },
  ])
    expect(await call("list_sessions", filter), JSON.stringify(filter)).toMatchObject({
      sessions: [{ id: build }],
    });
  expect(await call("list_sessions", { status: "failed" })).toEqual({ sessions: [], next_cursor: null });
  const first = await call("list_sessions", { limit: 1 });
  expect(first).toMatchObject({ sessions: [{ id: build }] });
  expect(await call("list_sessions", { limit: 1, cursor: first["next_cursor"] })).toMatchObject({
    sessions: [{ id: other }],
    next_cursor: null,
  });
});

test("what was said is found, and read around the place", async () => {
  const { call, build } = await withSessions();
  const found = await call("search_sessions", { text: "assertion" });
  expect(found).toMatchObject({
    hits: [
      {
        session_id: build,
        session_name: "Fix the build",
        seq: 2,
        snippet: expect.stringContaining("assertion"),
      },
    ],
  });
  expect(await call("search_sessions", { text: "assertion", types: ["user_message"] })).toMatchObject({
    hits: [],
  });
  expect(await call("search_sessions", { text: "build" })).toMatchObject({ hits: [{ seq: null }] });
  const around = await call("read_session", { id: build, around: 1, limit: 2 });
  expect(around).toEqual({
    name: "Fix the build",
    entry_count: 3,
    entries: [
      {
        seq: 0,
        type: "user_message",
        at: "2026-11-01T00:00:00.000Z",
        content: { text: "The parser test fails." },
        cut: false,
      },
      {
        seq: 1,
        type: "tool_call",
        at: "2026-11-01T00:00:00.000Z",
        detail: { tool_name: "run_tests", success: false },
        content: { exit: 1 },
        cut: false,
      },
    ],
    more: false,
    notes: 0,
  });
});

test.each([
  { place: {}, seqs: [8, 9] },
  { place: { after: 3 }, seqs: [4, 5] },
  { place: { before: 3 }, seqs: [1, 2] },
  { place: { around: 5, limit: 3 }, seqs: [4, 5, 6] },
  { place: { around: 0, limit: 4 }, seqs: [0, 1] },
  { place: { after: 9 }, seqs: [] },
  { place: { limit: 20 }, seqs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
])("of ten entries $place reads $seqs", async ({ place, seqs }) => {
  const { call, manager } = await connect();
  const entries = Array.from({ length: 10 }, (_, i) => userMessage(`entry ${i}`));
  const { metadata } = await manager.createSession("ten", conversation, { entries });
  const { entries: read, more } = await call("read_session", { limit: 2, id: metadata.id, ...place });
  expect((read as { seq: number }[]).map(({ seq }) => seq)).toEqual(seqs);
  expect(more).toBe(false);
});

test("a session is described without its entries", async () => {
  const { call, build } = await withSessions();
  expect(await call("get_session", { id: build })).toMatchObject({
    entry_count: 3,
    turn_count: 1,
    imported_from: null,
    context: { branch: "main" },
    context_cut: false,
  });
});

test("what the store refuses is told in its words", async () => {
  const { refusal } = await connect({ write: true });
  const missing = "01a00000-0000-7000-8000-000000000000";
  expect(await refusal("get_session", { id: missing })).toBe(`not_found: There is no session ${missing}.`);
  expect(await refusal("read_session", { id: "x" })).toMatch(/^invalid_input: /);
  expect(await refusal("read_session", { id: missing, after: 1, before: 2 })).toContain("do not go together");
  expect(await refusal("list_sessions", { cursor: "!" })).toMatch(/^invalid_input: /);
  expect(await refusal("list_sessions", { limt: 1 })).toContain("limt");
  expect(
    await refusal("append_entries", { id: missing, entries: [{ type: "tool_call", content: 1 }] }),
  ).toContain("tool_name");
});

test("a fault that is not the store's is told to the host, and an agent nothing of it", async () => {
  const store = new MemoryStore();
  store.head = () => Promise.reject(new Error("secret"));
  const faults: string[] = [];
  const options = { onError: (error: Error) => void faults.push(error.message) };
  const { refusal } = await connect(options, new SessionManager(store));
  const text = await refusal("get_session", { id: "01a00000-0000-7000-8000-000000000000" });
  expect(text).toMatch(/^internal: /);
  expect(text).not.toContain("secret");
  expect(faults).toEqual(["secret"]);
});

test("an agent keeps a session: creates, appends twice the same, forks, changes", async () => {
  const { call, manager } = await connect({ write: true });
  const { id } = await call("create_session", {
    name: "Kept",
    agent_name: "builder",
    tags: ["mine"],
    context: { step: 1 },
    entries: [{ type: "user_message", content: "Hello" }],
  });
  const entry = {
    id: "01a00000-0000-7000-8000-000000000001",
    type: "tool_call",
    tool_name: "ls",
    content: [1],
  };
  expect(await call("append_entries", { id, entries: [entry] })).toEqual({ seqs: [1], entry_count: 2 });
  expect(await call("append_entries", { id, entries: [entry] })).toEqual({ seqs: [1], entry_count: 2 });
  const fork = await call("fork_session", { id, entry_count: 1, name: "Fork" });
  expect(fork).toMatchObject({ name: "Fork", parent: id, entry_count: 1 });
  const change = {
    id,
    status: "completed",
    add_tags: ["done"],
    remove_tags: ["mine"],
    set_context: { step: 2 },
  };
  expect(await call("update_session", change)).toMatchObject({ status: "completed", tags: ["done"] });
  const stored = await manager.peekSession(id as string);
  expect(stored).toMatchObject({
    metadata: { name: "Kept", sessionType: { type: "agent", agentName: "builder" } },
    context: { step: 2 },
    entries: [{ content: "Hello" }, { entryType: { type: "tool_call", toolName: "ls", success: true } }],
  });
});

test.each([{ maxChars: 10 }, { maxChars: 4000.5 }, { tag: "" }])("%j is no option", async (options) => {
  await expect(connect(options)).rejects.toThrow(TypeError);
});
