import {
  type EntryDraft,
  type EntryType,
  isSessionError,
  type JsonObject,
  type JsonValue,
  SESSION_STATUSES,
  type Session,
  SessionManager,
  type SessionManagerOptions,
  type SessionStatus,
  type SessionType,
  type StoredSession,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { Redactor } from "@thulp-sessions/core/redaction";
import { describe, expect, test } from "vitest";
import { errorOf, makeEntry, makeSession, uuid } from "./make.ts";

// Longer than most files: one class has the original's whole API, and its tests share one manager.

const CONVERSATION: SessionType = { type: "conversation", purpose: "testing" };
const USER: EntryType = { type: "user_message" };
const ASSISTANT: EntryType = { type: "assistant_message" };

/** A manager whose clock goes on by one with each look, and whose ids count up. */
function setup(options: SessionManagerOptions = {}, store = new MemoryStore()) {
  let time = 10_000;
  let ids = 0;
  const manager = new SessionManager(store, { clock: () => ++time, newId: () => uuid(++ids), ...options });
  const make = (name = "A session") => manager.createSession(name, CONVERSATION);
  return { store, manager, make, now: () => time };
}

describe("createSession", () => {
  test("gives an active session with the id and time of the manager", async () => {
    const { manager, store } = setup();
    const session = await manager.createSession("My Session", CONVERSATION);
    expect(session).toEqual({
      metadata: {
        id: uuid(1),
        name: "My Session",
        sessionType: CONVERSATION,
        createdAt: 10_001,
        updatedAt: 10_001,
        status: "active",
        tags: [],
        parentSession: null,
      },
      entries: [],
      context: {},
      version: expect.any(String),
      epoch: expect.any(String),
    });
    expect(await store.get(uuid(1))).toEqual(session);
  });

  test("takes everything else as it is given", async () => {
    const { manager } = setup();
    const session = await manager.createSession("x", CONVERSATION, {
      id: uuid(77).toUpperCase(),
      tags: ["b", "a", "b"],
      parentSession: uuid(5),
      context: JSON.parse('{"__proto__":1}'),
      status: "paused",
      createdAt: 5,
      updatedAt: 3,
      entries: [
        { entryType: USER, content: 1 },
        { ...makeEntry(1), timestamp: 0 },
      ],
    });
    expect(session.metadata).toMatchObject({
      id: uuid(77),
      tags: ["b", "a", "b"],
      parentSession: uuid(5),
      status: "paused",
      createdAt: 5,
      updatedAt: 3,
    });
    expect(session.entries).toEqual([
      { id: uuid(1), timestamp: 5, entryType: USER, content: 1, seq: 0 },
      { ...makeEntry(1), timestamp: 0, seq: 1 },
    ]);
    expect(Object.keys(session.context)).toEqual(["__proto__"]);
    expect(await manager.peekSession(uuid(77))).toEqual(session);
  });

  test("refuses an id that is taken", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    const again = manager.createSession("again", CONVERSATION, { id: metadata.id });
    expect((await errorOf(() => again)).code).toBe("already_exists");
  });

  test("keeps nothing that is the caller's, and freezes nothing of it", async () => {
    const { manager } = setup();
    const context: Record<string, JsonValue> = { list: [1] };
    const tags = ["a"];
    const content = { text: "said" };
    const creating = manager.createSession(
      "x",
      { ...CONVERSATION },
      {
        context,
        tags,
        entries: [{ entryType: USER, content }],
      },
    );
    content.text = "changed";
    tags.push("changed");
    (context["list"] as number[]).push(2);
    const session = await creating;
    const { id } = session.metadata;
    for (const read of [session, await manager.loadSession(id), await manager.peekSession(id)]) {
      expect(read.entries[0]?.content).toEqual({ text: "said" });
      expect(read.metadata.tags).toEqual(["a"]);
      expect(read.context).toEqual({ list: [1] });
    }
    expect(Object.isFrozen(content)).toBe(false);
  });
});

describe("what is given out", () => {
  test("cannot be used to change the store or the cache", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    await manager.addEntry(metadata.id, USER, { text: "said" });
    const before = JSON.stringify(await manager.peekSession(metadata.id));
    const attack = (session: StoredSession) => {
      for (const change of [
        () => ((session.metadata as { name: string }).name = "changed"),
        () => (session.metadata.tags as string[]).push("changed"),
        () => ((session.entries[0] as { content: JsonValue }).content = "changed"),
        () => ((session.entries[0]?.content as { text: string }).text = "changed"),
        () => ((session.context as Record<string, JsonValue>)["x"] = "changed"),
        () => (session.entries as unknown[]).push("changed"),
      ]) {
        try {
          change();
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }
    };
    attack(await manager.loadSession(metadata.id));
    attack(await manager.peekSession(metadata.id));
    attack((await manager.activeSessions())[0] as StoredSession);
    for (const read of [await manager.loadSession(metadata.id), await manager.peekSession(metadata.id)]) {
      expect(JSON.stringify(read)).toBe(before);
    }
  });

  test("an entry is what was written, whatever the caller does meanwhile", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    const content = { text: "said" };
    const adding = manager.addEntry(metadata.id, USER, content);
    content.text = "changed";
    const entry = await adding;
    expect(entry.content).toEqual({ text: "said" });
    (entry.content as { text: string }).text = "changed";
    expect((await manager.peekSession(metadata.id)).entries[0]?.content).toEqual({ text: "said" });
  });
});

