import type { SearchHit, SearchQuery, Session } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { expectedHits } from "../expected-hits.ts";
import { createAll, makeEntry, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";
import { Random } from "../random.ts";
import { readPages } from "../reading.ts";

/** Thirty sessions with 0 to 5 hits each, many of them of one time. */
function haystack(): Session[] {
  const random = new Random(3);
  return random.shuffled(range(0, 30)).map((n) =>
    makeSession(n, {
      name: n % 4 === 0 ? `needle ${n}` : "",
      updatedAt: T0 + (n % 3),
      entries: range(0, random.below(7)).map((i) =>
        makeEntry(
          i,
          { type: "user_message" },
          random.chance(0.7) ? "a needle ".repeat(1 + random.below(4)) : "hay",
        ),
      ),
    }),
  );
}

const HOSTILE_TEXTS = [
  "",
  " ",
  "\n\t\0",
  "*",
  "**",
  "-",
  "--",
  "'",
  '"',
  '"""',
  "'\"",
  "()",
  "((((",
  "AND",
  "OR",
  "NOT",
  "NEAR",
  "NEAR(a b)",
  "a AND",
  "AND AND AND",
  "a OR b",
  "NOT a",
  "needle NOT hay",
  "^needle",
  "needle^2",
  "name:needle",
  "content : needle",
  "{needle}",
  "+needle -hay",
  "needle~1",
  "[a TO z]",
  "%",
  "_",
  "needle%",
  "'; DROP TABLE entries; --",
  "\\",
  "\\\\",
  "needle\\",
  "$where",
  "/(a+)+$/",
  "\ud800",
  "\udc00needle",
  "needle\ud83d",
  "\ue000",
  "needle \ue000 hay",
  "\u202e",
  "\u0301",
  "😀",
  "é*",
  "ﬁ*",
  "?",
  "a*b",
  "*a",
  "* needle",
  '"needle',
  'needle"',
  '"needle" *',
  '"" needle',
  "\u200b",
  "\ufeffneedle",
  "ａ",
  "1e999",
  "undefined",
  "null",
  "__proto__",
  "constructor",
  "needle ".repeat(500),
  '"'.repeat(4096),
  "a".repeat(4096),
  "東".repeat(4096),
  "a* ".repeat(1365),
  '"a b" '.repeat(680),
];

export const searchPageCases: readonly ConformanceCase[] = [
  conformanceCase(
    "search-order",
    ["SEARCH-10", "SEARCH-6"],
    "newest first, then id, name and seq",
    async (store) => {
      const sessions = haystack();
      await createAll(store, sessions);
      const { items, nextCursor } = await store.search({ text: "needle", limit: 200 });
      deepEqual(items, expectedHits(sessions, { text: "needle" }), "the hits");
      equal(nextCursor, null, "nextCursor");
      await store.append(sessionId(0), [userEntry(50, "no match")], { at: T0 + 100 });
      const [first] = (await store.search({ text: "needle", limit: 1 })).items;
      equal(first?.sessionId, sessionId(0), "the session changed last");
    },
  ),

  conformanceCase("search-pages", ["SEARCH-11"], "every hit once, whatever the page", async (store) => {
    const sessions = haystack();
    await createAll(store, sessions);
    const expected = expectedHits(sessions, { text: "needle" });
    ok(expected.length > 40, "there are many hits");
    for (const limit of [1, 2, 7, 20, 200]) {
      const hits = await readPages((cursor) => store.search({ text: "needle", limit, cursor }));
      deepEqual(hits, expected, `the hits in pages of ${limit}`);
    }
    equal((await store.search({ text: "needle" })).items.length, 20, "without a limit");
    equal((await store.search({ text: "needle", limit: 5 })).items.length, 5, "limit 5");
    const full = await store.search({ text: "needle", limit: expected.length });
    equal(full.nextCursor, null, "nextCursor of a page that holds just all");
    const short = await store.search({ text: "needle", limit: expected.length - 1 });
    ok(typeof short.nextCursor === "string", "one is left: there is a next page");
    let limit = 1;
    const growing = await readPages((cursor) => store.search({ text: "needle", limit: limit++, cursor }));
    deepEqual(growing, expected, "the hits in pages that grow");
  }),

  conformanceCase(
    "search-pages-meanwhile",
    ["SEARCH-11", "SEARCH-10"],
    "others are created and changed between the pages",
    async (store) => {
      const sessions = haystack();
      await createAll(store, sessions);
      const touched = new Set<string>();
      let next = 100;
      const hits: SearchHit[] = await readPages(
        (cursor) => store.search({ text: "needle", limit: 6, cursor }),
        async () => {
          await store.create(makeSession(next, { name: "needle", updatedAt: T0 + (next % 3) }));
          await store.update(sessionId(next % 30), { status: "paused" }, { at: T0 + 10 });
          touched.add(sessionId(next++)).add(sessionId((next - 1) % 30));
        },
      );
      deepEqual(
        hits.filter(({ sessionId: id }) => !touched.has(id)),
        expectedHits(sessions, { text: "needle" }).filter(({ sessionId: id }) => !touched.has(id)),
        "the hits in sessions that nobody touched",
      );
    },
  ),

  conformanceCase(
    "search-foreign-cursor",
    ["SEARCH-12", "SEARCH-13"],
    "cursors of other searches",
    async (store) => {
      await createAll(store, haystack());
      const query: SearchQuery = { text: "needle", types: ["user_message"], limit: 2 };
      const { nextCursor } = await store.search(query);
      ok(nextCursor, "there is a next page");
      const cursor = nextCursor;
      const others: [string, SearchQuery][] = [
        ["another text", { ...query, text: "needle hay" }],
        ["a filter", { ...query, filter: { status: "active" } }],
        ["other types", { ...query, types: ["tool_call"] }],
        ["no types", { text: "needle", limit: 2 }],
        ["an after", { ...query, after: 1 }],
        ["a before", { ...query, before: 1 }],
        ["another order", { ...query, order: "rank" }],
      ];
      for (const [what, other] of others)
        await rejects(() => store.search({ ...other, cursor }), "invalid_input", `a cursor with ${what}`);
      const listed = await store.list({ limit: 1 });
      ok(listed.nextCursor, "there is a next page of sessions");
      for (const bad of [listed.nextCursor, "", "x", "é", "e30", "W10", `${cursor}x`, cursor.slice(1)])
        await rejects(
          () => store.search({ ...query, cursor: bad }),
          "invalid_input",
          `the cursor ${JSON.stringify(bad)}`,
        );
      equal((await store.search({ ...query, cursor })).items.length, 2, "the cursor with its own query");
    },
  ),

  conformanceCase("search-rank", ["SEARCH-13"], "by rank: the same hits on one page", async (store) => {
    const sessions = haystack();
    await createAll(store, sessions);
    const key = ({ sessionId: id, seq }: SearchHit) => `${id} ${seq}`;
    for (const text of ["needle", "a needle", "hay", "nothing"]) {
      const { items, nextCursor } = await store.search({ text, order: "rank", limit: 200 });
      equal(nextCursor, null, "nextCursor");
      const expected = expectedHits(sessions, { text });
      deepEqual(items.toSorted(byKey), expected.toSorted(byKey), `the hits for ${text}`);
    }
    const few = await store.search({ text: "needle", order: "rank", limit: 3 });
    equal(few.items.length, 3, "limit 3");
    equal(few.nextCursor, null, "nextCursor where more is left");
    equal(new Set(few.items.map(key)).size, 3, "different hits");
    function byKey(a: SearchHit, b: SearchHit): number {
      return key(a) < key(b) ? -1 : 1;
    }
  }),

  conformanceCase("search-hostile-texts", ["SEARCH-14", "SEARCH-9"], "no text fails", async (store) => {
    const contents = [
      "a needle in hay",
      "a b",
      "NOT needle AND hay",
      "東東東",
      "e\u0301 fi",
      "null undefined constructor",
      "1e999 2",
    ];
    const session = makeSession(1, { entries: contents.map((text, n) => userEntry(n, text)) });
    await store.create(session);
    for (const text of HOSTILE_TEXTS) {
      const { items } = await store.search({ text, limit: 200 });
      deepEqual(
        items,
        expectedHits([session], { text }),
        `the hits for ${JSON.stringify(text.slice(0, 50))}`,
      );
      const ranked = await store.search({ text, limit: 200, order: "rank" });
      equal(ranked.items.length, items.length, `the ranked hits for ${JSON.stringify(text.slice(0, 50))}`);
    }
    for (const text of ["", " ", "*", '""', "-- ??", "😀"])
      deepEqual(
        await store.search({ text }),
        { items: [], nextCursor: null },
        `a text without a word: ${text}`,
      );
  }),

  conformanceCase(
    "search-invalid",
    ["SEARCH-14", "SEARCH-11", "INPUT-2"],
    "searches that cannot be",
    async (store) => {
      await store.create(makeSession(1, { entries: [userEntry(1, "needle")] }));
      const queries: unknown[] = [
        { text: "a".repeat(4097) },
        { text: 1 },
        { text: null },
        {},
        undefined,
        null,
        "needle",
        ...[0, -1, 201, 1.5, "5"].map((limit) => ({ text: "needle", limit })),
        { text: "needle", order: "oldest" },
        { text: "needle", types: ["user"] },
        { text: "needle", types: "user_message" },
        { text: "needle", after: 0.5 },
        { text: "needle", before: "1" },
        { text: "needle", cursor: 1 },
      ];
      for (const query of queries)
        await rejects(
          () => store.search(query as SearchQuery),
          "invalid_input",
          `search of ${JSON.stringify(query)?.slice(0, 60)}`,
        );
    },
  ),
];
