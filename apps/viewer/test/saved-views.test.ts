import fc from "fast-check";
import { beforeAll, expect, test, vi } from "vitest";
import { EMPTY_LIST, listParams, parseListState } from "../src/url/list-state.ts";

// The module keeps views in the browser, of which it needs no more than this.
let views: typeof import("../src/pages/list/saved-views.ts");
beforeAll(async () => {
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
  views = await import("../src/pages/list/saved-views.ts");
});

const failed = { ...EMPTY_LIST, status: "failed", text: "a?b&c=\n" };

test("views are the same after they were written and read, whatever their names", () => {
  const name = fc
    .string({ unit: "binary", minLength: 1, maxLength: 80 })
    .filter((text) => text.trim() === text);
  const query = fc.webQueryParameters().map((text) => parseListState(new URLSearchParams(text)));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 50 }), query, (names, list) => {
      const saved = names.filter((each) => each.isWellFormed()).map((each) => ({ name: each, list }));
      expect(views.readViews(views.writeViews(saved))).toEqual(saved);
    }),
  );
  expect(views.readViews(views.writeViews([{ name: "x", list: failed }]))).toEqual([
    { name: "x", list: failed },
  ]);
});

test("what is no view is left out, a name is there once, and there is an end to it", () => {
  expect(views.readViews("")).toEqual([]);
  expect(views.readViews("nothing\n%ff?status=failed\n ?tag=a\n%20ok%20?status=failed")).toEqual([
    { name: "ok", list: { ...EMPTY_LIST, status: "failed" } },
  ]);
  const two = views.readViews("a?tag=1\nb?tag=2\na?tag=3");
  expect(two.map(({ name, list }) => `${name} ${listParams(list)}`)).toEqual(["a tag=3", "b tag=2"]);
  const many = Array.from({ length: 60 }, (_, i) => `${i}?tag=${i}`).join("\n");
  expect(views.readViews(many)).toHaveLength(50);
  expect(views.withView(views.readViews(many), { name: "one more", list: failed })).toBeNull();
});
