import type { JsonValue, SearchQuery, Session, SessionStore } from "@thulp-sessions/core";
import { MAX_SEARCHED_WORDS } from "@thulp-sessions/core/store";
import { deepEqual, equal, ok } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { expectedHits } from "../expected-hits.ts";
import { createAll, EVERY_ENTRY_TYPE, makeEntry, makeSession, range, sessionId, T0 } from "../fixtures.ts";
import { generatedFilter, generatedSearchText, generatedSession, generatedText } from "../generated.ts";
import { Random } from "../random.ts";
import { searchAll } from "../reading.ts";

// Longer than most files: all cases of one group, with the tables that they share.

const ID = sessionId(1);
const USER = { type: "user_message" } as const;

/** One session whose entries hold these contents. */
async function createWith(store: SessionStore, contents: readonly JsonValue[], name = ""): Promise<void> {
  await store.create(
    makeSession(1, { name, entries: contents.map((content, n) => makeEntry(n, USER, content)) }),
  );
}

/** The places of the hits: the `seq`s, and `null` for the name. */
async function seqs(store: SessionStore, text: string): Promise<(number | null)[]> {
  return (await searchAll(store, { text, limit: 200 })).map(({ seq }) => seq);
}

/** Asks each text and compares the `seq`s. */
async function check(store: SessionStore, expected: Record<string, (number | null)[]>): Promise<void> {
  for (const [text, places] of Object.entries(expected))
    deepEqual(await seqs(store, text), places, `the hits for ${JSON.stringify(text)}`);
}

/** The hits, their snippets and offsets, against core's model. */
async function checkModel(
  store: SessionStore,
  sessions: readonly Session[],
  query: SearchQuery,
): Promise<number> {
  const hits = await searchAll(store, { limit: 200, ...query });
  deepEqual(hits, expectedHits(sessions, query), `the hits of ${JSON.stringify(query)}`);
  return hits.length;
}

