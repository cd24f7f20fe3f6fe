import type { EntriesQuery, EntryTypeName, StoredEntry } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import {
  dialogue,
  EVERY_ENTRY_TYPE,
  makeEntry,
  makeSession,
  range,
  sessionId,
  T0,
  userEntry,
  withSeq,
} from "../fixtures.ts";
import { readAll, readPages } from "../reading.ts";

// Longer than most files: one case after the other, all of the same call.

const ID = sessionId(1);
const MIXED = withSeq(
  range(0, 40).map((n) =>
    makeEntry(n, EVERY_ENTRY_TYPE[(n * 5 + (n % 3)) % EVERY_ENTRY_TYPE.length] ?? { type: "user_message" }, {
      n,
    }),
  ),
);

export const readEntriesCases: readonly ConformanceCase[] = [
  conformanceCase("read-order", ["READ-1"], "by seq, in both directions", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 7) }));
    const expected = withSeq(dialogue(0, 7));
    deepEqual((await store.readEntries(ID)).items, expected, "without a query");
    deepEqual((await store.readEntries(ID, { direction: "asc" })).items, expected, "asc");
    deepEqual((await store.readEntries(ID, { direction: "desc" })).items, expected.toReversed(), "desc");
  }),

  conformanceCase("read-empty", ["READ-6"], "a session without entries", async (store) => {
    const { epoch } = await store.create(makeSession(1));
    const nothing = { items: [], nextCursor: null, epoch };
    for (const query of [
      {},
      { direction: "desc" },
      { last: 5 },
      { types: ["user_message"] },
    ] as EntriesQuery[])
      deepEqual(await store.readEntries(ID, query), nothing, JSON.stringify(query));
  }),

  conformanceCase(
    "read-queries",
    ["READ-1", "READ-2", "READ-3", "READ-4", "READ-6"],
    "every combination of bounds, types and direction",
    async (store) => {
      const { epoch } = await store.create(makeSession(1, { entries: MIXED }));
      const bounds = [
        {},
        { after: -1 },
        { after: 7 },
        { before: 33 },
        { after: 7, before: 33 },
        { after: 7, before: 8 },
        { after: 20, before: 10 },
        { after: 39 },
        { before: 0 },
        { after: -(2 ** 40), before: 2 ** 40 },
      ];
      const types: (readonly EntryTypeName[] | undefined)[] = [
        undefined,
        [],
        ["tool_call"],
        ["user_message", "assistant_message", "user_message"],
      ];
      for (const bound of bounds) {
        for (const only of types) {
          const query = only === undefined ? bound : { ...bound, types: only };
          const expected = MIXED.filter(
            ({ seq, entryType }) =>
              seq > ("after" in bound ? (bound.after ?? 0) : -1) &&
              seq < ("before" in bound ? (bound.before ?? 0) : 40) &&
              (only === undefined || only.includes(entryType.type)),
          );
          const what = JSON.stringify(query);
          deepEqual(await readAll(store, ID, { ...query, limit: 4 }), expected, `${what} in pages`);
          deepEqual(
            await readAll(store, ID, { ...query, limit: 7, direction: "desc" }),
            expected.toReversed(),
            `${what} in pages backwards`,
          );
          deepEqual(
            await store.readEntries(ID, { ...query, last: 3 }),
            { items: expected.slice(-3), nextCursor: null, epoch },
            `the last of ${what}`,
          );
        }
      }
    },
  ),

  conformanceCase(
    "read-large",
    ["READ-11", "READ-4", "READ-6"],
    "pages of large entries end early, and nothing is left out",
    async (store) => {
      const large = (n: number) => ({ ...userEntry(n), content: "x".repeat(3 * 1024 * 1024 + n) });
      const entries = range(0, 9).map((n) => (n === 4 ? userEntry(n) : large(n)));
      await store.create(makeSession(1, { entries: entries.slice(0, 5) }));
      await store.append(ID, entries.slice(5), { at: T0 });
      const stored = withSeq(entries);
      const queries: [EntriesQuery, StoredEntry[]][] = [
        [{}, stored],
        [{ direction: "desc", limit: 1000 }, stored.toReversed()],
        [{ limit: 2 }, stored],
        [{ after: 0, before: 7 }, stored.slice(1, 7)],
        [{ last: 1000 }, stored],
        [{ last: 5 }, stored.slice(4)],
        [{ last: 2 }, stored.slice(7)],
        [{ last: 4, before: 8 }, stored.slice(4, 8)],
        [{ last: 4, types: ["user_message"] }, stored.slice(5)],
      ];
      for (const [query, expected] of queries) {
        const sizes: number[] = [];
        const found = await readPages(async (cursor) => {
          const page = await store.readEntries(ID, { ...query, cursor });
          sizes.push(page.items.length);
          const { length } = JSON.stringify(page.items);
          ok(length < 9 * 1024 * 1024 || page.items.length === 1, `a page of ${length} units`);
          return page;
        });
        deepEqual(
          found.map(({ seq, content }) => [seq, (content as string).length]),
          expected.map(({ seq, content }) => [seq, (content as string).length]),
          JSON.stringify(query),
        );
        ok(!sizes.includes(0), `no page of ${JSON.stringify(query)} is empty`);
      }
      const { nextCursor: cursor } = await store.readEntries(ID, { last: 1000 });
      for (const query of [{ last: 999 }, { last: 1000, after: 0 }, {}])
        await rejects(
          () => store.readEntries(ID, { ...query, cursor: cursor as string }),
          "invalid_input",
          `a cursor of the last 1000 with ${JSON.stringify(query)}`,
        );
    },
  ),

  conformanceCase("read-last", ["READ-4"], "last: ascending, one page", async (store) => {
    const { epoch } = await store.create(makeSession(1, { entries: dialogue(0, 10) }));
    const all = withSeq(dialogue(0, 10));
    for (const last of [1, 3, 10, 11, 1000]) {
      deepEqual(
        await store.readEntries(ID, { last }),
        { items: all.slice(-last), nextCursor: null, epoch },
        `last ${last}`,
      );
    }
  }),

  conformanceCase(
    "read-limit",
    ["READ-5", "READ-6"],
    "pages are as long as the limit says",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 205) }));
      const length = async (query: EntriesQuery) => (await store.readEntries(ID, query)).items.length;
      equal(await length({}), 100, "without a limit");
      equal(await length({ limit: 1 }), 1, "limit 1");
      equal(await length({ limit: 204 }), 204, "limit 204");
      for (const direction of ["asc", "desc"] as const) {
        const full = await store.readEntries(ID, { limit: 205, direction });
        equal(full.items.length, 205, "limit 205");
        equal(full.nextCursor, null, `nextCursor of a page that holds just all, ${direction}`);
        const short = await store.readEntries(ID, { limit: 204, direction });
        ok(
          typeof short.nextCursor === "string" && short.nextCursor !== "",
          "one is left: there is a next page",
        );
        const rest = await store.readEntries(ID, { limit: 204, direction, cursor: short.nextCursor });
        equal(rest.items.length, 1, "the rest");
        equal(rest.nextCursor, null, "nextCursor of the rest");
      }
      equal(
        (await store.readEntries(ID, { limit: 1000 })).nextCursor,
        null,
        "nextCursor with the greatest limit",
      );
      const users = await store.readEntries(ID, { types: ["user_message"], limit: 103 });
      equal(users.items.length, 103, "all of one type");
      equal(users.nextCursor, null, "nextCursor where only others are left");
    },
  ),

  ...(["asc", "desc"] as const).map((direction) =>
    conformanceCase(
      `read-pages-${direction}`,
      ["READ-6", "READ-7"],
      `205 entries of one time, others appended between the pages, ${direction}`,
      async (store) => {
        const entries = range(0, 205).map((n) => makeEntry(n, { type: "user_message" }, { n }, T0));
        await store.create(makeSession(1, { entries }));
        let next = 1000;
        const read: StoredEntry[] = await readPages(
          (cursor) => store.readEntries(ID, { direction, limit: 20, cursor }),
          async () => {
            await store.append(ID, [makeEntry(next++, { type: "user_message" }, "later", T0)], { at: T0 });
            await store.update(ID, { name: `renamed ${next}` }, { at: T0 });
          },
        );
        const before = read.filter(({ seq }) => seq < 205);
        const expected = withSeq(entries);
        deepEqual(before, direction === "asc" ? expected : expected.toReversed(), "those that were there");
        const seqs = read.map(({ seq }) => seq);
        deepEqual(seqs, direction === "asc" ? range(0, seqs.length) : range(0, 205).reverse(), "all seqs");
      },
    ),
  ),

  conformanceCase(
    "read-changing-limit",
    ["READ-8", "READ-5"],
    "every page may have its own limit",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 60) }));
      let limit = 1;
      const read = await readPages((cursor) => store.readEntries(ID, { limit: limit++, cursor }));
      deepEqual(read, withSeq(dialogue(0, 60)), "the entries");
    },
  ),

  conformanceCase("read-foreign-cursor", ["READ-8", "READ-9"], "cursors of other queries", async (store) => {
    await store.create(makeSession(1, { entries: MIXED }));
    await store.create(makeSession(2, { entries: MIXED }));
    const query: EntriesQuery = { after: 1, types: ["user_message", "tool_call"], limit: 2 };
    const { nextCursor } = await store.readEntries(ID, query);
    ok(nextCursor, "there is a next page");
    const cursor = nextCursor;
    const others: [string, string, EntriesQuery][] = [
      ["another session", sessionId(2), query],
      ["another after", ID, { ...query, after: 2 }],
      ["a before", ID, { ...query, before: 30 }],
      ["other types", ID, { ...query, types: ["user_message"] }],
      ["another direction", ID, { ...query, direction: "desc" }],
      ["no query", ID, {}],
    ];
    for (const [what, id, other] of others)
      await rejects(
        () => store.readEntries(id, { ...other, cursor }),
        "invalid_input",
        `a cursor with ${what}`,
      );
    const listed = await store.list({ limit: 1 });
    ok(listed.nextCursor, "there is a next page of sessions");
    for (const bad of [
      listed.nextCursor,
      "",
      "x",
      "ä",
      "\0",
      "null",
      `${cursor}x`,
      cursor.slice(1),
      "A".repeat(5000),
    ])
      await rejects(
        () => store.readEntries(ID, { ...query, cursor: bad }),
        "invalid_input",
        `the cursor ${JSON.stringify(bad.slice(0, 20))}`,
      );
  }),

  conformanceCase(
    "read-invalid",
    ["READ-10", "INPUT-1", "INPUT-2"],
    "queries that cannot be",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const queries: Record<string, unknown>[] = [
        { limit: 0 },
        { limit: 1001 },
        { limit: 1.5 },
        { limit: "5" },
        { limit: null },
        { last: 0 },
        { last: 1001 },
        { last: -1 },
        { last: 2, limit: 2 },
        { last: 2, direction: "asc" },
        { last: 2, cursor: "x" },
        { after: 0.5 },
        { after: "0" },
        { after: Number.NaN },
        { before: Number.POSITIVE_INFINITY },
        { direction: "up" },
        { types: ["no_such_type"] },
        { types: "user_message" },
        { cursor: 5 },
        { offset: 1 },
      ];
      for (const query of queries)
        await rejects(
          () => store.readEntries(ID, query as EntriesQuery),
          "invalid_input",
          `readEntries with ${JSON.stringify(query)}`,
        );
    },
  ),
];
