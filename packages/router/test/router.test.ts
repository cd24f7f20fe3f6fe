import { describe, expect, it } from "vitest";
import { appRouter } from "../src/index.ts";
import { CHAT, ID, NOW, OTHER_ID, openApi, user } from "./harness.ts";

const PATHS = [
  ...[
    "create",
    "get",
    "head",
    "list",
    "count",
    "countBy",
    "heads",
    "exists",
    "update",
    "save",
    "delete",
    "complete",
    "fail",
  ],
  ...["cancel", "pause", "resume", "fork", "rewind", "checkLimits", "search", "watch"],
  ...["facets", "tree", "scores", "resolve"],
];
const ENTRIES = ["append", "list", "subscribe", "get", "part", "outline", "turns", "search"];

describe("the paths", () => {
  it("are those of the plan, and no others", () => {
    const expected = [
      ...PATHS.map((name) => `sessions.${name}`),
      ...ENTRIES.map((name) => `entries.${name}`),
      "server.info",
    ];
    expect(Object.keys(appRouter._def.procedures).sort()).toEqual(expected.sort());
  });
});

describe("sessions", () => {
  it("creates with what is given, and gives the rest", async () => {
    const { api } = openApi();
    const given = await api.sessions.create({
      id: ID.toUpperCase(),
      name: "Given",
      sessionType: CHAT,
      status: "paused",
      tags: ["a", "a"],
      parentSession: OTHER_ID,
      context: { k: [1] },
      entries: [{ ...user("hi"), id: OTHER_ID, timestamp: 5 }, user("again")],
      createdAt: 10,
      updatedAt: 20,
    });
    expect(given).toMatchObject({
      metadata: {
        id: ID,
        status: "paused",
        tags: ["a", "a"],
        parentSession: OTHER_ID,
        createdAt: 10,
        updatedAt: 20,
      },
      context: { k: [1] },
      entryCount: 2,
      userMessageCount: 2,
      turnCount: 0,
    });
    const { entries, version } = await api.sessions.get({ id: ID });
    expect(version).toBe(given.version);
    expect(entries).toMatchObject([
      { id: OTHER_ID, timestamp: 5, seq: 0 },
      { timestamp: 10, seq: 1 },
    ]);

    const made = await api.sessions.create({ name: "Made", sessionType: CHAT });
    expect(made.metadata).toMatchObject({ createdAt: NOW, updatedAt: NOW, status: "active", tags: [] });
    expect(await api.sessions.head({ id: made.metadata.id })).toEqual(made);
  });

  it("lists, counts and finds out whether one is there", async () => {
    const { api } = openApi();
    for (const name of ["one", "two", "three"]) {
      await api.sessions.create({ name, sessionType: CHAT, tags: [name], createdAt: name.length });
    }
    const first = await api.sessions.list({ limit: 2, orderBy: "createdAt" });
    expect(first.items.map(({ name }) => name)[0]).toBe("three");
    const second = await api.sessions.list({
      limit: 2,
      orderBy: "createdAt",
      cursor: first.nextCursor ?? "",
    });
    expect([...first.items, ...second.items]).toHaveLength(3);
    expect(second.nextCursor).toBeNull();
    expect((await api.sessions.list()).items).toHaveLength(3);
    expect(await api.sessions.count()).toBe(3);
    expect(await api.sessions.count({ filter: { or: [{ tag: "one" }, { nameContains: "TW" }] } })).toBe(2);
    expect(await api.sessions.exists({ id: first.items[0]?.id ?? "" })).toBe(true);
    expect(await api.sessions.exists({ id: ID })).toBe(false);
  });

  it("updates what is named, and refuses a version that is past", async () => {
    const { api } = openApi();
    const { version } = await api.sessions.create({
      id: ID,
      name: "a",
      sessionType: CHAT,
      context: { x: 1, y: 2 },
    });
    const head = await api.sessions.update({
      id: ID,
      name: "b",
      tags: ["t"],
      sessionType: { type: "agent", agentName: "n" },
      parentSession: OTHER_ID,
      setContext: { z: 3 },
      removeContext: ["x"],
      at: NOW + 5,
      expectedVersion: version,
    });
    expect(head).toMatchObject({
      metadata: { name: "b", tags: ["t"], parentSession: OTHER_ID, updatedAt: NOW + 5, status: "active" },
      context: { y: 2, z: 3 },
    });
    expect((await api.sessions.update({ id: ID, parentSession: null, context: {} })).context).toEqual({});
    await expect(api.sessions.update({ id: ID, name: "c", expectedVersion: version })).rejects.toMatchObject({
      code: "CONFLICT",
      cause: { code: "conflict", details: { sessionId: ID } },
    });
  });

  it.each([
    ["complete", "completed"],
    ["fail", "failed"],
    ["cancel", "cancelled"],
    ["pause", "paused"],
    ["resume", "active"],
  ] as const)("%s makes it %s", async (path, status) => {
    const { api } = openApi();
    await api.sessions.create({ id: ID, name: "a", sessionType: CHAT });
    const { metadata, version } = await api.sessions[path]({ id: ID, at: NOW + 9 });
    expect(metadata).toMatchObject({ status, updatedAt: NOW + 9 });
    await expect(api.sessions[path]({ id: ID, expectedVersion: `${version}x` })).rejects.toThrow(
      "changed since",
    );
  });

  it("saves whole sessions: new, as read, over whatever is there, or only over one that is", async () => {
    const { api } = openApi();
    const { version: _, ...fresh } = await openSession(openApi());
    await expect(api.sessions.save({ session: fresh, overwrite: "existing" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    const created = await api.sessions.save({ session: fresh });
    expect(created).toMatchObject({ metadata: fresh.metadata, entryCount: 1 });
    await expect(api.sessions.save({ session: fresh })).rejects.toMatchObject({
      cause: { code: "already_exists" },
    });

    const read = await api.sessions.get({ id: ID });
    const renamed = { ...read, metadata: { ...read.metadata, name: "renamed" } };
    expect((await api.sessions.save({ session: renamed })).metadata.name).toBe("renamed");
    await expect(api.sessions.save({ session: renamed })).rejects.toMatchObject({
      cause: { code: "conflict" },
    });
    await expect(api.sessions.save({ session: renamed, expectedVersion: "other" })).rejects.toThrow(
      "expectedVersion: is another one",
    );
    await expect(
      api.sessions.save({ session: fresh, expectedVersion: "v", overwrite: true }),
    ).rejects.toMatchObject({ code: "BAD_REQUEST" });

    expect((await api.sessions.save({ session: fresh, overwrite: true })).metadata.name).toBe("a");
    expect((await api.sessions.save({ session: fresh, overwrite: "existing" })).entryCount).toBe(1);
    const { version } = await api.sessions.head({ id: ID });
    expect((await api.sessions.save({ session: fresh, expectedVersion: version })).entryCount).toBe(1);
  });

  it("deletes, once", async () => {
    const { api } = openApi();
    const { version } = await api.sessions.create({ id: ID, name: "a", sessionType: CHAT });
    await expect(api.sessions.delete({ id: ID, expectedVersion: `${version}x` })).rejects.toThrow();
    expect(await api.sessions.delete({ id: ID, expectedVersion: version })).toEqual({ deleted: true });
    expect(await api.sessions.delete({ id: ID })).toEqual({ deleted: false });
  });

  it("forks and rewinds", async () => {
    const api = (await withSession()).api;
    await api.entries.append({ id: ID, entries: [user("two"), user("three")] });
    const fork = await api.sessions.fork({ id: ID, newId: OTHER_ID, entryCount: 2, name: "fork", at: 7 });
    expect(fork).toMatchObject({
      metadata: { id: OTHER_ID, name: "fork", parentSession: ID, createdAt: 7 },
      entryCount: 2,
    });
    expect(await api.sessions.head({ id: OTHER_ID })).toEqual(fork);
    const head = await api.sessions.rewind({ id: ID, entryCount: 1, at: NOW + 100 });
    expect(head).toMatchObject({ entryCount: 1, metadata: { updatedAt: NOW + 100 } });
    await expect(api.sessions.rewind({ id: ID, entryCount: 2 })).rejects.toThrow("cannot be cut to 2");
  });

  it("checks limits and searches", async () => {
    const { api } = await withSession();
    const limits = { maxEntries: 1, action: "error" } as const;
    expect(await api.sessions.checkLimits({ id: ID, limits })).toMatchObject({ kind: "entries", max: 1 });
    expect(await api.sessions.checkLimits({ id: ID })).toBeNull();
    const late = { maxDurationMs: 10, action: "error" } as const;
    expect(await api.sessions.checkLimits({ id: ID, limits: late, at: NOW + 11 })).toMatchObject({
      kind: "duration",
      current: 11,
    });
    const { items } = await api.sessions.search({ text: "hello", filter: { status: "active" } });
    expect(items).toMatchObject([{ sessionId: ID, seq: 0, snippet: "hello" }]);
  });
});

describe("entries", () => {
  it("appends a batch with its ids, times and limits, and again without effect", async () => {
    const { api } = await withSession();
    const { version } = await api.sessions.head({ id: ID });
    const batch = {
      id: ID,
      entries: [{ ...user("two"), id: OTHER_ID, timestamp: 3 }, user("three")],
      at: NOW + 50,
      expectedVersion: version,
      limits: { maxEntries: 3, action: "end_session" } as const,
    };
    const result = await api.entries.append(batch);
    expect(result).toMatchObject({
      entries: [
        { id: OTHER_ID, seq: 1, timestamp: 3, added: true },
        { seq: 2, timestamp: NOW + 50 },
      ],
      entryCount: 3,
      status: "completed",
      updatedAt: NOW + 50,
      limit: { kind: "entries" },
    });
    const again = await api.entries.append({ ...batch, entries: batch.entries.slice(0, 1) });
    expect(again.entries).toMatchObject([{ seq: 1, added: false }]);
    await expect(
      api.entries.append({ ...batch, entries: [user("four")], expectedVersion: undefined }),
    ).rejects.toMatchObject({ code: "UNPROCESSABLE_CONTENT", cause: { code: "limit_exceeded" } });
  });

  it("lists pages, tails and types", async () => {
    const { api } = await withSession();
    await api.entries.append({
      id: ID,
      entries: [{ entryType: { type: "system_event", event: "e" }, content: null }, user("x"), user("y")],
    });
    const first = await api.entries.list({ id: ID, types: ["user_message"], limit: 2 });
    expect(first.items.map(({ seq }) => seq)).toEqual([0, 2]);
    const next = await api.entries.list({
      id: ID,
      types: ["user_message"],
      limit: 2,
      cursor: first.nextCursor ?? "",
    });
    expect(next.items.map(({ seq }) => seq)).toEqual([3]);
    expect((await api.entries.list({ id: ID, last: 2 })).items.map(({ seq }) => seq)).toEqual([2, 3]);
    await expect(api.entries.list({ id: ID, cursor: first.nextCursor ?? "" })).rejects.toMatchObject({
      cause: { code: "invalid_input", details: { field: "cursor" } },
    });
  });
});

describe("server.info", () => {
  it("tells of the server and its store", async () => {
    const { api, store } = await withSession();
    const info = await api.server.info();
    expect(info).toMatchObject({
      name: "test",
      version: "1.2.3",
      store: "memory:",
      capabilities: store.capabilities,
      sessionCount: 1,
      startedAt: NOW,
      durability: null,
      limits: null,
      subscriptionCount: 0,
      waitingWriteCount: 0,
    });
    expect(info.uptime).toBeGreaterThan(0);
  });
});

async function withSession() {
  const opened = openApi();
  await openSession(opened);
  return opened;
}

async function openSession({ api }: ReturnType<typeof openApi>) {
  await api.sessions.create({ id: ID, name: "a", sessionType: CHAT, entries: [user("hello")] });
  return api.sessions.get({ id: ID });
}