describe("loading", () => {
  test("load keeps a session in the cache, peek does not", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    await manager.clearCache();
    await manager.peekSession(metadata.id);
    expect(await manager.cachedSessionCount()).toBe(0);
    const loaded = await manager.loadSession(metadata.id);
    expect(await manager.cachedSessionCount()).toBe(1);
    expect(await manager.loadSession(metadata.id.toUpperCase())).toBe(loaded);
    await manager.evictFromCache(metadata.id);
    expect(await manager.cachedSessionCount()).toBe(0);
    await manager.evictFromCache(metadata.id);
  });

  test("a missing session is not_found, and is not cached", async () => {
    const { manager } = setup();
    for (const call of [manager.loadSession(uuid(9)), manager.peekSession(uuid(9))]) {
      expect((await errorOf(() => call)).code).toBe("not_found");
    }
    expect(await manager.cachedSessionCount()).toBe(0);
  });

  test("the active sessions are the cached ones, as they are now", async () => {
    const { manager, store, make } = setup();
    const [a, b, c] = [await make("a"), await make("b"), await make("c")];
    await manager.evictFromCache(b.metadata.id);
    await store.delete(c.metadata.id);
    await store.update(a.metadata.id, { name: "renamed" }, { at: 1 });
    const active = await manager.activeSessions();
    expect(active.map(({ metadata }) => metadata.name)).toEqual(["renamed"]);
    expect(await manager.cachedSessionCount()).toBe(1);
  });

  test("an error of the store is not taken for a session that is gone", async () => {
    const { manager, store, make } = setup();
    await make();
    await store.close();
    expect((await errorOf(() => manager.activeSessions())).code).toBe("closed");
    expect((await errorOf(() => manager.sessionExists(uuid(1)))).code).toBe("closed");
  });

  test("the cache holds no more than it may, the sessions used last", async () => {
    const { manager, make } = setup({ cacheSize: 2 });
    const [a, b, c] = [await make("a"), await make("b"), await make("c")];
    const names = async () => (await manager.activeSessions()).map(({ metadata }) => metadata.name);
    expect(await names()).toEqual(["b", "c"]);
    await manager.loadSession(b.metadata.id);
    await manager.loadSession(a.metadata.id);
    expect(await names()).toEqual(["b", "a"]);
    expect(c.metadata.name).toBe("c");
  });

  test("a cache of 0 keeps nothing", async () => {
    const { manager, make } = setup({ cacheSize: 0 });
    const { metadata } = await make();
    expect((await manager.loadSession(metadata.id)).metadata.name).toBe("A session");
    expect(await manager.cachedSessionCount()).toBe(0);
  });

  test("what another manager of the store changes is seen immediately", async () => {
    const { manager: one, store, make } = setup();
    const { manager: two } = setup({ newId: () => uuid(0xffff) }, store);
    const { metadata } = await make();
    const { id } = metadata;
    for (const [change, check] of [
      [() => two.addEntry(id, USER, 1), (s: StoredSession) => s.entries.length === 1],
      [() => two.completeSession(id), (s: StoredSession) => s.metadata.status === "completed"],
      [() => two.setContext(id, "k", 1), (s: StoredSession) => s.context["k"] === 1],
      [() => two.rewindSession(id, 0), (s: StoredSession) => s.entries.length === 0],
      [
        async () => {
          await two.deleteSession(id);
          await two.createSession("new", CONVERSATION, { id });
        },
        (s: StoredSession) => s.metadata.name === "new" && s.entries.length === 0,
      ],
    ] as const) {
      await one.loadSession(id);
      await change();
      expect(check(await one.loadSession(id))).toBe(true);
      expect(await one.loadSession(id)).toEqual(await one.peekSession(id));
    }
    await two.deleteSession(id);
    expect((await errorOf(() => one.loadSession(id))).code).toBe("not_found");
    expect(await one.cachedSessionCount()).toBe(0);
  });
});

