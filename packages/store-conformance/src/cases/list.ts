import type { ListQuery, SessionMetadata } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { createAll, dialogue, makeSession, range, sessionId, T0 } from "../fixtures.ts";
import { Random } from "../random.ts";
import { listAll, readPages } from "../reading.ts";

const ORDERS = (["updatedAt", "createdAt"] as const).flatMap((orderBy) =>
  (["asc", "desc"] as const).map((direction) => ({ orderBy, direction })),
);

/** The order that the contract asks for. */
function sorted(
  items: readonly SessionMetadata[],
  { orderBy = "updatedAt", direction = "desc" }: ListQuery = {},
): SessionMetadata[] {
  const sign = direction === "asc" ? 1 : -1;
  return items.toSorted((a, b) => sign * (a[orderBy] - b[orderBy] || (a.id < b.id ? -1 : 1)));
}

export const listCases: readonly ConformanceCase[] = [
  conformanceCase("list-order", ["LIST-1", "LIST-2", "LIST-8"], "every order, with ties", async (store) => {
    const random = new Random(11);
    const sessions = random.shuffled(range(0, 48)).map((n) =>
      makeSession(n, {
        createdAt: T0 + random.below(5),
        updatedAt: T0 + random.below(5),
        tags: [`tag ${n}`],
        parentSession: n % 3 === 0 ? sessionId(n + 1) : null,
        status: n % 2 === 0 ? "active" : "paused",
        entries: dialogue(0, n % 3),
      }),
    );
    await createAll(store, sessions);
    const metadata = sessions.map((session) => session.metadata);
    deepEqual((await store.list()).items, sorted(metadata), "without a query");
    for (const query of [...ORDERS, { orderBy: "createdAt" }, { direction: "asc" }] as const) {
      const what = JSON.stringify(query);
      deepEqual((await store.list({ ...query, limit: 1000 })).items, sorted(metadata, query), what);
      deepEqual(await listAll(store, { ...query, limit: 7 }), sorted(metadata, query), `${what} in pages`);
    }
  }),

  conformanceCase(
    "list-follows-changes",
    ["LIST-2", "LIST-8", "CALL-3"],
    "every change shows in the list",
    async (store) => {
      await createAll(
        store,
        range(1, 5).map((n) => makeSession(n, { updatedAt: T0 + n, entries: dialogue(0, 2) })),
      );
      const order = async () =>
        (await store.list()).items.map(({ id }) => Number.parseInt(id.slice(-12), 16));
      deepEqual(await order(), [4, 3, 2, 1], "at first");
      await store.append(sessionId(1), dialogue(2, 3), { at: T0 + 10 });
      deepEqual(await order(), [1, 4, 3, 2], "after an append");
      await store.update(sessionId(2), { name: "x" }, { at: T0 + 11 });
      deepEqual(await order(), [2, 1, 4, 3], "after an update");
      await store.truncate(sessionId(3), 1, { at: T0 + 12 });
      deepEqual(await order(), [3, 2, 1, 4], "after a truncate");
      await store.replace(makeSession(4, { updatedAt: T0 + 13, name: "replaced" }));
      deepEqual(await order(), [4, 3, 2, 1], "after a replace");
      await store.delete(sessionId(2));
      deepEqual(await order(), [4, 3, 1], "after a delete");
      for (const metadata of (await store.list()).items)
        deepEqual(metadata, (await store.get(metadata.id)).metadata, "an item, against get");
    },
  ),

  conformanceCase(
    "list-limit",
    ["LIST-1", "LIST-3", "LIST-4"],
    "pages are as long as the limit says",
    async (store) => {
      await createAll(
        store,
        range(0, 60).map((n) => makeSession(n, { tags: n < 20 ? ["few"] : [] })),
      );
      const page = (query: ListQuery) => store.list(query);
      equal((await page({})).items.length, 50, "without a limit");
      equal((await page({ limit: 1 })).items.length, 1, "limit 1");
      for (const order of ORDERS) {
        const full = await page({ ...order, limit: 60 });
        equal(full.items.length, 60, "limit 60");
        equal(full.nextCursor, null, "nextCursor of a page that holds just all");
        const short = await page({ ...order, limit: 59 });
        ok(
          typeof short.nextCursor === "string" && short.nextCursor !== "",
          "one is left: there is a next page",
        );
        const rest = await page({ ...order, limit: 59, cursor: short.nextCursor });
        equal(rest.items.length, 1, "the rest");
        equal(rest.nextCursor, null, "nextCursor of the rest");
        const few = await page({ ...order, filter: { tag: "few" }, limit: 20 });
        equal(few.items.length, 20, "all with the tag");
        equal(few.nextCursor, null, "nextCursor where only others are left");
      }
      for (const limit of [0, -1, 1001, 1.5, "5", null, Number.NaN])
        await rejects(() => page({ limit: limit as number }), "invalid_input", `limit ${String(limit)}`);
      for (const query of [
        { orderBy: "name" },
        { direction: "up" },
        { cursor: 1 },
        { filter: null },
        { filter: [] },
      ])
        await rejects(() => page(query as never), "invalid_input", JSON.stringify(query));
    },
  ),

  ...ORDERS.map(({ orderBy, direction }) =>
    conformanceCase(
      `list-ties-${orderBy === "updatedAt" ? "updated" : "created"}-${direction}`,
      ["LIST-5", "LIST-2", "LIST-4"],
      `205 sessions of one time, others created, changed and deleted between the pages, by ${orderBy} ${direction}`,
      async (store) => {
        const random = new Random(5);
        const numbers = random.shuffled(range(0, 1000));
        const untouched = numbers.slice(0, 205).map((n) => makeSession(n));
        const touched = numbers.slice(205, 245);
        const fresh = numbers.slice(245, 290);
        await createAll(store, random.shuffled([...untouched, ...touched.map((n) => makeSession(n))]));
        let round = 0;
        const read = await readPages(
          (cursor) => store.list({ orderBy, direction, limit: 20, cursor }),
          async () => {
            round++;
            await store.create(makeSession(fresh.pop() as number));
            await store.create(
              makeSession(fresh.pop() as number, { updatedAt: T0 + round, createdAt: T0 - round }),
            );
            await store.update(sessionId(touched.pop() as number), { name: "touched" }, { at: T0 });
            await store.append(sessionId(touched.pop() as number), dialogue(0, 1), { at: T0 + round });
            await store.delete(sessionId(touched.pop() as number));
          },
        );
        ok(round >= 10, `the list has only ${round + 1} pages`);
        const ids = new Set<string>(untouched.map(({ metadata }) => metadata.id));
        deepEqual(
          read.filter(({ id }) => ids.has(id)),
          sorted(
            untouched.map(({ metadata }) => metadata),
            { orderBy, direction },
          ),
          "the sessions that nobody touched",
        );
      },
    ),
  ),

  conformanceCase(
    "list-changing-limit",
    ["LIST-6", "LIST-3"],
    "every page may have its own limit",
    async (store) => {
      const sessions = range(0, 40).map((n) => makeSession(n, { updatedAt: T0 + (n % 3) }));
      await createAll(store, sessions);
      let limit = 1;
      const read = await readPages((cursor) => store.list({ limit: limit++, cursor }));
      deepEqual(read, sorted(sessions.map(({ metadata }) => metadata)), "the sessions");
    },
  ),

  conformanceCase("list-foreign-cursor", ["LIST-6", "LIST-7"], "cursors of other queries", async (store) => {
    await createAll(
      store,
      range(0, 5).map((n) => makeSession(n, { tags: ["t"], entries: dialogue(0, 3) })),
    );
    const query: ListQuery = { filter: { tag: "t", hasParent: false }, limit: 2 };
    const { nextCursor } = await store.list(query);
    ok(nextCursor, "there is a next page");
    const cursor = nextCursor;
    const others: [string, ListQuery][] = [
      ["another order", { ...query, orderBy: "createdAt" }],
      ["another direction", { ...query, direction: "asc" }],
      ["another tag", { ...query, filter: { tag: "u", hasParent: false } }],
      ["one key more", { ...query, filter: { tag: "t", hasParent: false, status: "active" } }],
      ["one key less", { ...query, filter: { tag: "t" } }],
      ["no filter", { limit: 2 }],
    ];
    for (const [what, other] of others)
      await rejects(() => store.list({ ...other, cursor }), "invalid_input", `a cursor with ${what}`);
    const entries = await store.readEntries(sessionId(1), { limit: 1 });
    ok(entries.nextCursor, "there is a next page of entries");
    for (const bad of [
      entries.nextCursor,
      "",
      "x",
      "é",
      "\0",
      "e30",
      "W10",
      "null",
      `${cursor}x`,
      cursor.slice(1),
      "A".repeat(5000),
    ])
      await rejects(
        () => store.list({ ...query, cursor: bad }),
        "invalid_input",
        `the cursor ${JSON.stringify(bad.slice(0, 20))}`,
      );
    equal((await store.list({ ...query, cursor })).items.length, 2, "the cursor with its own query");
  }),

  conformanceCase(
    "list-cursor-outlives-row",
    ["LIST-5"],
    "the session at the position of a cursor is deleted or moved",
    async (store) => {
      await createAll(
        store,
        range(0, 6).map((n) => makeSession(n, { updatedAt: T0 + n })),
      );
      const first = await store.list({ limit: 2 });
      await store.delete(sessionId(4));
      const next = await store.list({ limit: 2, cursor: first.nextCursor ?? undefined });
      await store.update(sessionId(2), {}, { at: T0 + 50 });
      const last = await store.list({ limit: 2, cursor: next.nextCursor ?? undefined });
      deepEqual(
        [...next.items, ...last.items].map(({ id }) => id),
        [3, 2, 1, 0].map(sessionId),
        "what follows",
      );
      equal(last.nextCursor, null, "nextCursor at the end");
    },
  ),

  conformanceCase(
    "list-pages-follow-this-handle",
    ["LIST-9"],
    "what this handle changes and deletes between the pages is not given as it was",
    async (store) => {
      await createAll(
        store,
        range(0, 40).map((n) => makeSession(n, { createdAt: T0 + n })),
      );
      const query = { orderBy: "createdAt", direction: "asc", limit: 5 } as const;
      const first = await store.list(query);
      await store.delete(sessionId(20));
      await store.update(sessionId(21), { name: "changed" }, { at: T0 + 100 });
      await store.append(sessionId(22), dialogue(0, 1), { at: T0 + 101 });
      const rest = await readPages((cursor) =>
        store.list({ ...query, cursor: cursor ?? first.nextCursor ?? undefined }),
      );
      const given = new Map(rest.map((metadata) => [metadata.id as string, metadata]));
      ok(!given.has(sessionId(20)), "a session that is gone is given");
      for (const n of [21, 22])
        deepEqual(given.get(sessionId(n)), (await store.head(sessionId(n))).metadata, "a changed session");
      equal(given.size, 34, "the sessions behind the first page");
    },
  ),
];
