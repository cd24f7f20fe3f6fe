import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY_LIST, filterOf, type ListState } from "../src/url/list-state.ts";
import { COMPARE_TABS, formatRoute, parseRoute, type Route } from "../src/url/route.ts";
import { ENTRY_KINDS, SESSION_TABS } from "../src/url/session-state.ts";

const ORIGIN = "http://127.0.0.1:4664";
const text = fc.string({ unit: "binary" });
const some = fc.oneof(
  text,
  fc.constantFrom(".", "..", "~", "~~", "%", "a/b", "a b+c", "#e1", "?q=1", "\u202e"),
);
const list: fc.Arbitrary<ListState> = fc.record({
  text: some,
  status: some,
  type: some,
  tag: some,
  skill: some,
  agent: some,
  model: some,
  parent: some,
  since: some,
  until: some,
  sort: fc.constantFrom("updated", "created"),
  view: fc.constantFrom("compact", "table"),
});
const seq = fc.nat(999_999_999_999);
const range = fc.option(
  fc.tuple(seq, seq).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) })),
);
const routes: fc.Arbitrary<Route> = fc.oneof(
  list.map((each): Route => ({ page: "list", list: each })),
  list.map((each): Route => ({ page: "stats", list: { ...each, text: "" } })),
  fc
    .record({
      id: some,
      tab: fc.constantFrom(...SESSION_TABS),
      kind: fc.constantFrom(...ENTRY_KINDS),
      tool: some,
      find: some,
      range,
    })
    .map((session): Route => ({ page: "session", session })),
  some.map((id): Route => ({ page: "tree", id })),
  fc
    .record({ a: some, b: some, tab: fc.constantFrom(...COMPARE_TABS) })
    .map((each): Route => ({ page: "compare", ...each })),
  fc.record({ tag: some, metric: some }).map((each): Route => ({ page: "run", ...each })),
  some.map((name): Route => ({ page: "skill", name })),
  fc.constantFrom<Route>({ page: "runs" }, { page: "settings" }, { page: "help" }),
);

describe("the URL of a route", () => {
  test("says all of it", () => {
    fc.assert(
      fc.property(routes, (route) => {
        const url = new URL(formatRoute(route), ORIGIN);
        expect(url.origin).toBe(ORIGIN);
        expect(parseRoute(url)).toEqual(route);
      }),
      { numRuns: 1000 },
    );
  });

  test("of any kind is a route", () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), text, (path, query, hash) => {
        const route = parseRoute(new URL(`${ORIGIN}/${path}?${query}#${hash}`));
        expect(route.page).toBeTypeOf("string");
      }),
    );
    expect(parseRoute(new URL("/s/%ff", ORIGIN))).toEqual({ page: "missing", path: "/s/%ff" });
    expect(parseRoute(new URL("/s/", ORIGIN))).toEqual({ page: "missing", path: "/s/" });
    expect(parseRoute(new URL("/run/a/b/c", ORIGIN)).page).toBe("missing");
  });

  test("is short where nothing is asked for", () => {
    expect(formatRoute({ page: "list", list: EMPTY_LIST })).toBe("/");
    const session = { id: "0190a3c5", tab: "conversation", kind: "all", tool: "", find: "" } as const;
    expect(formatRoute({ page: "session", session: { ...session, range: null } })).toBe("/s/0190a3c5");
    const url = formatRoute({ page: "session", session: { ...session, range: { first: 120, last: 131 } } });
    expect(url).toBe("/s/0190a3c5#e120-131");
  });
});

describe("the filter of a list", () => {
  test("has what is asked for, days whole", () => {
    expect(filterOf(EMPTY_LIST)).toEqual({});
    const list = {
      ...EMPTY_LIST,
      status: "failed",
      skill: "parse",
      since: "2026-11-28",
      until: "2026-11-28",
    };
    const start = Date.UTC(2026, 10, 28);
    expect(filterOf(list)).toEqual({
      status: "failed",
      skillName: "parse",
      updatedAfter: start - 1,
      updatedBefore: start + 86_400_000,
    });
    expect(filterOf({ ...list, sort: "created" })).toHaveProperty("createdAfter", start - 1);
  });

  test("matches nothing for what no session can be", () => {
    expect(filterOf({ ...EMPTY_LIST, status: "sleeping" })).toEqual({ ids: [] });
    expect(filterOf({ ...EMPTY_LIST, parent: "x" })).toEqual({ ids: [] });
    expect(filterOf({ ...EMPTY_LIST, since: "yesterday" })).toEqual({});
  });
});