describe("saveSession", () => {
  test("without a version it creates, and does not overwrite", async () => {
    const { manager } = setup();
    const session = makeSession({}, [makeEntry(1)]);
    expect(await manager.saveSession(session)).toMatchObject({
      entryCount: 1,
      metadata: { updatedAt: 2000 },
    });
    expect((await errorOf(() => manager.saveSession(session))).code).toBe("already_exists");
  });

  test("with a version it replaces what was read, unless it was changed since", async () => {
    const { manager, make } = setup();
    const read = await make();
    const saved = { ...read, metadata: { ...read.metadata, name: "renamed" }, entries: [makeEntry(1)] };
    await manager.saveSession(saved);
    expect(await manager.peekSession(read.metadata.id)).toMatchObject({
      metadata: { name: "renamed", updatedAt: read.metadata.updatedAt + 1 },
      entries: [{ ...makeEntry(1), seq: 0 }],
    });
    const error = await errorOf(() => manager.saveSession(saved));
    expect(error.code).toBe("conflict");
    expect(error.details.currentVersion).toBe((await manager.peekSession(read.metadata.id)).version);
  });

  test("with a version it does not bring back a session that was deleted", async () => {
    const { manager, make } = setup();
    const read = await make();
    await manager.deleteSession(read.metadata.id);
    expect((await errorOf(() => manager.saveSession(read))).code).toBe("not_found");
    expect(await manager.sessionExists(read.metadata.id)).toBe(false);
  });

  test("overwrite puts it in the place of whatever is there, or nothing", async () => {
    const { manager } = setup();
    const session = makeSession();
    await manager.saveSession(session, { overwrite: true });
    await manager.addEntry(session.metadata.id, USER, 1);
    await manager.saveSession({ ...session, version: "of long ago" } as Session, { overwrite: true });
    expect((await manager.peekSession(session.metadata.id)).entries).toEqual([]);
  });

  test("overwrite wins over others who create and delete at the same time", async () => {
    const store = new MemoryStore();
    const { manager } = setup({}, store);
    const session = makeSession();
    const replace = store.replace.bind(store);
    let rounds = 0;
    store.replace = async (...args) => {
      const result = replace(...args);
      await result.catch(() => {});
      if (rounds++ === 0) await store.create(makeSession({ name: "quicker" }));
      return result;
    };
    await manager.saveSession(session, { overwrite: true });
    expect(rounds).toBe(2);
    expect((await manager.peekSession(session.metadata.id)).metadata.name).toBe("A session");
  });

  test("overwrite does not try for ever in a store that contradicts itself", async () => {
    const store = new MemoryStore();
    const { manager, make } = setup({}, store);
    const session = await make();
    store.replace = (given) => new MemoryStore().replace(given);
    expect((await errorOf(() => manager.saveSession(session, { overwrite: true }))).code).toBe(
      "already_exists",
    );
  });

  test("other errors of the store come through", async () => {
    const { manager, store } = setup();
    await store.close();
    expect((await errorOf(() => manager.saveSession(makeSession(), { overwrite: true }))).code).toBe(
      "closed",
    );
  });

  test("writes what it was given, whatever the caller does meanwhile", async () => {
    const { manager } = setup();
    const session = makeSession({}, [makeEntry(1)]);
    const saving = manager.saveSession(session, { overwrite: true });
    (session.metadata as { name: string }).name = "changed";
    (session.entries as unknown[]).push("changed");
    await saving;
    expect(await manager.peekSession(session.metadata.id)).toMatchObject({ metadata: { name: "A session" } });
  });
});

describe("entries", () => {
  test("an entry gets the id and time of the manager, and its place", async () => {
    const { manager, make, now } = setup();
    const { metadata } = await make();
    const entry = await manager.addEntry(metadata.id, USER, { text: "Hello" });
    expect(entry).toEqual({
      id: uuid(2),
      timestamp: now(),
      entryType: USER,
      content: { text: "Hello" },
      seq: 0,
    });
    const session = await manager.peekSession(metadata.id);
    expect(session.entries).toEqual([entry]);
    expect(session.metadata.updatedAt).toBe(entry.timestamp);
  });

  test("the same id and content again changes nothing and gives the stored one", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    const options = { id: uuid(50), timestamp: 7 };
    const first = await manager.addEntry(metadata.id, USER, { a: 1, b: 2 }, options);
    const before = await manager.peekSession(metadata.id);
    const again = await manager.addEntry(
      metadata.id,
      USER,
      { b: 2, a: 1 },
      {
        id: uuid(50).toUpperCase(),
        timestamp: 99,
        expectedVersion: "of long ago",
        limits: { maxEntries: 0, action: "error" },
      },
    );
    expect(again).toEqual(first);
    expect(await manager.peekSession(metadata.id)).toEqual(before);
    const other = await errorOf(() => manager.addEntry(metadata.id, USER, { a: 2 }, options));
    expect(other).toMatchObject({ code: "conflict", details: { entryId: uuid(50) } });
  });

  test("a batch is added whole or not at all", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    const bad = [
      { entryType: USER, content: 1 },
      { entryType: USER, content: Number.NaN },
    ];
    expect(await errorOf(() => manager.addEntries(metadata.id, bad))).toMatchObject({
      code: "invalid_input",
      details: { field: "entries[1].content" },
    });
    expect((await manager.peekSession(metadata.id)).entries).toEqual([]);
    const result = await manager.addEntries(metadata.id, [
      { entryType: USER, content: 1 },
      { entryType: ASSISTANT, content: 2, timestamp: 4 },
    ]);
    expect(result).toMatchObject({
      entryCount: 2,
      entries: [
        { seq: 0, added: true },
        { seq: 1, timestamp: 4 },
      ],
    });
  });

  test("what is no JSON is refused before it is sent", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    for (const content of [undefined, 1n, new Date(0), "\ud800"]) {
      const adding = () => manager.addEntry(metadata.id, USER, content as JsonValue);
      expect((await errorOf(adding)).code).toBe("invalid_input");
    }
    const adding = () => manager.addEntry(metadata.id, undefined as unknown as EntryType, 1);
    expect((await errorOf(adding)).code).toBe("invalid_input");
  });

  test("a version that no longer holds is a conflict", async () => {
    const { manager, make } = setup();
    const { metadata, version } = await make();
    await manager.addEntry(metadata.id, USER, 1, { expectedVersion: version });
    const again = () => manager.addEntry(metadata.id, USER, 1, { expectedVersion: version });
    expect((await errorOf(again)).code).toBe("conflict");
  });

  test("a store that answers an append with nothing is found out", async () => {
    const { manager, store, make } = setup();
    const { metadata } = await make();
    const append = store.append.bind(store);
    store.append = async (...args) => ({ ...(await append(...args)), entries: [] });
    await expect(manager.addEntry(metadata.id, USER, 1)).rejects.toThrow("with none");
  });

  test("are read page by page", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    await manager.addEntries(
      metadata.id,
      Array.from({ length: 250 }, (_, i) => ({ entryType: i % 2 ? ASSISTANT : USER, content: i })),
    );
    expect((await manager.readEntries(metadata.id)).items).toHaveLength(100);
    const tail = await manager.readEntries(metadata.id, { last: 2, types: ["user_message"] });
    expect(tail.items.map(({ seq }) => seq)).toEqual([246, 248]);
    expect(tail.nextCursor).toBeNull();
  });
});

