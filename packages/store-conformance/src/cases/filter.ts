import {
  matchesFilter,
  type SessionFilter,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { createAll, makeEntry, makeSession, range, sessionId, T0 } from "../fixtures.ts";
import { generatedFilter, generatedSession, NAMES } from "../generated.ts";
import { Random } from "../random.ts";
import { listAll } from "../reading.ts";

// Longer than most files: one case after the other, all of filters.

/** `list` and `count` against core's evaluator. */
async function checkFilter(
  store: SessionStore,
  all: readonly SessionMetadata[],
  filter: SessionFilter,
): Promise<number> {
  const expected = all.filter((metadata) => matchesFilter(filter, metadata)).map(({ id }) => id);
  const what = JSON.stringify(filter);
  const listed = await listAll(store, { filter, limit: 1000 });
  deepEqual(listed.map(({ id }) => id).sort(), expected.sort(), `the sessions of ${what}`);
  equal(await store.count(filter), expected.length, `the count of ${what}`);
  return expected.length;
}

async function createGenerated(store: SessionStore): Promise<SessionMetadata[]> {
  const random = new Random(2024);
  const sessions = range(0, 80).map((n) => generatedSession(random, n));
  await createAll(store, sessions);
  return sessions.map(({ metadata }) => metadata);
}

export const filterCases: readonly ConformanceCase[] = [
  conformanceCase(
    "filter-keys",
    ["FILTER-1", "FILTER-2", "FILTER-5", "FILTER-7", "COUNT-1"],
    "every key alone, at its edges",
    async (store) => {
      const all = await createGenerated(store);
      const times = [
        -1,
        0,
        T0 - 1,
        T0,
        T0 + 1,
        T0 + 2,
        Number.MAX_SAFE_INTEGER - 1,
        Number.MAX_SAFE_INTEGER,
        1e300,
        -(2 ** 60),
      ];
      const filters: SessionFilter[] = [
        ...(["active", "completed", "failed", "cancelled", "paused"] as const).map((status) => ({ status })),
        ...["a", "A", "ä", "a\u0308", "", " ", "%", "😀", "a,b", "missing"].map((tag) => ({ tag })),
        ...times.flatMap((time) => [
          { createdAfter: time },
          { createdBefore: time },
          { updatedAfter: time },
          { updatedBefore: time },
          { createdAfter: time, createdBefore: time + 2 },
        ]),
        ...range(0, 5).flatMap((n) => [
          { parent: sessionId(n) },
          { parent: sessionId(n), hasParent: true },
          { parent: sessionId(n), hasParent: false },
        ]),
        { hasParent: true },
        { hasParent: false },
      ];
      for (const filter of filters) await checkFilter(store, all, filter);
      const parent = sessionId(1);
      const upper = parent.toUpperCase() as typeof parent;
      equal(await store.count({ parent: upper }), await store.count({ parent }), "a parent in upper case");
    },
  ),

  conformanceCase(
    "filter-nothing-and-everything",
    ["FILTER-2", "COUNT-1"],
    "filters that match all or none",
    async (store) => {
      const all = await createGenerated(store);
      const everything: SessionFilter[] = [
        {},
        { and: [] },
        { and: [{}] },
        { or: [{}] },
        { not: { or: [] } },
        { and: [{ and: [] }, {}] },
      ];
      const nothing: SessionFilter[] = [
        { or: [] },
        { not: {} },
        { and: [{ or: [] }] },
        { or: [{ or: [] }] },
        { not: { and: [] } },
        { and: [], or: [] },
        { nameContains: "", or: [] },
      ];
      for (const filter of everything)
        equal(await checkFilter(store, all, filter), 80, JSON.stringify(filter));
      for (const filter of nothing) equal(await checkFilter(store, all, filter), 0, JSON.stringify(filter));
      equal(await store.count(), 80, "count without a filter");
      equal(await checkFilter(store, all, { tag: undefined, or: undefined }), 80, "keys that are undefined");
    },
  ),

  conformanceCase(
    "filter-generated",
    ["FILTER-1", "FILTER-2", "COUNT-1"],
    "generated filters, against core",
    async (store) => {
      const all = await createGenerated(store);
      const random = new Random(7);
      let some = 0;
      for (let i = 0; i < 250; i++) {
        const found = await checkFilter(store, all, generatedFilter(random, 3));
        if (found > 0 && found < all.length) some++;
      }
      ok(some > 80, `only ${some} of the generated filters matched some sessions and not all`);
    },
  ),

  conformanceCase("filter-names", ["FILTER-3", "FILTER-1"], "names, over all of Unicode", async (store) => {
    const sessions = NAMES.map((name, n) => makeSession(n, { name }));
    await createAll(store, sessions);
    const all = sessions.map(({ metadata }) => metadata);
    const parts = NAMES.flatMap((name) => [
      name,
      name.toUpperCase(),
      name.toLowerCase(),
      [...name].slice(1, 4).join(""),
    ]);
    for (const nameContains of new Set(parts)) await checkFilter(store, all, { nameContains });
    for (const nameContains of [
      "%",
      "_",
      "\\",
      "*",
      "?",
      "[",
      "'",
      '"',
      "\0",
      "Σ",
      "ς",
      "σ",
      "İ",
      "\u212a",
      "ẞ",
      "x".repeat(100_000),
    ])
      await checkFilter(store, all, { nameContains });
    equal(
      await store.count({ nameContains: "\u212a" }),
      await store.count({ nameContains: "k" }),
      "the Kelvin sign",
    );
    ok(
      (await store.count({ nameContains: "strasse" })) < (await store.count({ nameContains: "stra" })),
      "ß is not ss",
    );
  }),

  conformanceCase("filter-names-follow", ["FILTER-3", "CALL-3"], "a name that was changed", async (store) => {
    await store.create(makeSession(1, { name: "ΟΔΟΣ" }));
    const found = (nameContains: string) => store.count({ nameContains });
    equal(await found("οδος"), 1, "the first name");
    await store.update(sessionId(1), { name: "İSTANBUL" }, { at: T0 });
    equal(await found("οδος"), 0, "the first name after an update");
    equal(await found("i\u0307stanbul"), 1, "the second name");
    await store.update(sessionId(1), { status: "paused" }, { at: T0 });
    equal(await found("i\u0307stanbul"), 1, "the second name after another update");
    await store.replace(makeSession(1, { name: "\u212aELVIN" }));
    equal(await found("kelvin"), 1, "the third name");
    await store.append(sessionId(1), [makeEntry(1, { type: "user_message" }, "x")], { at: T0 });
    equal(await found("kelvin"), 1, "the third name after an append");
  }),

  conformanceCase("filter-type", ["FILTER-4"], "the type ignores the case of ASCII", async (store) => {
    const all = await createGenerated(store);
    for (const type of [
      "agent",
      "AGENT",
      "aGeNt",
      "Teacher_Demo",
      "agent ",
      "",
      "*",
      "\u212a",
      "conver\u017fation",
      "REFINEMENT",
      "REF\u0130NEMENT",
      "Agent",
    ])
      await checkFilter(store, all, { type });
    equal(await store.count({ type: "AGENT" }), await store.count({ type: "agent" }), "upper case");
    ok((await store.count({ type: "agent" })) > 0, "there are agents");
    equal(await store.count({ type: "conver\u017fation" }), 0, "a long s is no s");
  }),

  conformanceCase(
    "filter-ids",
    ["FILTER-8", "FILTER-1", "COUNT-1", "SEARCH-8"],
    "only these sessions",
    async (store) => {
      const all = await createGenerated(store);
      const missing = range(1000, 1010).map((n) => sessionId(n));
      const some = [3, 1, 4, 1, 5].map((n) => sessionId(n));
      for (const ids of [[], missing, some, [...some, ...missing], all.map(({ id }) => id)]) {
        await checkFilter(store, all, { ids });
        await checkFilter(store, all, { not: { ids } });
        await checkFilter(store, all, { and: [{ status: "active" }, { ids }] });
        await checkFilter(store, all, { or: [{ status: "paused" }, { ids }] });
      }
      await checkFilter(store, all, { ids: some, and: [{ ids: [sessionId(4), sessionId(7)] }] });
      const upper = some.map((id) => id.toUpperCase() as typeof id);
      equal(await store.count({ ids: upper }), 4, "ids in upper case, one of them twice");
      await store.append(sessionId(3), [makeEntry(1, { type: "user_message" }, "needle")], { at: T0 });
      await store.append(sessionId(9), [makeEntry(2, { type: "user_message" }, "needle")], { at: T0 });
      const { items } = await store.search({ text: "needle", filter: { ids: some } });
      deepEqual(
        items.map(({ sessionId }) => sessionId),
        [sessionId(3)],
        "the search of some",
      );
      await store.delete(sessionId(3));
      await checkFilter(
        store,
        all
          .filter(({ id }) => id !== sessionId(3) && id !== sessionId(9))
          .concat([(await store.head(sessionId(9))).metadata]),
        { ids: some },
      );
      const most = range(0, 1000).map((n) => sessionId(n));
      equal(await store.count({ ids: most }), 79, "a thousand ids");
      for (const filter of [{ ids: [...most, sessionId(0)] }, { or: [{ ids: most }, { ids: some }] }])
        await rejects(() => store.count(filter), "invalid_input", "more than a thousand ids");
    },
  ),

  conformanceCase(
    "filter-tag-prefix",
    ["FILTER-9", "FILTER-1", "COUNT-1"],
    "tags that begin so",
    async (store) => {
      const tags = [
        "agent:claude-code",
        "agent:",
        "agents",
        "Agent:x",
        "a",
        "",
        "é",
        "e\u0301",
        "\uffffz",
        "😀",
        "\u{10ffff}z",
        "x%y",
      ];
      const sessions = [
        ...tags.map((tag, n) => makeSession(n, { tags: [tag] })),
        makeSession(50, { tags: [] }),
        makeSession(51, { tags: ["zzz", "agent:claude-code", "agent:claude-code"] }),
      ];
      await createAll(store, sessions);
      const all = sessions.map(({ metadata }) => metadata);
      const prefixes = [
        ...tags,
        "agent",
        "agent:c",
        "AGENT",
        "e",
        "\uffff",
        "\u{10ffff}",
        "x",
        "x%",
        "x_",
        "nothing",
      ];
      for (const tagPrefix of prefixes) {
        await checkFilter(store, all, { tagPrefix });
        await checkFilter(store, all, { not: { tagPrefix } });
      }
      equal(await store.count({ tagPrefix: "" }), 13, "any tag");
      equal(await store.count({ tagPrefix: "agent:" }), 3, "a session with such a tag twice counts once");
      await store.update(sessionId(51), { tags: ["other"] }, { at: T0 });
      equal(await store.count({ tagPrefix: "agent:" }), 2, "after its tags were changed");
    },
  ),

  conformanceCase(
    "filter-type-fields",
    ["FILTER-10", "FILTER-1", "COUNT-1"],
    "the fields of the session type",
    async (store) => {
      const values = ["x", "X", "", "x\0", "null", "\uffff", "😀", '"'];
      const sessions = values.flatMap((value, n) => [
        makeSession(10 * n, { sessionType: { type: "teacher_demo", task: value, model: "m" } }),
        makeSession(10 * n + 1, { sessionType: { type: "teacher_demo", task: "t", model: value } }),
        makeSession(10 * n + 2, { sessionType: { type: "evaluation", skillName: value, testCases: 1 } }),
        makeSession(10 * n + 3, { sessionType: { type: "refinement", skillName: value, iteration: 1 } }),
        makeSession(10 * n + 4, { sessionType: { type: "agent", agentName: value } }),
        makeSession(10 * n + 5, { sessionType: { type: "conversation", purpose: value } }),
      ]);
      await createAll(store, sessions);
      const all = sessions.map(({ metadata }) => metadata);
      for (const key of ["skillName", "agentName", "model", "task"] as const) {
        for (const value of [...values, "missing"]) {
          await checkFilter(store, all, { [key]: value });
          await checkFilter(store, all, { not: { [key]: value } });
          await checkFilter(store, all, { [key]: value, type: "evaluation" });
        }
      }
      const before = await store.count({ skillName: "x" });
      await store.update(sessionId(2), { sessionType: { type: "conversation", purpose: "x" } }, { at: T0 });
      equal(await store.count({ skillName: "x" }), before - 1, "after the type was changed");
    },
  ),

  conformanceCase("filter-deep", ["FILTER-6", "FILTER-1"], "deep and wide filters", async (store) => {
    const all = await createGenerated(store);
    let deep: SessionFilter = { status: "active" };
    for (let i = 1; i < 100; i++) deep = { not: deep };
    await checkFilter(store, all, deep);
    await checkFilter(store, all, { not: deep.not?.not ?? {} });
    let mixed: SessionFilter = { hasParent: true };
    for (let i = 1; i < 100; i++)
      mixed = i % 2 === 0 ? { and: [mixed, {}] } : { or: [mixed, { status: "failed" }] };
    await checkFilter(store, all, mixed);
    const wide = range(0, 999).map((n) => ({ nameContains: `no such name ${n}` }));
    await checkFilter(store, all, { or: wide });
    await checkFilter(store, all, { or: [...wide.slice(1), { status: "paused" }] });
    await checkFilter(store, all, { and: wide.map(() => ({ hasParent: false })) });
  }),

  conformanceCase(
    "filter-hostile",
    ["FILTER-6", "INPUT-1", "INPUT-2", "CALL-1"],
    "filters that cannot be",
    async (store) => {
      await store.create(makeSession(1));
      let tooDeep: SessionFilter = {};
      for (let i = 0; i < 100; i++) tooDeep = { not: tooDeep };
      let abyss: SessionFilter = {};
      for (let i = 0; i < 100_000; i++) abyss = { and: [abyss] };
      const cycle: { not?: unknown } = {};
      cycle.not = cycle;
      const fan: { or: unknown[] } = { or: [] };
      fan.or.push(fan, fan, fan);
      const hostile: Record<string, unknown> = {
        "101 levels": tooDeep,
        "100,000 levels": abyss,
        "1001 filters": { or: range(0, 1000).map(() => ({})) },
        "100,000 filters": { or: Array.from({ length: 100_000 }, () => ({})) },
        "a cycle": cycle,
        "a cycle that fans out": fan,
        null: null,
        text: "active",
        array: [],
        "unknown key": { id: sessionId(1) },
        "unknown key, nested": { not: { or: [{ and: [{ name: "x" }] }] } },
        "unknown status": { status: "done" },
        "status as a list": { status: ["active"] },
        "tag null": { tag: null },
        "ids as a text": { ids: sessionId(1) },
        "ids with a name": { ids: [sessionId(1), "x"] },
        "ids with a hole": { ids: new Array(2) },
        "100,000 ids": { ids: Array.from({ length: 100_000 }, () => sessionId(1)) },
        "tag prefix null": { tagPrefix: null },
        "skill as a list": { skillName: ["s"] },
        "lone surrogate in the tag prefix": { tagPrefix: "a\ud83d" },
        "time as text": { createdAfter: "2024-01-01" },
        "time as a fraction": { createdAfter: 0.5 },
        "time NaN": { updatedBefore: Number.NaN },
        "time infinite": { updatedBefore: Number.POSITIVE_INFINITY },
        "parent null": { parent: null },
        "parent no id": { parent: "../x" },
        "hasParent as text": { hasParent: "true" },
        "and as an object": { and: {} },
        "or with null": { or: [null] },
        "or with a hole": { or: new Array(2) },
        "not as a list": { not: [] },
        "lone surrogate in the name": { nameContains: "\ud800" },
        "lone surrogate in the tag": { tag: "\udc00" },
        "lone surrogate in the type": { type: "\ud800" },
        "an operator of another language": { status: { $ne: null } },
      };
      for (const [what, given] of Object.entries(hostile)) {
        const filter = given as SessionFilter;
        await rejects(() => store.list({ filter }), "invalid_input", `list: ${what}`);
        await rejects(() => store.count(filter), "invalid_input", `count: ${what}`);
        await rejects(() => store.search({ text: "x", filter }), "invalid_input", `search: ${what}`);
      }
    },
  ),
];