export const searchCases: readonly ConformanceCase[] = [
  conformanceCase("search-words", ["SEARCH-1"], "every word in one entry, in any order", async (store) => {
    await createWith(store, ["alpha beta", "beta alpha gamma", "alpha", "beta", "alphabet beta", ""]);
    await check(store, {
      alpha: [0, 1, 2],
      "alpha beta": [0, 1],
      "beta alpha": [0, 1],
      "gamma alpha beta": [1],
      "alpha alpha": [0, 1, 2],
      "alpha delta": [],
      alph: [],
    });
  }),

  conformanceCase("search-phrases", ["SEARCH-2"], "words in quotes follow each other", async (store) => {
    await createWith(store, [
      "the quick brown fox",
      "the brown quick fox",
      "quick, (brown)! fox",
      ["quick", "brown"],
      { a: "the quick", b: "brown fox" },
      "quick\n\nbrown",
      "quick x brown",
      "quick quick brown",
    ]);
    await check(store, {
      '"quick brown"': [0, 2, 5, 7],
      '"quick brown fox"': [0, 2],
      '"brown quick"': [1],
      '"quick brown': [0, 2, 5, 7],
      "quick brown": [0, 1, 2, 3, 4, 5, 6, 7],
      '"quick" "brown fox"': [0, 2, 4],
      '"quick brown" the': [0],
      '""': [],
      '"quick brow"': [],
    });
  }),

  conformanceCase("search-prefix", ["SEARCH-3"], "a word that ends in an asterisk", async (store) => {
    await createWith(store, ["prefix", "prefixes", "pre fix", "unprefix", "PREFIXED"]);
    await check(store, {
      "prefix*": [0, 1, 4],
      "pre*": [0, 1, 2, 4],
      "pre* fix": [2],
      "p* f*": [2],
      prefix: [0],
      "*fix": [2],
      "*": [],
      '"pref*"': [],
    });
  }),

  conformanceCase(
    "search-case-and-diacritics",
    ["SEARCH-4"],
    "case and diacritics do not matter",
    async (store) => {
      await createWith(store, [
        "Élan vital",
        "elan",
        "e\u0301lan",
        "ELAN",
        "ΟΔΟΣ",
        "οδός",
        "Ёлка",
        "елка",
        "naïve Ångström",
        "ﬁne",
      ]);
      await check(store, {
        elan: [0, 1, 2, 3],
        ÉLAN: [0, 1, 2, 3],
        "e\u0301lan": [0, 1, 2, 3],
        οδος: [4, 5],
        ΟΔΌΣ: [4, 5],
        οδοσ: [4, 5],
        елка: [6, 7],
        "NAIVE angstrom": [8],
        fine: [9],
      });
    },
  ),

  conformanceCase(
    "search-without-spaces",
    ["SEARCH-4"],
    "scripts that put no spaces between words",
    async (store) => {
      await createWith(store, [
        "東京都に行きます",
        "京都",
        "東の京",
        "東京 tower",
        "カタカナ",
        "ภาษาไทย",
        "한국어 문서",
      ]);
      await check(store, {
        東京: [0, 3],
        京都: [0, 1],
        京: [0, 1, 2, 3],
        "東 京": [0, 2, 3],
        東京tower: [3],
        タカ: [4],
        "東京*": [0, 3],
        ไทย: [5],
        한국어: [6],
        한국: [],
        "한국*": [6],
      });
    },
  ),

  conformanceCase(
    "search-code",
    ["SEARCH-4", "SEARCH-1"],
    "identifiers, paths and numbers",
    async (store) => {
      await createWith(store, [
        "call readFileSync(path)",
        "snake_case_name and kebab-case-name",
        "/usr/local/bin/node --version=20.19",
        "error E0308: mismatched types",
        "user@example.com #1234",
        "a.b.c->d::e",
        "C++ and C#",
      ]);
      await check(store, {
        readfilesync: [0],
        "readFileSync(path)": [0],
        readFile: [],
        "readFile*": [0],
        snake_case_name: [1],
        "case name": [1],
        '"kebab case"': [1],
        "/usr/local": [2],
        "local/usr": [],
        "20.19": [2],
        E0308: [3],
        "user@example.com": [4],
        1234: [4],
        "a.b.c": [5],
        "d::e": [5],
        "C++": [5, 6],
      });
    },
  ),

  conformanceCase(
    "search-contents",
    ["SEARCH-5"],
    "strings at any depth, no keys, numbers or literals",
    async (store) => {
      await createWith(store, [
        { a: { b: [{ c: "buried" }] } },
        { buried: 1 },
        ["x", ["y", ["buried"]]],
        "buried",
        { text: 42, flag: true, nothing: null },
        JSON.parse('{"__proto__": "buried", "constructor": {"toJSON": "buried"}}') as JsonValue,
        "42 true null",
        [],
        {},
        null,
      ]);
      await check(store, { buried: [0, 2, 3, 5], 42: [6], true: [6], null: [6], text: [], toJSON: [] });
    },
  ),

  conformanceCase(
    "search-types-are-no-text",
    ["SEARCH-5"],
    "the fields of the type are not searched",
    async (store) => {
      const entries = EVERY_ENTRY_TYPE.map((type, n) => makeEntry(n, type, "said"));
      const sessionType = { type: "agent", agentName: "scout" } as const;
      await store.create(
        makeSession(1, { name: "", entries, sessionType, tags: ["tagged"], context: { k: "held" } }),
      );
      await check(store, {
        said: range(0, entries.length),
        read_file: [],
        review: [],
        compacted: [],
        scout: [],
        tagged: [],
        held: [],
      });
    },
  ),

  conformanceCase("search-names", ["SEARCH-6"], "names are hits too, before the entries", async (store) => {
    await createWith(store, ["needle", "other", "haystack"], "The Needle in a haystack");
    await store.create(makeSession(2, { name: "nothing", updatedAt: T0 + 1 }));
    await check(store, {
      needle: [null, 0],
      haystack: [null, 2],
      "needle haystack": [null],
      "needle other": [],
      '"the needle"': [null],
    });
    const { items } = await store.search({ text: "needle in" });
    deepEqual(
      items,
      [{ sessionId: ID, seq: null, snippet: "The Needle in a haystack", offsets: [[4, 13]] }].map((hit) => ({
        ...hit,
        offsets: [
          [4, 10],
          [11, 13],
        ],
      })),
      "the hit",
    );
  }),

  conformanceCase("search-restricted", ["SEARCH-7"], "types and times of entries", async (store) => {
    const entries = EVERY_ENTRY_TYPE.map((type, n) => makeEntry(n, type, `word ${n}`, T0 + n * 10));
    await store.create(makeSession(1, { name: "word", entries }));
    const ask = async (query: Omit<SearchQuery, "text">) =>
      (await searchAll(store, { text: "word", limit: 3, ...query })).map(({ seq }) => seq);
    deepEqual(await ask({}), [null, ...range(0, 7)], "without a restriction");
    deepEqual(await ask({ types: ["tool_call"] }), [3], "one type");
    deepEqual(await ask({ types: ["system_event", "user_message", "system_event"] }), [0, 6], "two types");
    deepEqual(await ask({ types: [] }), [], "no type");
    deepEqual(await ask({ after: T0 + 20 }), [3, 4, 5, 6], "after");
    deepEqual(await ask({ before: T0 + 20 }), [0, 1], "before");
    deepEqual(await ask({ after: T0 + 9, before: T0 + 21 }), [1, 2], "after and before");
    deepEqual(await ask({ after: T0 + 20, before: T0 + 20 }), [], "nothing between");
    deepEqual(await ask({ after: -(2 ** 60) }), range(0, 7), "after everything that can be");
    deepEqual(await ask({ after: T0, types: ["assistant_message", "user_message"] }), [1], "both");
  }),

  conformanceCase(
    "search-filter",
    ["SEARCH-8", "FILTER-1"],
    "only in sessions that a filter matches",
    async (store) => {
      const random = new Random(31);
      const sessions = range(0, 40).map((n) => {
        const session = generatedSession(random, n);
        return { ...session, entries: [makeEntry(0, USER, "needle"), makeEntry(1, USER, "hay")] };
      });
      await createAll(store, sessions);
      for (let i = 0; i < 60; i++)
        await checkModel(store, sessions, { text: "needle", filter: generatedFilter(random, 2) });
      equal(await checkModel(store, sessions, { text: "needle", filter: { or: [] } }), 0, "no session");
      equal(await checkModel(store, sessions, { text: "needle", filter: {} }), 40, "every session");
    },
  ),

  conformanceCase("search-snippets", ["SEARCH-9"], "snippets and offsets", async (store) => {
    const padding = "lorem ipsum dolor sit amet ".repeat(20);
    const contents: JsonValue[] = [
      "needle",
      `${padding}needle ${padding}`,
      `${padding}the needle and the Needle, NEEDLE${padding}`,
      ["first string", "second with needle", "third with needle"],
      `${"😀".repeat(100)} needle ${"😀".repeat(100)}`,
      `${"e\u0301".repeat(100)} needle`,
      "needle-needle needle",
      "\u2028needle\0needle\t",
      "NE\u0301EDLE and ＮＥＥＤＬＥ",
    ];
    const session = makeSession(1, {
      name: `A name with a needle ${padding}`,
      entries: contents.map((content, n) => makeEntry(n, USER, content)),
    });
    await store.create(session);
    for (const text of [
      "needle",
      '"the needle"',
      "need*",
      "needle the",
      '"needle needle"',
      "needle first",
      "with second",
    ])
      await checkModel(store, [session], { text });
    const { items } = await store.search({ text: "needle" });
    for (const { snippet, offsets } of items) {
      ok(offsets.length > 0, "a hit without offsets");
      for (const [start, end] of offsets)
        ok(start < end && end <= snippet.length, `offsets outside of ${snippet}`);
    }
    deepEqual(items[1], { sessionId: ID, seq: 0, snippet: "needle", offsets: [[0, 6]] }, "the simplest hit");
  }),

  conformanceCase(
    "search-generated",
    ["SEARCH-9", "SEARCH-1", "SEARCH-2", "SEARCH-3", "SEARCH-4"],
    "generated contents and queries, against core",
    async (store) => {
      const random = new Random(99);
      const sessions = range(0, 12).map((n) =>
        makeSession(n, {
          name: generatedText(random),
          updatedAt: T0 + random.below(4),
          entries: range(0, random.below(8)).map((i) =>
            makeEntry(
              i,
              random.pick(EVERY_ENTRY_TYPE),
              random.chance(0.3)
                ? [generatedText(random), { k: generatedText(random) }]
                : generatedText(random),
            ),
          ),
        }),
      );
      await createAll(store, sessions);
      let found = 0;
      for (let i = 0; i < 200; i++) {
        const text = generatedSearchText(random);
        found += (await checkModel(store, sessions, { text, limit: random.pick([3, 20, 200]) })) > 0 ? 1 : 0;
      }
      ok(found > 60, `only ${found} of the generated searches had hits`);
    },
  ),

  conformanceCase(
    "search-large",
    ["SEARCH-9", "VALUE-1"],
    "a word at the end of a megabyte",
    async (store) => {
      const session = makeSession(1, {
        entries: [
          makeEntry(0, USER, `${"filler ".repeat(150_000)}needle`),
          makeEntry(1, USER, `${"x".repeat(1_000_000)} needle`),
          makeEntry(
            2,
            USER,
            range(0, 5000).map((n) => (n === 4999 ? "needle" : `w${n}`)),
          ),
        ],
      });
      await store.create(session);
      equal(await checkModel(store, [session], { text: "needle" }), 3, "hits");
      equal(await checkModel(store, [session], { text: "x".repeat(256) }), 1, "a word cut at its bound");
    },
  ),

  conformanceCase(
    "search-bounds",
    ["SEARCH-16"],
    "what lies beyond the first 262,144 words of an entry, or 2,097,152 UTF-16 units, is not searched",
    async (store) => {
      // A long run of letters counts as many words.
      const [run, words] = ["x".repeat(256 * 1000), `${"a ".repeat(MAX_SEARCHED_WORDS - 1001)}last`];
      const spaces = " ".repeat(2 * 1024 * 1024 - 7);
      const entries = [
        makeEntry(0, USER, `${run} ${words} beyond`),
        makeEntry(1, USER, ["first", run, words.slice(2), "beyond"]),
        makeEntry(2, USER, `${spaces}needle beyond`),
        makeEntry(3, USER, [spaces, "needles", "beyond"]),
      ];
      await store.create(makeSession(1, { name: "", entries: entries.slice(0, 2) }));
      await store.append(ID, entries.slice(2), { at: T0 });
      await check(store, { last: [0, 1], "first last": [1], beyond: [], "needl*": [2] });
    },
  ),

  conformanceCase(
    "search-follows",
    ["SEARCH-15", "CALL-3"],
    "hits follow every change immediately",
    async (store) => {
      const entry = (n: number, text: string) => makeEntry(n, USER, { text });
      await createWith(store, ["first apple", "second apple"], "apple name");
      await check(store, { apple: [null, 0, 1] });
      await store.append(ID, [entry(2, "third apple"), entry(3, "pear")], { at: T0 });
      await check(store, { apple: [null, 0, 1, 2], pear: [3] });
      await store.update(ID, { name: "pear name" }, { at: T0 });
      await check(store, { apple: [0, 1, 2], pear: [null, 3] });
      await store.truncate(ID, 1, { at: T0 });
      await check(store, { apple: [0], pear: [null], third: [] });
      await store.append(ID, [entry(4, "apple again")], { at: T0 });
      await check(store, { apple: [0, 1], again: [1] });
      await store.replace(makeSession(1, { name: "plum", entries: [entry(7, "cherry"), entry(8, "apple")] }));
      await check(store, { apple: [1], cherry: [0], plum: [null], pear: [], first: [] });
      await store.delete(ID);
      await check(store, { apple: [], cherry: [], plum: [] });
      await store.create(makeSession(1, { name: "", entries: [entry(9, "fig")] }));
      await check(store, { apple: [], fig: [0] });
    },
  ),
];