describe("limits", () => {
  test("of the manager and of the call hold together", async () => {
    const { manager, make } = setup({ limits: { maxEntries: 2, action: "ignore" } });
    const { metadata } = await make();
    const add = (limits?: Parameters<typeof manager.addEntries>[2]) =>
      manager.addEntries(metadata.id, [{ entryType: USER, content: 1 }], limits);
    expect((await add()).limit).toBeNull();
    expect((await add()).limit).toMatchObject({ kind: "entries", current: 2, max: 2, exceeded: false });
    const refused = await errorOf(() => add({ limits: { maxEntries: 100, action: "error" } }));
    expect(refused).toMatchObject({
      code: "limit_exceeded",
      details: { limit: { kind: "entries", current: 2, max: 2 } },
    });
    expect((await add()).limit).toMatchObject({ current: 3, exceeded: true });
  });

  test("end_session completes the session with the entry that meets it, and refuses what follows", async () => {
    const { manager, make } = setup({ limits: { maxTurns: 1, action: "end_session" } });
    const { metadata } = await make();
    await manager.addEntry(metadata.id, USER, 1);
    const result = await manager.addEntries(metadata.id, [{ entryType: ASSISTANT, content: 2 }]);
    expect(result).toMatchObject({ status: "completed", limit: { kind: "turns" } });
    expect((await manager.loadSession(metadata.id)).metadata.status).toBe("completed");
    expect((await errorOf(() => manager.addEntry(metadata.id, USER, 3))).code).toBe("limit_exceeded");
  });

  // A bound that is no number used to drop the manager's, and a misspelt key was passed over.
  test.each([
    { maxEntries: Number.NaN, action: "error" },
    { maxEntries: "5", action: "error" },
    { maxEntries: null, action: "error" },
    { maxEntry: 5, action: "error" },
    { maxEntries: 5, action: "explode" },
    { maxEntries: 5 },
    [],
  ])("that are wrong are refused: %j", async (limits) => {
    const { manager, make } = setup({ limits: { maxEntries: 1, action: "error" } });
    const { metadata } = await make();
    const options = { limits: limits as never };
    expect((await errorOf(() => manager.addEntry(metadata.id, USER, 1, options))).code).toBe("invalid_input");
    expect((await errorOf(() => manager.checkLimits(metadata.id, limits as never))).code).toBe(
      "invalid_input",
    );
  });

  test("of the manager do not change with the object they were given in", async () => {
    const limits = { maxEntries: 1, action: "error" as const };
    const { manager, make } = setup({ limits });
    limits.maxEntries = 100;
    const { metadata } = await make();
    await manager.addEntry(metadata.id, USER, 1);
    expect((await errorOf(() => manager.addEntry(metadata.id, USER, 1))).code).toBe("limit_exceeded");
  });

  test("checkLimits gives the first that is reached, up to now or the given time", async () => {
    const { manager, make } = setup({ limits: { maxDurationMs: 50, action: "error" } });
    const { metadata } = await make();
    const { id, createdAt } = metadata;
    expect(await manager.checkLimits(id)).toBeNull();
    expect(await manager.checkLimits(id, undefined, { at: createdAt + 50 })).toBeNull();
    expect(await manager.checkLimits(id, { maxTurns: 0, action: "ignore" })).toMatchObject({ kind: "turns" });
    expect(
      await manager.checkLimits(id, { maxDurationMs: 60, action: "error" }, { at: createdAt + 51 }),
    ).toEqual({
      kind: "duration",
      current: 51,
      max: 50,
      exceeded: true,
    });
    expect(await new SessionManager(manager.store).checkLimits(id)).toBeNull();
    expect((await errorOf(() => manager.checkLimits(uuid(99)))).code).toBe("not_found");
  });
});

