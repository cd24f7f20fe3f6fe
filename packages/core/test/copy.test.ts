import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type CopyOptions,
  type CopyProgress,
  copySessions,
  type Session,
  type SessionEntry,
  SessionError,
  type SessionMetadata,
  type StoredSession,
  sameSession,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { countEntries } from "@thulp-sessions/core/store";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { errorOf, makeEntry, makeMetadata, makeSession, uuid } from "./make.ts";

// Longer than most files: one function has many endings; each is tried beside the stores that provoke it.

const NOTHING = { copied: 0, equal: 0, replaced: 0, conflicts: [], inexact: [], unreadable: [], refused: [] };

function nth(
  n: number,
  given: Partial<SessionMetadata> = {},
  entries: readonly SessionEntry[] = [makeEntry(n)],
): Session {
  return { ...makeSession({ id: uuid(n), createdAt: n, ...given }, entries), context: { n } };
}

/** Whatever is read goes through `get`, so that a test replaces that one call. */
function memoryStore(): MemoryStore {
  const store = new MemoryStore();
  store.head = async (id) => {
    const { entries, ...head } = await store.get(id);
    return { ...head, ...countEntries(entries) };
  };
  store.readEntries = async (id, { after = -1, before = Infinity, limit = 100 } = {}) => {
    const { entries, epoch } = await store.get(id);
    const wanted = entries.filter(({ seq }) => seq > after && seq < before);
    return { items: wanted.slice(0, limit), nextCursor: null, epoch };
  };
  return store;
}

async function storeOf(...sessions: Session[]): Promise<MemoryStore> {
  const store = memoryStore();
  for (const session of sessions) await store.create(session);
  return store;
}

/** What is in a store, without its versions and epochs. */
async function contents(store: MemoryStore): Promise<unknown[]> {
  const { items } = await store.list({ orderBy: "createdAt", limit: 1000 });
  return Promise.all(
    items.map(async ({ id }) => {
      const { version: _, epoch: __, ...session } = await store.get(id);
      return session;
    }),
  );
}

describe("copying", () => {
  test("copies every session as it is, times, statuses and duplicate ids included", async () => {
    const from = await storeOf(
      nth(1, { status: "failed", tags: ["b", "a", "b"], updatedAt: 0 }, [
        makeEntry(1),
        makeEntry(1, "other"),
        makeEntry(1),
      ]),
      nth(2, { parentSession: uuid(1) }),
      { ...nth(3), context: JSON.parse('{"__proto__":{"a":[null]}}') },
    );
    const to = memoryStore();
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 3 });
    expect(await contents(to)).toEqual(await contents(from));
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, equal: 3 });
  });

  test("copies more than a page, and only those that match", async () => {
    const from = await storeOf(
      ...Array.from({ length: 1050 }, (_, i) => nth(i, { tags: i % 2 ? ["odd"] : [] })),
    );
    const to = memoryStore();
    expect((await copySessions(from, to, { filter: { tag: "odd" } })).copied).toBe(525);
    expect((await copySessions(from, to)).equal).toBe(525);
    expect(await contents(to)).toEqual(await contents(from));
  });

  test("of nothing does nothing", async () => {
    expect(await copySessions(memoryStore(), memoryStore())).toEqual(NOTHING);
  });

  test("reports its progress as sessions and entries are written", async () => {
    const from = await storeOf(nth(1), nth(2));
    const progress: CopyProgress[] = [];
    await copySessions(from, memoryStore(), { onProgress: (each) => progress.push(each) });
    expect(progress.at(-1)).toEqual({ done: 2, total: 2, entries: 2 });
    expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).sort());
    expect(progress.every(({ total }) => total === 2)).toBe(true);
  });
});

