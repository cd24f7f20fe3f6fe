import {
  matchesFilter,
  type SessionFilter,
  type SessionMetadata,
  type SessionType,
  sessionFilterSchema,
} from "@thulp-sessions/core";
import { asciiLowerCase, MAX_FILTER_DEPTH, MAX_FILTER_NODES } from "@thulp-sessions/core/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInput } from "../src/store/validate.ts";
import corpus from "./fixtures/filter-cases.json" with { type: "json" };
import { errorOf, makeMetadata, uuid } from "./make.ts";

const parse = (filter: unknown) => parseInput(sessionFilterSchema, filter, "filter");

/** The metadata of a file of the original, in our names. */
function translateMetadata(stored: (typeof corpus.sessions)[number]): SessionMetadata {
  const { id, name, session_type, created_at, updated_at, status, tags, parent_session } = stored;
  const sessionType = Object.fromEntries(
    Object.entries(session_type).map(([key, value]) => [camelCase(key), value]),
  ) as SessionType;
  return {
    id,
    name,
    sessionType,
    createdAt: created_at,
    updatedAt: updated_at,
    status,
    tags,
    parentSession: parent_session,
  } as unknown as SessionMetadata;
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

const KEYS: Readonly<Record<string, keyof SessionFilter>> = {
  by_status: "status",
  by_type_name: "type",
  has_tag: "tag",
  created_after: "createdAfter",
  created_before: "createdBefore",
  updated_after: "updatedAfter",
  updated_before: "updatedBefore",
  name_contains: "nameContains",
  with_parent: "parent",
};

function translateFilter(filter: unknown): unknown {
  if (filter === "all") return {};
  if (filter === "has_parent") return { hasParent: true };
  if (filter === "is_root") return { hasParent: false };
  const [[kind, value]] = Object.entries(filter as object) as [[string, unknown]];
  if (kind === "not") return { not: translateFilter(value) };
  if (kind === "and" || kind === "or") return { [kind]: (value as unknown[]).map(translateFilter) };
  const key = KEYS[kind];
  if (key === undefined) throw new Error(`Unknown kind of filter: ${kind}`);
  const isTime = key.endsWith("After") || key.endsWith("Before");
  return { [key]: isTime ? Number(value) : value };
}

describe("the filters of the original", () => {
  const sessions = corpus.sessions.map(translateMetadata);

  test("the fixture is whole", () => {
    expect(corpus.cases).toHaveLength(102);
    expect(sessions).toHaveLength(66);
    expect(corpus.unheld).toEqual([0x23, 0x25, 0x3c, 0x3e].map(uuid));
  });

  test.each(corpus.cases.map((each, i) => [i, each.note, each] as const))("%i: %s", (_, __, each) => {
    const filter = parse(translateFilter(each.filter));
    const found = sessions.filter((metadata) => matchesFilter(filter, metadata)).map(({ id }) => id);
    expect(found.sort()).toEqual(each.matches.filter((id) => !corpus.unheld.includes(id)));
  });

  test.each(corpus.toLowerCase.map(([text, lower]) => [text as string, lower as string] as const))(
    "names are lower-cased as in Rust: %j",
    (text, lower) => {
      expect(text.toLowerCase()).toBe(lower);
      expect(matchesFilter({ nameContains: text }, makeMetadata({ name: lower }))).toBe(true);
      expect(matchesFilter({ nameContains: lower }, makeMetadata({ name: text }))).toBe(true);
    },
  );
});

const leaf: fc.Arbitrary<SessionFilter> = fc.oneof(
  fc.constant({}),
  fc.constantFrom("active", "paused").map((status) => ({ status }) as SessionFilter),
  fc.constantFrom("conversation", "AGENT", "").map((type) => ({ type })),
  fc.constantFrom("a", "A", "").map((tag) => ({ tag })),
  fc.integer({ min: 998, max: 1002 }).map((createdAfter) => ({ createdAfter })),
  fc.integer({ min: 998, max: 1002 }).map((createdBefore) => ({ createdBefore })),
  fc.integer({ min: 1998, max: 2002 }).map((updatedAfter) => ({ updatedAfter })),
  fc.integer({ min: 1998, max: 2002 }).map((updatedBefore) => ({ updatedBefore })),
  fc.constantFrom("", "SESS", "ß").map((nameContains) => ({ nameContains })),
  fc.boolean().map((hasParent) => ({ hasParent })),
  fc.constant({ parent: uuid(7) }),
);

const someFilter = fc.letrec<{ filter: SessionFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ not: tie("filter") }),
    fc.tuple(leaf, tie("filter")).map(([part, not]) => ({ ...part, not })),
  ),
})).filter;

const someMetadata = fc
  .record({
    name: fc.constantFrom("", "My Session", "Straße"),
    status: fc.constantFrom("active" as const, "completed" as const),
    tags: fc.constantFrom([], ["a"], ["A", "a"]),
    parentSession: fc.constantFrom(null, uuid(7)),
    createdAt: fc.integer({ min: 999, max: 1001 }),
    updatedAt: fc.integer({ min: 1999, max: 2001 }),
  })
  .map((given) => makeMetadata(given));