describe("status", () => {
  const steps = [
    ["completeSession", "completed"],
    ["failSession", "failed"],
    ["cancelSession", "cancelled"],
    ["pauseSession", "paused"],
    ["resumeSession", "active"],
  ] as const;

  test("any may follow any other, as in the original", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    for (const from of SESSION_STATUSES) {
      for (const [method, status] of steps) {
        await manager.updateSession(metadata.id, { status: from });
        const head = await manager[method](metadata.id);
        expect(head.metadata.status).toBe(status);
        expect((await manager.loadSession(metadata.id)).metadata.status).toBe(status);
      }
    }
  });

  test("each moves the time on, to the clock's or the given one, and never back", async () => {
    const { manager, make, now } = setup();
    const { metadata } = await make();
    expect((await manager.pauseSession(metadata.id)).metadata.updatedAt).toBe(now());
    expect((await manager.resumeSession(metadata.id, { at: 20_000 })).metadata.updatedAt).toBe(20_000);
    expect((await manager.pauseSession(metadata.id, { at: 5 })).metadata.updatedAt).toBe(20_001);
  });

  test("takes an expected version", async () => {
    const { manager, make } = setup();
    const { metadata, version } = await make();
    await manager.pauseSession(metadata.id, { expectedVersion: version });
    const again = () => manager.completeSession(metadata.id, { expectedVersion: version });
    expect((await errorOf(again)).code).toBe("conflict");
    expect((await errorOf(() => manager.failSession(uuid(99)))).code).toBe("not_found");
  });

  describe("in a strict lifecycle", () => {
    const allowed = (from: SessionStatus, to: SessionStatus) =>
      from === to || from === "active" || from === "paused";

    test.each(SESSION_STATUSES.flatMap((from) => SESSION_STATUSES.map((to) => [from, to] as const)))(
      "%s to %s",
      async (from, to) => {
        const { manager } = setup({ lifecycle: "strict" });
        const session = await manager.createSession("x", CONVERSATION, { status: from });
        const { id } = session.metadata;
        const changed = { ...session.metadata, status: to };
        for (const call of [
          () => manager.updateSession(id, { status: to }),
          async () => manager.saveSession({ ...(await manager.peekSession(id)), metadata: changed }),
          () => manager.saveSession({ ...session, metadata: changed }, { overwrite: true }),
        ]) {
          if (allowed(from, to)) expect((await call()).metadata.status).toBe(to);
          else expect(await errorOf(call)).toMatchObject({ code: "conflict", details: { field: "status" } });
          const { metadata } = await manager.peekSession(id);
          expect(metadata.status).toBe(allowed(from, to) ? to : from);
          if (metadata.status !== from) {
            await manager.deleteSession(id);
            await manager.saveSession(makeSession({ ...session.metadata }));
          }
        }
      },
    );

    test("a status that is none is invalid_input, and its error is short", async () => {
      const { manager, make } = setup({ lifecycle: "strict" });
      const { metadata } = await make();
      const change = { status: "x".repeat(1e6) as SessionStatus };
      const error = await errorOf(() => manager.updateSession(metadata.id, change));
      expect(error.code).toBe("invalid_input");
      expect(error.message.length).toBeLessThan(700);
    });

    test("what is no status may be changed in a finished session", async () => {
      const { manager, make } = setup({ lifecycle: "strict" });
      const { metadata } = await make();
      await manager.completeSession(metadata.id);
      expect((await manager.updateSession(metadata.id, { name: "renamed" })).metadata.name).toBe("renamed");
    });

    test("the status is looked at again when the session was changed in between", async () => {
      const { manager, store, make } = setup({ lifecycle: "strict" });
      const { metadata } = await make();
      const { id } = metadata;
      const update = store.update.bind(store);
      let others: (() => Promise<unknown>) | undefined = () => update(id, { name: "other" }, { at: 1 });
      store.update = async (...args) => {
        const first = others;
        others = undefined;
        await first?.();
        return update(...args);
      };
      expect((await manager.completeSession(id)).metadata).toMatchObject({
        name: "other",
        status: "completed",
      });

      await update(id, { status: "active" }, { at: 1 });
      others = () => update(id, { status: "failed" }, { at: 1 });
      expect(await errorOf(() => manager.completeSession(id))).toMatchObject({
        details: { field: "status" },
      });

      await update(id, { status: "active" }, { at: 1 });
      const { version } = await manager.peekSession(id);
      others = () => update(id, { name: "again" }, { at: 1 });
      const expected = await errorOf(() => manager.completeSession(id, { expectedVersion: version }));
      expect(expected.details.currentVersion).toBeDefined();
      const stale = await errorOf(() => manager.completeSession(id, { expectedVersion: version }));
      expect(stale.details.currentVersion).toBeDefined();
    });

    test("the status that was checked is the one that is written", async () => {
      const { manager, make } = setup({ lifecycle: "strict" });
      const { metadata } = await make();
      const change: { status: SessionStatus } = { status: "paused" };
      const updating = manager.updateSession(metadata.id, change);
      change.status = "failed";
      expect((await updating).metadata.status).toBe("paused");
    });
  });
});

