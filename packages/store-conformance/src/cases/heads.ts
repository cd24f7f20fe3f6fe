import type { HeadQuery, ListedHead, SessionHead, SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, fail, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { createAll, dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";
import { generatedFilter, generatedSession } from "../generated.ts";
import { Random } from "../random.ts";
import { listAll, readPages } from "../reading.ts";

/** More than a page of heads takes as JSON, with what is around it. */
const MAX_PAGE_BYTES = 9 * 1024 * 1024;

function allHeads(store: SessionStore, query: Partial<HeadQuery> = {}): Promise<ListedHead[]> {
  return readPages((cursor) => store.list({ ...query, heads: true, cursor }));
}

/** What `head` gives of each session of the list. */
async function expectedHeads(store: SessionStore, query: Partial<HeadQuery> = {}): Promise<SessionHead[]> {
  const { heads: _, ...rest } = query;
  const heads: SessionHead[] = [];
  for (const { id } of await listAll(store, rest)) heads.push(await store.head(id));
  return heads;
}

export const headCases: readonly ConformanceCase[] = [
  conformanceCase(
    "heads-of-a-list",
    ["LIST-10", "LIST-4", "HEAD-1"],
    "the heads of a list, in its order and over all pages",
    async (store) => {
      const random = new Random(31);
      const sessions = range(0, 40).map((n) => {
        const { metadata } = generatedSession(random, n);
        return { metadata, entries: dialogue(0, n % 7), context: n % 3 === 0 ? {} : { n, list: [n] } };
      });
      await createAll(store, sessions);
      await store.append(sessionId(5), [userEntry(50)], { at: T0 + 9 });
      const queries: Partial<HeadQuery>[] = [
        {},
        { limit: 7 },
        { limit: 1, orderBy: "createdAt", direction: "asc" },
        { filter: { tag: "a" }, limit: 3 },
        { filter: { or: [] } },
        ...range(0, 10).map(() => ({ filter: generatedFilter(random, 2), limit: 4 })),
      ];
      for (const query of queries)
        deepEqual(await allHeads(store, query), await expectedHeads(store, query), JSON.stringify(query));
      const page = await store.list({ limit: 10 });
      const { items } = await store.list({ limit: 10, cursor: page.nextCursor as string, heads: true });
      deepEqual(items, (await expectedHeads(store)).slice(10, 20), "a cursor of the list without heads");
    },
  ),

  conformanceCase("heads-follow", ["LIST-10", "CALL-3"], "heads follow every change", async (store) => {
    await createAll(store, [makeSession(1, { entries: dialogue(0, 4) }), makeSession(2), makeSession(3)]);
    const check = async (what: string) =>
      deepEqual(await allHeads(store), await expectedHeads(store), `the heads after ${what}`);
    await check("three creates");
    await store.append(sessionId(2), dialogue(0, 3), { at: T0 + 1 });
    await check("an append");
    await store.truncate(sessionId(1), 1, { at: T0 + 2 });
    await check("a truncate");
    await store.update(sessionId(3), { context: { a: 1 }, status: "paused" }, { at: T0 + 3 });
    await check("an update");
    await store.replace(makeSession(2, { name: "replaced", entries: dialogue(5, 8), updatedAt: T0 + 4 }));
    await check("a replace");
    await store.delete(sessionId(1));
    await check("a delete");
    equal((await allHeads(store)).length, 2, "the number of heads");
  }),

  conformanceCase(
    "heads-of-large-contexts",
    ["LIST-11", "LIST-4"],
    "a page of large contexts ends early, and nothing is left out",
    async (store) => {
      // Of a little more than a third of a page each, and one that is a page by itself.
      const text = "x".repeat(3 * 1024 * 1024);
      for (const n of range(0, 8)) await store.create(makeSession(n, { context: { n, text } }));
      await store.create(makeSession(8, { context: { text: [text, text, text, text] }, updatedAt: T0 + 1 }));
      const sizes: number[] = [];
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { items, nextCursor } = await store.list({ heads: true, limit: 1000, cursor });
        sizes.push(items.length);
        const length = JSON.stringify(items).length;
        ok(
          length <= MAX_PAGE_BYTES || items.length === 1,
          `a page of ${items.length} heads has ${length} units`,
        );
        seen.push(...items.map(({ metadata }) => metadata.id));
        cursor = nextCursor ?? undefined;
        if (sizes.length > 9) fail("the pages do not end");
      } while (cursor !== undefined);
      deepEqual(
        seen,
        (await listAll(store)).map(({ id }) => id),
        "the sessions",
      );
      equal(sizes[0], 1, "the heads of the first page");
      ok(
        sizes.every((size) => size <= 2),
        `pages have at most two heads: ${sizes}`,
      );
    },
  ),

  conformanceCase(
    "list-of-large-metadata",
    ["LIST-12", "LIST-4"],
    "a page of large names and tags ends early, and nothing is left out",
    async (store) => {
      const text = "t".repeat(60_000);
      const tags = range(0, 14).map((n) => `${n} ${text}`);
      for (const n of range(0, 12)) await store.create(makeSession(n, { name: text, tags }));
      const sizes: number[] = [];
      const seen = await readPages(async (cursor) => {
        const page = await store.list({ limit: 1000, cursor });
        sizes.push(page.items.length);
        ok(JSON.stringify(page).length <= MAX_PAGE_BYTES, `a page of ${page.items.length} sessions`);
        return page;
      });
      deepEqual(
        seen.map(({ id }) => id),
        range(0, 12).map((n) => sessionId(11 - n)),
        "the sessions",
      );
      ok(sizes.length === 2, `the pages have ${sizes} sessions`);
      equal(await store.count(), 12, "the count");
    },
  ),

  conformanceCase("heads-hostile", ["INPUT-2", "LIST-10"], "heads that are neither", async (store) => {
    await store.create(makeSession(1));
    for (const heads of [1, "true", null, {}])
      await rejects(() => store.list({ heads } as unknown as HeadQuery), "invalid_input", `heads: ${heads}`);
    const { items } = await store.list({ heads: false } as unknown as HeadQuery);
    ok(!("metadata" in (items[0] as object)), "without heads an item is the metadata");
  }),
];