describe("the algebra of filters", () => {
  const holds = (property: (f: SessionFilter, g: SessionFilter, m: SessionMetadata) => boolean) =>
    fc.assert(fc.property(someFilter, someFilter, someMetadata, property));

  test("not", () => holds((f, _, m) => matchesFilter({ not: f }, m) === !matchesFilter(f, m)));
  test("and", () =>
    holds((f, g, m) => matchesFilter({ and: [f, g] }, m) === (matchesFilter(f, m) && matchesFilter(g, m))));
  test("or is the and of the nots, turned round", () =>
    holds(
      (f, g, m) => matchesFilter({ or: [f, g] }, m) === !matchesFilter({ and: [{ not: f }, { not: g }] }, m),
    ));
  test("keys side by side are an and", () =>
    fc.assert(
      fc.property(leaf, someFilter, someMetadata, (part, not, m) => {
        expect(matchesFilter({ ...part, not }, m)).toBe(matchesFilter({ and: [part, { not }] }, m));
      }),
    ));
  test("checking a filter does not change what it matches", () =>
    holds((f, _, m) => matchesFilter(parse(f), m) === matchesFilter(f, m)));
});

describe("hostile filters", () => {
  const nested = (levels: number): unknown => {
    let filter: unknown = {};
    for (let i = 1; i < levels; i++) filter = i % 2 ? { not: filter } : { and: [filter] };
    return filter;
  };

  test("depth", async () => {
    expect(parse(nested(MAX_FILTER_DEPTH))).toEqual(nested(MAX_FILTER_DEPTH));
    for (const levels of [MAX_FILTER_DEPTH + 1, 100_000]) {
      expect((await errorOf(() => parse(nested(levels)))).code).toBe("invalid_input");
    }
  });

  test("number of nodes", async () => {
    const wide = (nodes: number) => ({ or: Array.from({ length: nodes - 1 }, () => ({})) });
    expect(parse(wide(MAX_FILTER_NODES))).toEqual(wide(MAX_FILTER_NODES));
    expect((await errorOf(() => parse(wide(MAX_FILTER_NODES + 1)))).code).toBe("invalid_input");
    const bushy = (levels: number): unknown =>
      levels === 0 ? {} : { and: [bushy(levels - 1), bushy(levels - 1)], or: [bushy(levels - 1)] };
    expect((await errorOf(() => parse(bushy(7)))).message).toContain("1000");
    expect((await errorOf(() => parse({ and: new Array(4_000_000_000) }))).code).toBe("invalid_input");
  });

  test("cycles", async () => {
    const narrow: Record<string, unknown> = {};
    narrow["not"] = narrow;
    const wide: Record<string, unknown> = {};
    wide["and"] = [wide, wide, wide];
    for (const filter of [narrow, wide]) {
      expect((await errorOf(() => parse(filter))).code).toBe("invalid_input");
    }
  });

  test.each([
    ["null", null],
    ["an array", []],
    ["a text", "all"],
    ["undefined", undefined],
    ["an unknown key", { stauts: "active" }],
    ["__proto__", JSON.parse('{"__proto__":{"status":"active"}}')],
    ["an unknown status", { status: "done" }],
    ["a list that is none", { and: { 0: {} } }],
    ["a hole in a list", { or: new Array(2) }],
    ["null in a list", { and: [null] }],
    ["not a list of them", { not: [{}] }],
    ["not null", { not: null }],
    ["a fraction", { createdAfter: 1.5 }],
    ["NaN", { createdAfter: Number.NaN }],
    ["infinity", { updatedBefore: Number.POSITIVE_INFINITY }],
    ["a time as text", { updatedBefore: "1000" }],
    ["a parent that is no id", { parent: "x" }],
    ["a lone surrogate", { nameContains: "\ud800" }],
    ["a lone surrogate as tag", { tag: "\udc00" }],
    ["a number for a boolean", { hasParent: 1 }],
  ])("%s is refused", async (_, filter) => {
    expect((await errorOf(() => parse(filter))).code).toBe("invalid_input");
  });

  test("a key that is there as undefined is as absent", () => {
    expect(matchesFilter(parse({ status: undefined, and: undefined, not: undefined }), makeMetadata())).toBe(
      true,
    );
  });

  test("bounds beyond 2^53 still compare correctly", () => {
    expect(matchesFilter(parse({ createdBefore: 1e300 }), makeMetadata())).toBe(true);
    expect(matchesFilter(parse({ createdAfter: -1e300 }), makeMetadata())).toBe(true);
  });

  test("a parent is taken in upper case", () => {
    const parent = "AAAAAAAA-0000-4000-8000-00000000000B";
    const metadata = makeMetadata({ parentSession: parent.toLowerCase() as SessionMetadata["id"] });
    expect(matchesFilter(parse({ parent }), metadata)).toBe(true);
  });

  test("only ASCII is folded in a type", () => {
    expect(asciiLowerCase("TEACHER_DEMO")).toBe("teacher_demo");
    expect(asciiLowerCase("İſ\u212a")).toBe("İſ\u212a");
  });
});