describe("updateSession and setContext", () => {
  test("change what they name and leave the rest", async () => {
    const { manager } = setup();
    const { metadata } = await manager.createSession("x", CONVERSATION, {
      tags: ["a"],
      context: { keep: 1, drop: 2 },
    });
    await manager.updateSession(metadata.id, {
      name: "y",
      sessionType: { type: "agent", agentName: "z" },
      tags: [],
      parentSession: metadata.id,
      removeContext: ["drop", "absent"],
    });
    expect(await manager.peekSession(metadata.id)).toMatchObject({
      metadata: {
        name: "y",
        sessionType: { type: "agent" },
        tags: [],
        parentSession: metadata.id,
        status: "active",
      },
      context: { keep: 1 },
    });
    await manager.updateSession(metadata.id, { parentSession: null, context: { all: "new" } });
    const session = await manager.peekSession(metadata.id);
    expect(session.metadata.parentSession).toBeNull();
    expect(session.context).toEqual({ all: "new" });
  });

  test("keys that are set at the same time all stay, __proto__ too", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    await Promise.all(["a", "b", "__proto__"].map((key) => manager.setContext(metadata.id, key, { key })));
    const { context } = await manager.peekSession(metadata.id);
    expect(Object.keys(context).sort()).toEqual(["__proto__", "a", "b"]);
    expect(Object.getPrototypeOf(context)).toBe(Object.prototype);
    const undefinedValue = () => manager.setContext(metadata.id, "u", undefined as unknown as JsonValue);
    expect((await errorOf(undefinedValue)).code).toBe("invalid_input");
  });

  test.each<[string, object]>([
    ["an unknown key", { title: "x" }],
    ["context together with setContext", { context: {}, setContext: {} }],
    ["context together with removeContext", { context: {}, removeContext: [] }],
    ["a context that is no object", { context: [] as unknown as JsonObject }],
    ["a map for a context", { setContext: new Map([["a", 1]]) }],
    ["its id", { id: uuid(5) }],
    ["its times", { updatedAt: 1 }],
    ["null for a name", { name: null }],
    ["a name of more than 64 KiB", { name: "é".repeat(32 * 1024 + 1) }],
  ])("refuse %s", async (_, change) => {
    const { manager, make } = setup();
    const { metadata, version } = await make();
    expect((await errorOf(() => manager.updateSession(metadata.id, change))).code).toBe("invalid_input");
    expect((await manager.peekSession(metadata.id)).version).toBe(version);
  });
});

describe("finding sessions", () => {
  async function three() {
    const all = setup();
    const { manager } = all;
    await manager.createSession("old", CONVERSATION, { createdAt: 100, updatedAt: 900, tags: ["t"] });
    await manager.createSession(
      "mid",
      { type: "agent", agentName: "a" },
      { createdAt: 200, status: "paused" },
    );
    await manager.createSession("new", CONVERSATION, { createdAt: 300, tags: ["t", "u"] });
    return all;
  }
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

  test("lists are by updatedAt, newest first", async () => {
    const { manager } = await three();
    expect(names(await manager.listSessions())).toEqual(["old", "new", "mid"]);
    expect(names(await manager.listSessions({ tag: "u" }))).toEqual(["new"]);
    expect(await manager.sessionCount()).toBe(3);
    expect(await manager.sessionCount({ tag: "t" })).toBe(2);
  });

  test("sessions of one time are listed by id, the greater first", async () => {
    const { manager } = setup();
    for (const n of [2, 3, 1]) await manager.saveSession(makeSession({ id: uuid(n), createdAt: n % 3 }));
    expect((await manager.listSessions()).map(({ id }) => id)).toEqual([3, 2, 1].map(uuid));
  });

  test("each way of finding", async () => {
    const { manager } = await three();
    expect(names(await manager.findByTag("t"))).toEqual(["old", "new"]);
    expect(names(await manager.findByType("AGENT"))).toEqual(["mid"]);
    expect(names(await manager.findByStatus("paused"))).toEqual(["mid"]);
    expect(names(await manager.findCreatedAfter(200))).toEqual(["new"]);
    expect(names(await manager.findUpdatedAfter(300))).toEqual(["old"]);
  });

  test("pages go on where they stopped", async () => {
    const { manager } = await three();
    const query = { orderBy: "createdAt", direction: "asc", limit: 2 } as const;
    const first = await manager.pageSessions(query);
    const rest = await manager.pageSessions({ ...query, cursor: first.nextCursor as string });
    expect([names(first.items), names(rest.items), rest.nextCursor]).toEqual([["old", "mid"], ["new"], null]);
    expect((await manager.pageSessions()).items).toHaveLength(3);
  });

  test("more sessions than a page holds are all listed, those of one time by id", async () => {
    const { manager, store } = setup();
    for (let i = 0; i < 1005; i++) await store.create(makeSession({ id: uuid(i) }));
    const listed = await manager.listSessions();
    expect(listed.map(({ id }) => id)).toEqual(Array.from({ length: 1005 }, (_, i) => uuid(1004 - i)));
  });

  test("search finds what was said, in the newest session first", async () => {
    const { manager } = await three();
    const [old, newer] = await manager.findByTag("t");
    for (const session of [old, newer])
      await manager.addEntry(session?.id as string, USER, { text: "a needle here" });
    const { items } = await manager.searchSessions({ text: "needle" });
    expect(items.map(({ sessionId, seq }) => [sessionId, seq])).toEqual([
      [newer?.id, 0],
      [old?.id, 0],
    ]);
  });
});

describe("deleting", () => {
  test("a missing session is fine", async () => {
    const { manager } = setup();
    expect(await manager.deleteSession(uuid(9))).toBe(false);
  });

  test("takes a session out of the store and the cache", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    expect(await manager.sessionExists(metadata.id)).toBe(true);
    expect(await manager.deleteSession(metadata.id.toUpperCase())).toBe(true);
    expect(await manager.sessionExists(metadata.id)).toBe(false);
    expect(await manager.cachedSessionCount()).toBe(0);
  });

  test("with a version that no longer holds nothing is deleted, nor taken out of the cache", async () => {
    const { manager, make } = setup();
    const { metadata, version } = await make();
    await manager.addEntry(metadata.id, USER, 1);
    const deleting = () => manager.deleteSession(metadata.id, { expectedVersion: version });
    expect((await errorOf(deleting)).code).toBe("conflict");
    expect(await manager.activeSessions()).toHaveLength(1);
  });
});

