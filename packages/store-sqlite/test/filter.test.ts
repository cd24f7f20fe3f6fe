import { join } from "node:path";
import { matchesFilter, type SessionFilter, type SessionMetadata } from "@thulp-sessions/core";
import { MAX_FILTER_DEPTH, MAX_FILTER_NODES } from "@thulp-sessions/core/store";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SqliteStore } from "../src/index.ts";
import { filterArbitrary, metadataArbitrary } from "./filter-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/**
 * A third of the sessions is pending in the time index, as after an append: pages are merged from two parts.
 */
async function storeWith(sessions: readonly SessionMetadata[]): Promise<SqliteStore> {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  await Promise.all(sessions.map((metadata) => store.create({ metadata, entries: [], context: {} })));
  const client = new Sqlite(file);
  const { changes } = client.prepare("UPDATE sessions SET moving = 1 WHERE key % 3 = 0").run();
  client.close();
  expect(changes).toBeGreaterThan(sessions.length / 4);
  return store;
}

const byId = { selector: ({ id }: SessionMetadata) => id };

test("lists and counts what the evaluator of core matches, in its order", { timeout: 60_000 }, async () => {
  const sessions =
    fc.sample(fc.uniqueArray(metadataArbitrary, { ...byId, minLength: 150, maxLength: 150 }), {
      numRuns: 1,
      seed: 1,
    })[0] ?? [];
  const store = await storeWith(sessions);
  let matched = 0;
  const orders = fc.record({
    orderBy: fc.constantFrom("updatedAt" as const, "createdAt" as const),
    direction: fc.constantFrom("asc" as const, "desc" as const),
  });
  await fc.assert(
    fc.asyncProperty(filterArbitrary, orders, async (filter, { orderBy, direction }) => {
      const sign = direction === "asc" ? 1 : -1;
      const expected = sessions
        .filter((metadata) => matchesFilter(filter, metadata))
        .sort((a, b) => sign * (a[orderBy] - b[orderBy] || (a.id < b.id ? -1 : 1)));
      if (expected.length > 0 && expected.length < sessions.length) matched++;
      const query = { filter, orderBy, direction };
      const listed: SessionMetadata[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await store.list({ ...query, limit: 100, cursor });
        listed.push(...page.items);
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      expect(listed).toEqual(expected);
      expect(await store.count(filter)).toBe(expected.length);
    }),
    { numRuns: 2000 },
  );
  // The data would prove nothing if filters matched all or none.
  expect(matched).toBeGreaterThan(500);
});

test("a filter of any shape that core accepts is accepted", async () => {
  const sessions =
    fc.sample(fc.uniqueArray(metadataArbitrary, { ...byId, minLength: 20, maxLength: 20 }), {
      numRuns: 1,
      seed: 2,
    })[0] ?? [];
  const store = await storeWith(sessions);
  const leaves: SessionFilter[] = [
    { tag: "a" },
    { status: "active", hasParent: true, nameContains: "a", type: "agent", createdAfter: 1 },
    { not: { tag: "b" } },
  ];
  const leaf = (i: number) => leaves[i % leaves.length] as SessionFilter;
  const shapes: [string, SessionFilter][] = [
    ["wide and", { and: Array.from({ length: MAX_FILTER_NODES - 1 }, (_, i) => ({ createdAfter: -i })) }],
    ["wide or", { or: Array.from({ length: 600 }, (_, i) => leaf(i)) }],
    ["wide and of nots", { and: Array.from({ length: 400 }, (_, i) => ({ not: leaf(i) })) }],
    ["deep not", nest(MAX_FILTER_DEPTH - 1, (inner) => ({ not: inner }))],
    ["deep and/or", nest(MAX_FILTER_DEPTH - 1, (inner, i) => (i % 2 ? { and: [inner] } : { or: [inner] }))],
    [
      "deep and wide",
      nest(MAX_FILTER_DEPTH - 2, (inner, i) => {
        const list = [inner, ...Array.from({ length: 6 }, (_, j) => leaf(i + j))];
        return i % 2 ? { or: list, tag: "a", hasParent: false } : { and: list, status: "active" };
      }),
    ],
    [
      "deep with every key",
      nest(MAX_FILTER_DEPTH - 2, (inner, i) => ({
        ...(i % 3 === 0 ? { not: inner } : i % 3 === 1 ? { or: [{ tag: "b" }, inner] } : { and: [inner] }),
        status: "active",
        type: "agent",
        tag: "a",
        createdAfter: 1,
        createdBefore: 1e300,
        updatedAfter: 1,
        updatedBefore: 1e300,
        nameContains: "a",
        hasParent: true,
      })),
    ],
  ];
  for (const [shape, filter] of shapes) {
    const expected = sessions.filter((metadata) => matchesFilter(filter, metadata)).length;
    expect(await store.count(filter), shape).toBe(expected);
    expect((await store.list({ filter, limit: 100 })).items, shape).toHaveLength(expected);
    await store.search({ text: "a", filter });
  }
});

function nest(levels: number, wrap: (inner: SessionFilter, level: number) => SessionFilter): SessionFilter {
  let filter: SessionFilter = { status: "active" };
  for (let level = 0; level < levels; level++) filter = wrap(filter, level);
  return filter;
}