describe("a session that is there with other contents", () => {
  const older = nth(1, { updatedAt: 5000, name: "older" });
  const newer = nth(1, { updatedAt: 6000, name: "newer" }, [makeEntry(1), makeEntry(2)]);

  test.each<[CopyOptions["onConflict"], Session, Session, "kept" | "replaced"]>([
    [undefined, newer, older, "kept"],
    ["keep", newer, older, "kept"],
    ["newer", newer, older, "replaced"],
    ["newer", older, newer, "kept"],
    ["newer", { ...older, context: {} }, older, "kept"],
    ["replace", newer, older, "replaced"],
    ["replace", older, newer, "replaced"],
  ])("%s: %#", async (onConflict, source, present, outcome) => {
    const from = await storeOf(source);
    const to = await storeOf(present);
    const report = await copySessions(from, to, { onConflict });
    const [after] = (await contents(to)) as [StoredSession];
    if (outcome === "kept") {
      expect(report).toEqual({ ...NOTHING, conflicts: [uuid(1)] });
      expect(sameSession(after, present)).toBe(true);
    } else {
      expect(report).toEqual({ ...NOTHING, replaced: 1 });
      const { updatedAt } = after.metadata;
      expect(updatedAt).toBe(Math.max(source.metadata.updatedAt, present.metadata.updatedAt + 1));
      expect(sameSession(after, { ...source, metadata: { ...source.metadata, updatedAt } })).toBe(true);
    }
  });

  test("is read again when it is changed in between", async () => {
    const from = await storeOf(newer);
    const to = await storeOf(older);
    const get = to.get.bind(to);
    let quick = true;
    to.get = async (id) => {
      const session = await get(id);
      if (quick) await to.update(id, { name: "quicker" }, { at: 1 });
      quick = false;
      return session;
    };
    expect(await copySessions(from, to, { onConflict: "replace" })).toEqual({ ...NOTHING, replaced: 1 });
    expect((await get(uuid(1))).metadata.name).toBe("newer");
  });

  test("stays when it becomes the newer one in between", async () => {
    const from = await storeOf(newer);
    const to = await storeOf(older);
    const get = to.get.bind(to);
    let quick = true;
    to.get = async (id) => {
      const session = await get(id);
      if (quick) await to.update(id, { name: "quicker" }, { at: 9000 });
      quick = false;
      return session;
    };
    expect(await copySessions(from, to, { onConflict: "newer" })).toEqual({
      ...NOTHING,
      conflicts: [uuid(1)],
    });
    expect((await get(uuid(1))).metadata.name).toBe("quicker");
  });

  test("is written again when it is deleted in between", async () => {
    const from = await storeOf(newer);
    const to = await storeOf(older);
    const get = to.get.bind(to);
    let quick = true;
    to.get = async (id) => {
      if (quick) await to.delete(id);
      quick = false;
      return get(id);
    };
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 1 });
  });

  test("is not retried for ever", async () => {
    const from = await storeOf(newer);
    const to = await storeOf(older);
    let tries = 0;
    to.replace = async () => {
      tries++;
      throw new SessionError("conflict", "always");
    };
    expect((await errorOf(() => copySessions(from, to, { onConflict: "replace" }))).code).toBe("conflict");
    expect(tries).toBe(10);
  });
});

describe("an interrupted copy", () => {
  test("stops between two sessions, and resumes where it was", async () => {
    const from = await storeOf(...Array.from({ length: 200 }, (_, n) => nth(n)));
    const to = memoryStore();
    const controller = new AbortController();
    const copying = copySessions(from, to, {
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 2) controller.abort();
      },
    });
    await expect(copying).rejects.toMatchObject({ name: "AbortError" });
    // Those under way were finished; none was begun after that.
    const copied = await to.count();
    expect(copied).toBeGreaterThanOrEqual(2);
    expect(copied).toBeLessThan(100);
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 200 - copied, equal: copied });
  });

  test("that was stopped before it began copies nothing", async () => {
    const from = await storeOf(nth(1));
    const to = memoryStore();
    await expect(copySessions(from, to, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(await to.count()).toBe(0);
  });

  test("stops listening", async () => {
    const from = await storeOf(nth(1));
    const stopped: boolean[] = [];
    const listen = from.warnings.listen.bind(from.warnings);
    from.warnings.listen = (listener) => {
      const stop = listen(listener);
      return () => stopped.push(true) > 0 && stop();
    };
    const to = memoryStore();
    await to.close();
    expect((await errorOf(() => copySessions(from, to))).code).toBe("closed");
    expect(stopped).toEqual([true]);
  });
});