test("a session that is damaged exists", async () => {
  const { manager, store } = setup();
  for (const code of ["corrupt", "unsupported"] as const) {
    store.head = async () => {
      throw Object.assign(new Error("damaged"), { name: "SessionError", code });
    };
    expect(await manager.sessionExists(uuid(1))).toBe(true);
  }
});

describe("forkSession", () => {
  async function source() {
    const all = setup();
    const { metadata } = await all.manager.createSession(
      "source",
      { type: "agent", agentName: "a" },
      {
        tags: ["t"],
        context: { k: 1 },
        status: "failed",
        entries: [makeEntry(1), makeEntry(2), makeEntry(3)],
      },
    );
    return { ...all, id: metadata.id };
  }

  test("takes over type, tags, context and entries, with the other as its parent", async () => {
    const { manager, id, now } = await source();
    const fork = await manager.forkSession(id);
    expect(fork.metadata).toEqual({
      id: expect.not.stringMatching(id),
      name: "source",
      sessionType: { type: "agent", agentName: "a" },
      createdAt: now(),
      updatedAt: now(),
      status: "active",
      tags: ["t"],
      parentSession: id,
    });
    expect(fork.entries).toEqual((await manager.peekSession(id)).entries);
    expect(fork.context).toEqual({ k: 1 });
    expect(await manager.peekSession(fork.metadata.id)).toEqual(fork);
    await manager.addEntry(fork.metadata.id, USER, 1);
    expect((await manager.peekSession(id)).entries).toHaveLength(3);
  });

  test("takes as many entries as are asked for", async () => {
    const { manager, id } = await source();
    const fork = await manager.forkSession(id, { entryCount: 1, id: uuid(500), name: "fork", at: 42 });
    expect(fork.metadata).toMatchObject({ id: uuid(500), name: "fork", createdAt: 42, updatedAt: 42 });
    expect(fork.entries.map(({ seq }) => seq)).toEqual([0]);
    expect((await manager.forkSession(id, { entryCount: 0 })).entries).toEqual([]);
    expect((await errorOf(() => manager.forkSession(id, { id: uuid(500) }))).code).toBe("already_exists");
  });

  // -1 used to leave out the last entry, 1.5 and NaN to be rounded down.
  test.each([4, -1, 1.5, Number.NaN, "2", null])("of %s entries is refused", async (entryCount) => {
    const { manager, id } = await source();
    const forking = () => manager.forkSession(id, { entryCount: entryCount as number });
    expect(await errorOf(forking)).toMatchObject({ code: "invalid_input", details: { field: "entryCount" } });
    expect(await manager.sessionCount()).toBe(1);
  });

  test("of numbers that were rounded is not said to hold the exact ones", async () => {
    const { manager, store, id } = await source();
    const get = store.get.bind(store);
    store.get = async (given) => {
      const session = await get(given);
      return given === id
        ? { ...session, entries: session.entries.map((entry) => ({ ...entry, inexact: true as const })) }
        : session;
    };
    expect((await errorOf(() => manager.forkSession(id))).code).toBe("unsupported");
    const fork = await manager.forkSession(id, { allowLossy: true });
    expect(fork).toEqual(await manager.peekSession(fork.metadata.id));
  });
});

describe("rewindSession", () => {
  test("keeps the first entries", async () => {
    const { manager, make } = setup();
    const { metadata } = await make();
    await manager.addEntries(
      metadata.id,
      [1, 2, 3].map((content) => ({ entryType: USER, content })),
    );
    const head = await manager.rewindSession(metadata.id, 1, { at: 90_000 });
    expect(head).toMatchObject({ entryCount: 1, userMessageCount: 1, metadata: { updatedAt: 90_000 } });
    for (const count of [2, -1, 0.5, Number.NaN]) {
      expect((await errorOf(() => manager.rewindSession(metadata.id, count))).code).toBe("invalid_input");
    }
    const stale = () => manager.rewindSession(metadata.id, 0, { expectedVersion: "x" });
    expect((await errorOf(stale)).code).toBe("conflict");
    expect((await manager.loadSession(metadata.id)).entries.map(({ content }) => content)).toEqual([1]);
    await manager.rewindSession(metadata.id, 0);
    expect((await manager.loadSession(metadata.id)).entries).toEqual([]);
  });
});

