// Longer than most files: one contract after the other, over every store.
//
// The fourteen contracts are those of claude-agent-sdk-python (MIT, Copyright Anthropic, PBC),
// src/claude_agent_sdk/testing/session_store_conformance.py, in our own words; what a store of ours adds to
// them follows.
import {
  type ClaudeEntry,
  type ClaudeSessionStore,
  claudeSessionStore,
  type FoldSessionSummary,
} from "@thulp-sessions/claude-agent-sdk";
import type { SessionStore } from "@thulp-sessions/core";
import { idFromNames } from "@thulp-sessions/core/adapter";
import { messageText } from "@thulp-sessions/core/text";
import { LOCAL_KINDS, postgresKind, type StorePlace } from "@thulp-sessions/testing-stores";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const KINDS = [...LOCAL_KINDS, await postgresKind()];
const KEY = { projectKey: "proj", sessionId: "sess" };
const ID = idFromNames("claude-agent-sdk", "proj", "sess");

const entry = (more: object): ClaudeEntry => ({ type: "x", ...more });
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** As the SDK's: pure, and `data` is its own. */
const fold: FoldSessionSummary = (previous, { sessionId }, entries, { mtime } = {}) => ({
  sessionId,
  mtime: mtime ?? previous?.mtime ?? 0,
  data: {
    seen: [...((previous?.data["seen"] as unknown[]) ?? []), ...entries.map((each) => each["n"])],
    title: entries.findLast((each) => each["customTitle"])?.["customTitle"] ?? previous?.data["title"],
  },
});

