import {
  COUNTED_FIELDS,
  type CountedField,
  type CountQuery,
  matchesFilter,
  type SessionFilter,
  type SessionMetadata,
  type SessionStore,
  type ValueCount,
} from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { createAll, makeSession, range, sessionId, T0 } from "../fixtures.ts";
import { generatedFilter, generatedSession } from "../generated.ts";
import { Random } from "../random.ts";
import { readPages } from "../reading.ts";

function countAll(store: SessionStore, filter: SessionFilter, query: CountQuery): Promise<ValueCount[]> {
  return readPages(async (cursor) => {
    const page = await store.count(filter, { ...query, cursor });
    equal(page.more, page.nextCursor !== null, "whether there are more");
    return page;
  });
}

/** What is expected, computed here: not with core's own counting. */
function expectedCounts(all: readonly SessionMetadata[], by: CountedField, prefix = ""): ValueCount[] {
  const day = (time: number) => (time > 8.64e15 ? "beyond" : new Date(time).toISOString().split("T", 1)[0]);
  const values = all.flatMap((each): (string | undefined)[] => {
    if (by === "tag") return [...new Set(each.tags)].filter((tag) => tag.startsWith(prefix));
    if (by === "createdDay") return [day(each.createdAt)];
    if (by === "updatedDay") return [day(each.updatedAt)];
    if (by === "status") return [each.status];
    return [(each.sessionType as Record<string, unknown>)[by] as string | undefined];
  });
  const distinct = [...new Set(values)].filter((value) => value !== undefined);
  return distinct
    .map((value) => ({ value, count: values.filter((each) => each === value).length }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

export const countByCases: readonly ConformanceCase[] = [
  conformanceCase(
    "count-by-fields",
    ["COUNT-2", "COUNT-3", "COUNT-5"],
    "how many sessions have each value, for generated filters",
    async (store) => {
      const random = new Random(99);
      const sessions = range(0, 80).map((n) => generatedSession(random, n));
      await createAll(store, sessions);
      const all = sessions.map(({ metadata }) => metadata);
      const filters = [{}, { tag: "a" }, { or: [] }, ...range(0, 12).map(() => generatedFilter(random, 2))];
      for (const filter of filters) {
        const matching = all.filter((each) => matchesFilter(filter, each));
        for (const by of COUNTED_FIELDS) {
          const what = `by ${by} for ${JSON.stringify(filter)}`;
          deepEqual(await countAll(store, filter, { by }), expectedCounts(matching, by), what);
        }
        for (const prefix of ["", "a", "ä", "\uffff", "\u{1f600}", "nothing"]) {
          const found = await countAll(store, filter, { by: "tag", prefix });
          deepEqual(found, expectedCounts(matching, "tag", prefix), `tags that begin with ${prefix}`);
        }
      }
    },
  ),

  conformanceCase(
    "count-by-pages",
    ["COUNT-3", "COUNT-6"],
    "pages of values, ties and cursors",
    async (store) => {
      const tags = ["b", "a", "A", "", "\uffff", "\u{1f600}", "\ue000", "z"];
      await createAll(store, [
        ...tags.map((tag, n) => makeSession(n, { tags: [tag, "all"] })),
        makeSession(50, { tags: ["z", "z", "all"] }),
      ]);
      const all = await countAll(store, {}, { by: "tag" });
      deepEqual(
        all.map(({ value, count }) => [value, count]),
        [
          ["all", 9],
          ["z", 2],
          ["", 1],
          ["A", 1],
          ["a", 1],
          ["b", 1],
          ["\u{1f600}", 1],
          ["\ue000", 1],
          ["\uffff", 1],
        ],
        "the order of the values",
      );
      for (const limit of [1, 2, 3, 9, 1000])
        deepEqual(await countAll(store, {}, { by: "tag", limit }), all, `pages of ${limit}`);
      const { nextCursor: cursor } = await store.count({}, { by: "tag", limit: 1 });
      const others: [SessionFilter, CountQuery][] = [
        [{ status: "active" }, { by: "tag" }],
        [{}, { by: "status" }],
        [{}, { by: "tag", prefix: "a" }],
      ];
      for (const [filter, query] of others)
        await rejects(
          () => store.count(filter, { ...query, cursor: cursor as string }),
          "invalid_input",
          JSON.stringify([filter, query]),
        );
      for (const foreign of ["", "x", "bnVsbA"])
        await rejects(
          () => store.count({}, { by: "tag", cursor: foreign }),
          "invalid_input",
          `the cursor ${foreign}`,
        );
      await store.delete(sessionId(50));
      await store.update(sessionId(0), { tags: ["z", "new"] }, { at: T0 });
      deepEqual(
        (await countAll(store, {}, { by: "tag" })).slice(0, 2),
        [
          { value: "all", count: 7 },
          { value: "z", count: 2 },
        ],
        "after changes",
      );
    },
  ),

  conformanceCase(
    "count-by-days",
    ["COUNT-4"],
    "days of UTC, from the first to those beyond",
    async (store) => {
      const day = 86_400_000;
      const times = [
        0,
        1,
        day - 1,
        day,
        T0,
        253_402_300_799_999,
        253_402_300_800_000,
        8.64e15 - 1,
        8.64e15,
        8.64e15 + 1,
        Number.MAX_SAFE_INTEGER,
      ];
      const sessions = times.map((time, n) => makeSession(n, { createdAt: time, updatedAt: time }));
      await createAll(store, sessions);
      const all = sessions.map(({ metadata }) => metadata);
      for (const by of ["createdDay", "updatedDay"] as const)
        deepEqual(await countAll(store, {}, { by }), expectedCounts(all, by), by);
      const { items } = await store.count({}, { by: "updatedDay", limit: 2 });
      deepEqual(
        items,
        [
          { value: "1970-01-01", count: 3 },
          { value: "beyond", count: 2 },
        ],
        "the most frequent days",
      );
      await store.append(sessionId(0), [], { at: T0 });
      await store.update(sessionId(0), { name: "later" }, { at: T0 });
      deepEqual(
        (await countAll(store, {}, { by: "createdDay" }))[0],
        { value: "1970-01-01", count: 3 },
        "days of creation after a change",
      );
    },
  ),

  conformanceCase(
    "count-by-hostile",
    ["COUNT-5", "INPUT-1", "INPUT-2", "CALL-1"],
    "queries that cannot be",
    async (store) => {
      await store.create(makeSession(1, { tags: ["a"] }));
      const hostile: Record<string, unknown> = {
        null: null,
        "no field": {},
        text: "status",
        "an unknown field": { by: "name" },
        "two fields": { by: ["status", "type"] },
        "an unknown key": { by: "status", order: "asc" },
        "a prefix of a status": { by: "status", prefix: "a" },
        "a prefix that is no text": { by: "tag", prefix: 1 },
        "a lone surrogate": { by: "tag", prefix: "\ud800" },
        "no values": { by: "tag", limit: 0 },
        "too many values": { by: "tag", limit: 1001 },
        "a fraction": { by: "tag", limit: 1.5 },
      };
      for (const [what, query] of Object.entries(hostile))
        await rejects(() => store.count({}, query as CountQuery), "invalid_input", what);
      await rejects(
        () => store.count({ stauts: 1 } as SessionFilter, { by: "tag" }),
        "invalid_input",
        "a filter that cannot be",
      );
    },
  ),
];