describe("hostile ids", () => {
  const calls: [string, (manager: SessionManager, id: string) => unknown][] = [
    ["loadSession", (m, id) => m.loadSession(id)],
    ["peekSession", (m, id) => m.peekSession(id)],
    ["addEntry", (m, id) => m.addEntry(id, USER, 1)],
    ["updateSession", (m, id) => m.updateSession(id, {})],
    ["deleteSession", (m, id) => m.deleteSession(id)],
    ["sessionExists", (m, id) => m.sessionExists(id)],
    ["evictFromCache", (m, id) => m.evictFromCache(id)],
    ["readEntries", (m, id) => m.readEntries(id)],
    ["forkSession", (m, id) => m.forkSession(id)],
    ["rewindSession", (m, id) => m.rewindSession(id, 0)],
    ["checkLimits", (m, id) => m.checkLimits(id)],
    ["subscribe", (m, id) => m.subscribe(id).next()],
    ["createSession", (m, id) => m.createSession("x", CONVERSATION, { id })],
    ["createSession with a parent", (m, id) => m.createSession("x", CONVERSATION, { parentSession: id })],
  ];
  test.each(calls)("%s refuses them", async (_, call) => {
    const { manager } = setup();
    for (const id of ["", "../x", "x".repeat(1e6), 7 as unknown as string]) {
      const error = await errorOf(() => call(manager, id));
      expect(error.code).toBe("invalid_input");
      expect(error.message.length).toBeLessThan(700);
    }
  });
});

describe("the constructor", () => {
  const store = new MemoryStore();
  test.each<[string, unknown, unknown]>([
    ["no store", undefined, {}],
    ["a store that is none", {}, {}],
    ["a clock that is none", store, { clock: 7 }],
    ["ids that are none", store, { newId: "x" }],
    ["an unknown lifecycle", store, { lifecycle: "loose" }],
    ["a fraction as cache size", store, { cacheSize: 1.5 }],
    ["a negative cache size", store, { cacheSize: -1 }],
    ["wrong limits", store, { limits: { maxTurns: -1, action: "error" } }],
    ["a listener that is none", store, { onWarning: "x" }],
  ])("refuses %s with a TypeError", (_, given, options) => {
    expect(() => new SessionManager(given as MemoryStore, options as SessionManagerOptions)).toThrow(
      TypeError,
    );
  });

  test("has defaults for everything", async () => {
    const before = Date.now();
    const { metadata } = await new SessionManager(store).createSession("x", CONVERSATION);
    expect(metadata.createdAt).toBeGreaterThanOrEqual(before);
    expect(metadata.id).toMatch(/^[0-9a-f-]{14}7/);
  });
});

test("warnings of the store are passed on", async () => {
  const heard: string[] = [];
  const { store } = setup({ onWarning: ({ message }) => heard.push(message) });
  store.warnings.emit({ code: "corrupt", message: "damaged" });
  expect(heard).toEqual(["damaged"]);
});

test("a clock or ids that give nonsense are invalid_input", async () => {
  for (const options of [{ clock: () => Number.NaN }, { clock: () => 1.5 }, { newId: () => "1" }]) {
    const { manager } = setup(options);
    expect((await errorOf(() => manager.createSession("x", CONVERSATION))).code).toBe("invalid_input");
  }
});

test("after the store is closed every call says so", async () => {
  const { manager, store, make } = setup();
  await make();
  await store.close();
  for (const call of [
    manager.loadSession(uuid(1)),
    manager.listSessions(),
    manager.addEntry(uuid(1), USER, 1),
    manager.subscribe(uuid(1)).next(),
    manager.deleteSession(uuid(1)),
  ]) {
    expect(isSessionError(await call.catch((error: unknown) => error), "closed")).toBe(true);
  }
});

describe("a manager that redacts", () => {
  const secret = `ghp_${"a1B2c3D4".repeat(5)}`;
  const redact = (entry: Parameters<Redactor["entry"]>[0]) => new Redactor({ tell: () => "1" }).entry(entry);
  const content = { text: `use ${secret}` };
  const redacted = { text: "use [redacted: token of GitHub 1]" };

  test("stores what is added without its secrets, says so, and takes a repeat as one", async () => {
    const { manager, store } = setup({ redact });
    const first = { entryType: USER, content };
    const { metadata } = await manager.createSession("x", CONVERSATION, { entries: [first] });
    const added = await manager.addEntry(metadata.id, USER, content, { id: uuid(50) });
    expect(added).toMatchObject({ content: redacted, seq: 1 });
    const again = await manager.addEntries(metadata.id, [{ id: uuid(50), entryType: USER, content }]);
    expect(again.entries).toMatchObject([{ added: false, seq: 1 }]);
    const { entries } = await store.get(metadata.id);
    expect(entries.map((entry) => entry.content)).toEqual([redacted, redacted]);
  });

  test("does it once for every entry, and answers with what is stored", async () => {
    const quoted = (entry: EntryDraft) => ({ ...entry, content: `<${entry.content}>` });
    const { manager, store } = setup({ redact: quoted });
    const { metadata } = await manager.createSession("x", CONVERSATION, {
      entries: [{ entryType: USER, content: "a" }],
    });
    expect((await manager.addEntry(metadata.id, USER, "b")).content).toBe("<b>");
    await manager.addEntries(metadata.id, [{ entryType: USER, content: "c" }]);
    const { entries } = await store.get(metadata.id);
    expect(entries.map((entry) => entry.content)).toEqual(["<a>", "<b>", "<c>"]);
  });

  test("refuses what any other refuses", async () => {
    const { manager, make } = setup({ redact });
    const { metadata } = await make();
    for (const entry of [null, {}, { entryType: null, content: 1 }, { entryType: USER, content: undefined }])
      expect(await errorOf(() => manager.addEntries(metadata.id, [entry as never]))).toMatchObject({
        code: "invalid_input",
      });
    expect(() => setup({ redact: 1 as never })).toThrow(TypeError);
  });
});