describe.each(KINDS.filter(({ missing }) => missing === null))("over $name", (kind) => {
  let place: StorePlace;
  let store: SessionStore;
  let claude: Required<ClaudeSessionStore>;
  /** On a handle of its own. */
  let elsewhere: Required<ClaudeSessionStore>;

  beforeEach(async () => {
    place = await kind.place();
    store = await place.open();
    claude = claudeSessionStore(store, { foldSessionSummary: fold, tags: ["app"] }) as typeof claude;
    elsewhere = claudeSessionStore(await place.open(), { foldSessionSummary: fold }) as typeof claude;
  });
  afterEach(() => place.dispose());

  test("1, 3, 4: entries come in the order of the calls, whatever their ids", async () => {
    await claude.append(KEY, [entry({ uuid: "z", n: 1 })]);
    await claude.append(KEY, [entry({ uuid: "b", n: 2 }), entry({ uuid: "a", n: 3 })]);
    await claude.append(KEY, []);
    await elsewhere.append(KEY, [entry({ n: 4 }), entry({ n: 4 })]);
    const expected = [
      entry({ uuid: "z", n: 1 }),
      entry({ uuid: "b", n: 2 }),
      entry({ uuid: "a", n: 3 }),
      entry({ n: 4 }),
      entry({ n: 4 }),
    ];
    for (const each of [claude, elsewhere]) expect(await each.load(KEY)).toEqual(expected);
  });

  test("2: of what was never written there is nothing, which is not an empty list", async () => {
    expect(await claude.load(KEY)).toBe(null);
    await claude.append(KEY, []);
    expect(await claude.load(KEY)).toBe(null);
    await claude.append(KEY, [entry({})]);
    expect(await claude.load({ ...KEY, subpath: "none" })).toBe(null);
    expect(await claude.load({ ...KEY, sessionId: "none" })).toBe(null);
  });

  test("5, 6: subpaths and projects are apart", async () => {
    const keys = [KEY, { ...KEY, subpath: "subagents/agent-1" }, { ...KEY, projectKey: "other" }];
    for (const [n, key] of keys.entries()) await claude.append(key, [entry({ uuid: "same", n })]);
    for (const [n, key] of keys.entries())
      expect(await elsewhere.load(key)).toEqual([entry({ uuid: "same", n })]);
    for (const projectKey of ["proj", "other"])
      expect(await elsewhere.listSessions(projectKey)).toMatchObject([{ sessionId: "sess" }]);
  });

  test("7, 8: the sessions of a project are listed by their own ids, without what lies beside them", async () => {
    const before = Date.now();
    for (const sessionId of ["a", "b", "half \ud83d"])
      await claude.append({ ...KEY, sessionId }, [entry({})]);
    await claude.append({ ...KEY, sessionId: "a", subpath: "subagents/agent-1" }, [entry({})]);
    await claude.append({ ...KEY, sessionId: "c", subpath: "without a main one" }, [entry({})]);
    await claude.append({ projectKey: "project", sessionId: "d" }, [entry({})]);
    const listed = await elsewhere.listSessions("proj");
    expect(listed.map(({ sessionId }) => sessionId).sort()).toEqual(["a", "b", "half \ud83d"]);
    for (const { mtime } of listed) expect(mtime).toBeGreaterThanOrEqual(before);
    expect(await elsewhere.listSessions("never")).toEqual([]);
  });

  test("9, 10: a deleted session takes what lies beside it, and nothing else", async () => {
    await claude.delete({ ...KEY, sessionId: "never" });
    const beside = ["subagents/agent-1", "subagents/agent-2"].map((subpath) => ({ ...KEY, subpath }));
    const others = [
      { ...KEY, sessionId: "sess2" },
      { ...KEY, projectKey: "other" },
    ];
    for (const key of [KEY, ...beside, ...others]) await claude.append(key, [entry({})]);
    // Another program's fork has the tags of what it was made from.
    const { metadata, entries } = await store.get(ID);
    const fork = { ...metadata, id: idFromNames("test", "fork") as typeof metadata.id };
    await store.create({ metadata: { ...fork, parentSession: metadata.id }, entries, context: {} });
    await elsewhere.delete(KEY);
    for (const key of [KEY, ...beside]) expect(await claude.load(key)).toBe(null);
    for (const key of others) expect(await claude.load(key)).toHaveLength(1);
    expect(await claude.listSubkeys(KEY)).toEqual([]);
    expect((await claude.listSessions("proj")).map(({ sessionId }) => sessionId)).toEqual(["sess2"]);
    expect((await store.get(fork.id)).entries).toHaveLength(1);
  });

  test("11, 12, 13: transcripts beside a session are listed and deleted one by one", async () => {
    await claude.append(KEY, [entry({})]);
    expect(await elsewhere.listSubkeys(KEY)).toEqual([]);
    for (const subpath of ["subagents/agent-1", "subagents/agent-2", "[x]:y"])
      await claude.append({ ...KEY, subpath }, [entry({})]);
    await claude.append({ ...KEY, sessionId: "other", subpath: "subagents/agent-x" }, [entry({})]);
    const beside = async (by: ClaudeSessionStore) => (await by.listSubkeys(KEY)).sort();
    expect(await beside(elsewhere)).toEqual(["[x]:y", "subagents/agent-1", "subagents/agent-2"]);
    await elsewhere.delete({ ...KEY, subpath: "subagents/agent-1" });
    expect(await beside(claude)).toEqual(["[x]:y", "subagents/agent-2"]);
    expect(await claude.load(KEY)).toHaveLength(1);
    expect(await claude.listSubkeys({ ...KEY, sessionId: "never" })).toEqual([]);
  });

  test("14: summaries are what the fold makes of all entries, each of which it sees once", async () => {
    await claude.append(KEY, [entry({ n: 1, customTitle: "first" }), entry({ n: 2 })]);
    await claude.append({ ...KEY, subpath: "subagents/a" }, [entry({ n: 100, customTitle: "of an agent" })]);
    await claude.append({ ...KEY, projectKey: "other" }, [entry({ n: 200 })]);
    const summaries = async (by = claude) => {
      const found = await by.listSessionSummaries("proj");
      const listed = await by.listSessions("proj");
      // One that is older than its session makes the SDK read the session.
      for (const { sessionId, mtime } of found) expect(listed).toContainEqual({ sessionId, mtime });
      return found.map(({ sessionId, data }) => [sessionId, data]);
    };
    expect(await summaries()).toEqual([["sess", { seen: [1, 2], title: "first" }]]);
    expect(await summaries(elsewhere)).toEqual([["sess", { seen: [1, 2], title: "first" }]]);
    await elsewhere.append(KEY, [entry({ n: 3, customTitle: "second" })]);
    expect(await summaries()).toEqual([["sess", { seen: [1, 2, 3], title: "second" }]]);
    const [first] = await claude.listSessionSummaries("proj");
    expect(fold(first, KEY, [entry({ n: 4 })]).data["seen"]).toEqual([1, 2, 3, 4]);
    // Another program has taken entries away, and the session has grown again.
    await store.truncate(ID, 1, { at: Date.now() });
    await claude.append(KEY, [entry({ n: 5 }), entry({ n: 6 }), entry({ n: 7 })]);
    expect(await summaries()).toEqual([["sess", { seen: [1, 5, 6, 7], title: "first" }]]);
    const both = await Promise.all([summaries(), summaries(elsewhere)]);
    expect(both[0]).toEqual(both[1]);
    await claude.delete(KEY);
    expect(await summaries()).toEqual([]);
    expect(await claude.listSessionSummaries("never")).toEqual([]);
  });

  test("what is appended again is stored once; another entry of its uuid is left out", async () => {
    const entries = [1, 2, 3].map((n) => entry({ uuid: uuid(n), n }));
    await claude.append(KEY, entries);
    await elsewhere.append(KEY, entries.slice(1));
    await claude.append(KEY, [
      entry({ uuid: uuid(4), n: 4 }),
      entry({ uuid: uuid(2).toUpperCase(), n: "changed" }),
      entry({ uuid: uuid(3), n: "changed" }),
      entry({ uuid: uuid(5), n: 5 }),
      entry({ uuid: uuid(5), n: "again" }),
    ]);
    const expected = [...entries, entry({ uuid: uuid(4), n: 4 }), entry({ uuid: uuid(5), n: 5 })];
    expect(await elsewhere.load(KEY)).toEqual(expected);
    await claude.append(KEY, [entry({ uuid: uuid(1), n: "changed" })]);
    expect(await elsewhere.load(KEY)).toEqual(expected);
    const { entries: stored } = await store.get(ID);
    expect(stored[0]?.id).toBe(uuid(1));
  });

  test("a call that is made again after an error stores nothing twice", async () => {
    const entries = [entry({ n: 1 }), entry({ n: 1 }), entry({ uuid: "a", n: 2 })];
    const create = store.create.bind(store);
    const lost = vi.spyOn(store, "create").mockImplementationOnce(async (...args) => {
      await create(...args);
      throw new Error("the answer is lost");
    });
    await expect(claude.append(KEY, entries)).rejects.toThrow("lost");
    lost.mockRestore();
    await claude.append(KEY, entries);
    expect(await elsewhere.load(KEY)).toEqual(entries);
    // Another call with the same array is another call.
    await claude.append(KEY, entries);
    expect(await elsewhere.load(KEY)).toHaveLength(5);
  });

  test("calls that do not wait for each other are stored in their order, each whole", async () => {
    const calls = Array.from({ length: 20 }, (_, i) => [entry({ n: 2 * i }), entry({ n: 2 * i + 1 })]);
    await Promise.all(calls.map((entries) => claude.append(KEY, entries)));
    expect(await elsewhere.load(KEY)).toEqual(Array.from({ length: 40 }, (_, n) => entry({ n })));
    await Promise.all(calls.map((entries, i) => (i % 2 ? claude : elsewhere).append(KEY, entries)));
    const all = (await elsewhere.load(KEY))?.slice(40).map((each) => each["n"] as number) ?? [];
    for (let i = 0; i < all.length; i += 2) expect(all[i + 1]).toBe((all[i] ?? 0) + 1);
    for (const own of [0, 1]) {
      const mine = all.filter((n) => Math.floor(n / 2) % 2 === own);
      expect(mine).toEqual([...mine].sort((a, b) => a - b));
    }
  });

  test("any entry comes as it was, and reads as a conversation", async () => {
    let deep: unknown = "deep";
    for (let i = 0; i < 500; i++) deep = [deep];
    const said = (type: string, content: unknown, more = {}) =>
      entry({
        type,
        message: { role: type, content },
        uuid: uuid(0).replace(/^0/, String(said.count++)),
        ...more,
      });
    said.count = 1;
    const entries = [
      said("user", "What does the zebra eat?", { timestamp: "2026-01-02T03:04:05.006Z", cwd: "/x" }),
      said("assistant", [{ type: "text", text: "Grass." }]),
      said("assistant", [{ type: "tool_use", id: "t", name: "Read", input: {} }]),
      said("user", [{ type: "tool_result", tool_use_id: "t", content: "no", is_error: true }]),
      said("user", "what the harness adds", { isMeta: true }),
      entry({ type: "system", subtype: "compact_boundary", n: 1 }),
      entry({ type: "custom-title", customTitle: "half \ud83d" }),
      entry({ type: "x\ud83d", deep }),
      entry({ "~json": 1, nested: { "~bytes": "x" } }),
    ];
    await claude.append(KEY, entries);
    await store.append(
      ID,
      [
        {
          id: idFromNames("test", "note") as never,
          timestamp: 7,
          entryType: { type: "user_message" },
          content: { type: "note" },
        },
      ],
      { at: 7 },
    );
    expect(await elsewhere.load(KEY)).toEqual(entries);
    const { entries: stored, metadata } = await store.get(ID);
    expect(metadata).toMatchObject({
      name: "sess",
      sessionType: { type: "agent", agentName: "claude" },
      tags: [
        "claude-agent-sdk",
        'claude-agent-sdk:key:["proj","sess"]',
        "claude-agent-sdk:project:proj",
        "app",
      ],
    });
    expect(stored[0]?.timestamp).toBe(Date.parse("2026-01-02T03:04:05.006Z"));
    expect(stored.slice(0, 9).map(({ entryType }) => entryType)).toEqual([
      { type: "user_message" },
      { type: "assistant_message" },
      { type: "assistant_message" },
      { type: "tool_call", toolName: "tool_result", success: false },
      { type: "system_event", event: "claude:user:meta" },
      { type: "system_event", event: "claude:system:compact_boundary" },
      { type: "system_event", event: "claude:custom-title" },
      { type: "system_event", event: "claude:x\ufffd" },
      { type: "system_event", event: "claude:x" },
    ]);
    const texts = stored.map(({ content }) => messageText(content));
    expect(texts.slice(0, 4)).toEqual(["What does the zebra eat?", "Grass.", null, null]);
    const hits = await store.search({ text: "zebra" });
    expect(hits.items).toMatchObject([{ sessionId: ID, seq: 0 }]);
  });

  test("a transcript beside a session is its child, which may come first", async () => {
    const subpath = "subagents/agent-1";
    await claude.append({ ...KEY, subpath }, [entry({ n: 1 })]);
    await claude.append(KEY, [entry({ n: 2 })]);
    const { items } = await store.list({ filter: { parent: ID as never } });
    expect(items).toMatchObject([{ name: subpath, parentSession: ID }]);
    const tagged = await store.list({ filter: { tag: 'claude-agent-sdk:key:["proj","sess"]' } });
    expect(tagged.items).toHaveLength(2);
  });
});