describe("a source that changes or is damaged", () => {
  test("a session that is deleted meanwhile is skipped", async () => {
    const from = await storeOf(...Array.from({ length: 40 }, (_, n) => nth(n)));
    const report = await copySessions(from, memoryStore(), {
      onProgress: ({ done }) => {
        if (done === 1) void from.delete(uuid(39));
      },
    });
    expect(report).toEqual({ ...NOTHING, copied: 39 });
  });

  test("damaged sessions are reported, once each, and the others are copied", async () => {
    const from = await storeOf(nth(1), nth(2), nth(3));
    const get = from.get.bind(from);
    const list = from.list.bind(from);
    from.list = async (query?: object): Promise<never> => {
      from.warnings.emit({ code: "corrupt", message: "no metadata", path: "/x.json" });
      from.warnings.emit({ code: "corrupt", message: "no metadata either" });
      from.warnings.emit({ code: "corrupt", message: "damaged", sessionId: uuid(1) });
      return list(query) as never;
    };
    from.get = async (id) => {
      if (id === uuid(1)) throw new SessionError("corrupt", "damaged, see there");
      if (id === uuid(2)) throw new SessionError("unsupported", "a number too large");
      return get(id);
    };
    const to = memoryStore();
    const report = await copySessions(from, to);
    expect(report).toEqual({ ...NOTHING, copied: 1, unreadable: expect.any(Array) });
    expect(report.unreadable.map(({ message }) => message)).toEqual([
      "no metadata",
      "no metadata either",
      "damaged, see there",
      "a number too large",
    ]);
  });

  test("an error of the medium is no damage", async () => {
    const from = await storeOf(nth(1));
    from.get = async () => {
      throw new SessionError("io", "disk");
    };
    expect((await errorOf(() => copySessions(from, memoryStore()))).code).toBe("io");
  });
});

describe("numbers that JavaScript can only round", () => {
  async function inexactStore(): Promise<MemoryStore> {
    const from = await storeOf(nth(1, {}, [makeEntry(1), makeEntry(2)]), nth(2), nth(3));
    const get = from.get.bind(from);
    from.get = async (id) => {
      const session = await get(id);
      const entries = session.entries.map((entry) =>
        entry.seq === 1 ? { ...entry, inexact: true as const } : entry,
      );
      if (id === uuid(1)) return { ...session, entries };
      return id === uuid(2) ? { ...session, inexact: true } : session;
    };
    return from;
  }

  // A target that can keep such numbers cannot be given them either: what passes from store to store is
  // rounded.
  test.each([false, true])(
    "are left out and told where they are, with exactNumbers: %s",
    async (exactNumbers) => {
      const to = memoryStore();
      Object.assign(to, { capabilities: { ...to.capabilities, exactNumbers } });
      const report = await copySessions(await inexactStore(), to);
      expect(report).toEqual({
        ...NOTHING,
        copied: 1,
        inexact: [
          { id: uuid(1), places: [1] },
          { id: uuid(2), places: ["context"] },
        ],
      });
      expect(await to.count()).toBe(1);
    },
  );

  test("are copied as they were rounded when that is allowed", async () => {
    const to = memoryStore();
    expect(await copySessions(await inexactStore(), to, { allowLossy: true })).toEqual({
      ...NOTHING,
      copied: 3,
    });
    expect((await to.get(uuid(1))).entries[1]).not.toHaveProperty("inexact");
  });
});

describe("a target", () => {
  test("that refuses a session gets the others", async () => {
    const from = await storeOf(nth(1), nth(2), nth(3));
    const get = from.get.bind(from);
    // A file of the original may hold what is too deep to be written.
    let deep: Session["context"] = {};
    for (let i = 0; i < 125; i++) deep = { deep };
    from.get = async (id) => (id === uuid(2) ? { ...(await get(id)), context: deep } : get(id));
    const to = memoryStore();
    const report = await copySessions(from, to);
    expect(report).toEqual({
      ...NOTHING,
      copied: 2,
      refused: [
        { code: "invalid_input", message: expect.stringContaining("levels deep"), sessionId: uuid(2) },
      ],
    });
  });

  test("that holds a damaged session with its id keeps it", async () => {
    const from = await storeOf(nth(1), nth(2));
    const to = await storeOf(nth(1, { name: "other" }));
    const get = to.get.bind(to);
    to.get = async (id) => {
      if (id === uuid(1)) throw new SessionError("corrupt", "damaged");
      return get(id);
    };
    expect(await copySessions(from, to, { onConflict: "replace" })).toEqual({
      ...NOTHING,
      copied: 1,
      refused: [{ code: "corrupt", message: "damaged", sessionId: uuid(1) }],
    });
  });

  test.each<[string, (session: StoredSession) => StoredSession]>([
    ["a name", (s) => ({ ...s, metadata: { ...s.metadata, name: "?" } })],
    ["the order of tags", (s) => ({ ...s, metadata: { ...s.metadata, tags: s.metadata.tags.toReversed() } })],
    ["the context", (s) => ({ ...s, context: { ...s.context, more: 1 } })],
    ["a content", (s) => ({ ...s, entries: s.entries.map((entry) => ({ ...entry, content: "?" })) })],
    [
      "a type",
      (s) => ({
        ...s,
        entries: s.entries.map((entry) => ({ ...entry, entryType: { type: "system_message" } })),
      }),
    ],
    ["a time", (s) => ({ ...s, entries: s.entries.map((entry) => ({ ...entry, timestamp: 1 })) })],
    ["an id", (s) => ({ ...s, entries: s.entries.map((entry) => ({ ...entry, id: makeEntry(99).id })) })],
    ["the last entry", (s) => ({ ...s, entries: s.entries.slice(0, -1) })],
    ["updatedAt", (s) => ({ ...s, metadata: { ...s.metadata, updatedAt: 1 } })],
  ])("that silently alters %s is found out", async (_, alter) => {
    const from = await storeOf(nth(1, { tags: ["a", "b"] }));
    for (const present of [[], [nth(1, { name: "before" })]]) {
      const to = await storeOf(...present);
      const get = to.get.bind(to);
      let reads = 0;
      to.get = async (id) => {
        const session = await get(id);
        // With a session in its place the first read is the look at that one.
        return ++reads > present.length ? alter(session) : session;
      };
      const error = await errorOf(() => copySessions(from, to, { onConflict: "replace" }));
      expect(error).toMatchObject({ code: "io", details: { sessionId: uuid(1) } });
    }
  });

  test.each(["not_found", "corrupt", "unsupported"] as const)(
    "that answers %s to what it has just taken is found out",
    async (code) => {
      const from = await storeOf(nth(1));
      const to = memoryStore();
      const create = to.create.bind(to);
      to.create = async (session) => {
        to.get = async () => {
          throw new SessionError(code, "?");
        };
        return create(session);
      };
      const error = await errorOf(() => copySessions(from, to));
      expect(error).toMatchObject({ code: "io", cause: { code } });
    },
  );

  test("that fails while it is read back fails the copy", async () => {
    const to = memoryStore();
    to.get = async () => {
      throw new SessionError("busy", "?");
    };
    expect((await errorOf(async () => copySessions(await storeOf(nth(1)), to))).code).toBe("busy");
  });
});

describe("a session that is written in parts", () => {
  const TEXT = "x".repeat(100_000);
  const ENTRIES = 120;
  const large = (given: Partial<SessionMetadata> = {}, count = ENTRIES): Session =>
    nth(
      1,
      given,
      Array.from({ length: count }, (_, n) => makeEntry(n, { text: `${n} ${TEXT}` })),
    );

  /** How many entries every call has carried. */
  function watched(store: MemoryStore): { readonly calls: string[]; readonly largest: () => number } {
    const calls: string[] = [];
    let largest = 0;
    const saw = (name: string, entries: readonly unknown[]) => {
      calls.push(name);
      largest = Math.max(largest, entries.length);
    };
    const { create, append, replace, get } = store;
    store.create = (session) => {
      saw("create", session.entries);
      return create.call(store, session);
    };
    store.append = (id, entries, options) => {
      saw("append", entries);
      return append.call(store, id, entries, options);
    };
    store.replace = (session, options) => {
      saw("replace", session.entries);
      return replace.call(store, session, options);
    };
    store.get = async (id) => {
      const session = await get.call(store, id);
      saw("get", session.entries);
      return session;
    };
    return { calls, largest: () => largest };
  }

  test("is copied in parts, and is never in memory as a whole", async () => {
    const from = new MemoryStore();
    await from.create(large({ status: "completed" }));
    const to = new MemoryStore();
    const source = watched(from);
    const target = watched(to);
    const progress: CopyProgress[] = [];
    const report = await copySessions(from, to, { onProgress: (each) => progress.push(each) });
    expect(report).toEqual({ ...NOTHING, copied: 1 });
    expect(source.calls).toEqual([]);
    expect(target.calls.filter((call) => call === "get")).toEqual([]);
    expect(target.calls.filter((call) => call === "append").length).toBeGreaterThan(1);
    expect(target.largest()).toBeLessThan(ENTRIES / 2);
    expect(progress.at(-1)).toEqual({ done: 1, total: 1, entries: ENTRIES });
    expect(await contents(to)).toEqual(await contents(from));
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, equal: 1 });
  });

  test("only by its first entries is written atomically all the same", async () => {
    const entries = Array.from({ length: 60 }, (_, n) => makeEntry(n, n < 10 ? TEXT + TEXT : n));
    const from = await storeOf(nth(1, {}, entries));
    const to = new MemoryStore();
    const target = watched(to);
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 1 });
    expect(target.calls).toEqual(["create", "get"]);
    expect(target.largest()).toBe(60);
    expect(await contents(to)).toEqual(await contents(from));
  });

  test("is not kept in memory: what has been read can be collected when the next parts are written", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const from = new MemoryStore();
    await from.create(large());
    const { readEntries } = from;
    // Each page is a copy of its own, as with a store that reads from a disk.
    const read: WeakRef<object>[] = [];
    from.readEntries = async (id, query) => {
      const page = structuredClone(await readEntries.call(from, id, query));
      read.push(...page.items.map((item) => new WeakRef(item)));
      return page;
    };
    const to = new MemoryStore();
    const { append } = to;
    const alive: number[] = [];
    to.append = async (id, entries, options) => {
      await new Promise((resolve) => setTimeout(resolve));
      collect();
      alive.push(read.filter((entry) => entry.deref() !== undefined).length);
      return append.call(to, id, entries, options);
    };
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 1 });
    expect(alive.length).toBeGreaterThan(10);
    // The page that is written, and what a frame still refers to of the one before.
    expect(Math.max(...alive)).toBeLessThan(ENTRIES / 6);
  });

  test("is resumed where a copy was interrupted", async () => {
    const from = new MemoryStore();
    await from.create(large());
    const to = new MemoryStore();
    const controller = new AbortController();
    const copying = copySessions(from, to, {
      signal: controller.signal,
      onProgress: ({ entries }) => {
        if (entries > 0) controller.abort();
      },
    });
    await expect(copying).rejects.toMatchObject({ name: "AbortError" });
    const { entryCount } = await to.head(uuid(1));
    expect(entryCount).toBeGreaterThan(0);
    expect(entryCount).toBeLessThan(ENTRIES);
    const { calls } = watched(to);
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 1 });
    expect(calls).not.toContain("create");
    expect(await contents(to)).toEqual(await contents(from));
  });

  test("ends immediately when it is interrupted while what was written is compared", async () => {
    const from = new MemoryStore();
    await from.create(large());
    const to = new MemoryStore();
    const controller = new AbortController();
    const { readEntries } = to;
    let compared = 0;
    to.readEntries = (id, query) => {
      compared++;
      controller.abort();
      return readEntries.call(to, id, query);
    };
    await expect(copySessions(from, to, { signal: controller.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(compared).toBe(1);
    to.readEntries = readEntries;
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, equal: 1 });
  });

  test("lets timers and I/O run all the while, although neither store ever waits", async () => {
    const from = new MemoryStore();
    await from.create(large());
    const now = vi.spyOn(Date, "now");
    onTestFinished(() => now.mockRestore());
    // A clock by which every page takes some time.
    let time = 1_700_000_000_000;
    now.mockImplementation(() => (time += 5));
    const { readEntries } = from;
    let pages = 0;
    let pagesAtTurn = 0;
    let mostAtOnce = 0;
    from.readEntries = (id, query) => {
      mostAtOnce = Math.max(mostAtOnce, ++pages - pagesAtTurn);
      return readEntries.call(from, id, query);
    };
    let turn: NodeJS.Immediate;
    const onTurn = () => {
      pagesAtTurn = pages;
      turn = setImmediate(onTurn);
    };
    onTurn();
    onTestFinished(() => clearImmediate(turn));
    expect(await copySessions(from, new MemoryStore())).toEqual({ ...NOTHING, copied: 1 });
    expect(pages).toBeGreaterThan(30);
    expect(mostAtOnce).toBeLessThan(pages / 2);
  });

  test("leaves nothing behind when a number far back would be rounded", async () => {
    const from = new MemoryStore();
    await from.create(large());
    const readEntries = from.readEntries.bind(from);
    from.readEntries = async (id, query) => {
      const page = await readEntries(id, query);
      return {
        ...page,
        items: page.items.map((entry) =>
          entry.seq >= ENTRIES - 2 ? { ...entry, inexact: true as const } : entry,
        ),
      };
    };
    const to = new MemoryStore();
    expect(await copySessions(from, to)).toEqual({
      ...NOTHING,
      inexact: [{ id: uuid(1), places: [ENTRIES - 2, ENTRIES - 1] }],
    });
    expect(await to.count()).toBe(0);
    expect(await copySessions(from, to, { allowLossy: true })).toEqual({ ...NOTHING, copied: 1 });
    // The rounded copy is not the same, whatever JavaScript says of the two numbers.
    expect((await copySessions(from, to)).inexact).toHaveLength(1);
    expect(await copySessions(from, to, { allowLossy: true })).toEqual({ ...NOTHING, equal: 1 });
  });

  test("that the target would not take is refused before anything is written", async () => {
    const from = new MemoryStore();
    await from.create(large({ updatedAt: 9000 }));
    // A file of the original may hold what is too deep to be written.
    let deep: Session["context"] = {};
    for (let i = 0; i < 125; i++) deep = { deep };
    const readEntries = from.readEntries.bind(from);
    from.readEntries = async (id, query) => {
      const page = await readEntries(id, query);
      return {
        ...page,
        items: page.items.map((entry) => (entry.seq === ENTRIES - 1 ? { ...entry, content: deep } : entry)),
      };
    };
    const to = new MemoryStore();
    const refused = [
      { code: "invalid_input", message: expect.stringContaining("levels deep"), sessionId: uuid(1) },
    ];
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, refused });
    expect(await to.count()).toBe(0);
    await to.create(nth(1));
    expect(await copySessions(from, to, { onConflict: "newer" })).toEqual({ ...NOTHING, refused });
    expect(await to.head(uuid(1))).toMatchObject({ entryCount: 1 });
  });

  test.each(["same", "other"])("may repeat the id of an entry, with the %s content", async (content) => {
    const session = large();
    const [first] = session.entries as [SessionEntry];
    const repeated = content === "same" ? first : { ...first, content: "other" };
    const from = new MemoryStore();
    await from.create({ ...session, entries: [...session.entries, repeated, makeEntry(5000)] });
    const to = new MemoryStore();
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, copied: 1 });
    expect(await contents(to)).toEqual(await contents(from));
  });

  test("replaces another one when that is allowed", async () => {
    const from = new MemoryStore();
    await from.create(large({ updatedAt: 9000 }));
    const to = await storeOf(nth(1, { updatedAt: 5000 }));
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, conflicts: [uuid(1)] });
    expect(await copySessions(from, to, { onConflict: "newer" })).toEqual({ ...NOTHING, replaced: 1 });
    expect(await contents(to)).toEqual(await contents(from));
  });

  test("that a store alters on the way is detected", async () => {
    const from = new MemoryStore();
    await from.create(large());
    const to = new MemoryStore();
    const append = to.append.bind(to);
    to.append = (id, entries, options) =>
      append(
        id,
        entries.map((entry) => ({ ...entry, timestamp: 1 })),
        options,
      );
    expect(await errorOf(() => copySessions(from, to))).toMatchObject({
      code: "io",
      details: { sessionId: uuid(1) },
    });
  });

  test("that is appended to meanwhile is copied as it was or as it is", async () => {
    const from = new MemoryStore();
    await from.create(large());
    const to = new MemoryStore();
    let added = false;
    await copySessions(from, to, {
      onProgress: () => {
        if (!added) void from.append(uuid(1), [makeEntry(7000)], { at: 1 });
        added = true;
      },
    });
    expect(await copySessions(from, to)).toMatchObject({ conflicts: [] });
    expect(await contents(to)).toEqual(await contents(from));
  });
});

test("sessions are the same whatever a store has added to them", () => {
  const session = nth(1);
  const stored: StoredSession = {
    ...session,
    entries: session.entries.map((entry, seq) => ({ ...entry, seq, inexact: true })),
    version: "7",
    epoch: "7",
    inexact: true,
  };
  expect(sameSession(session, stored)).toBe(true);
  expect(sameSession(session, { ...stored, metadata: makeMetadata({ id: uuid(1) }) })).toBe(false);
});
