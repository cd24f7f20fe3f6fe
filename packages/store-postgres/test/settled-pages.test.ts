import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, test } from "vitest";
import { Database } from "../src/connection/database.ts";
import { parsePostgresUrl } from "../src/connection/postgres-url.ts";
import { BackgroundMaintenance } from "../src/maintenance/background-maintenance.ts";
import { settledPageStatement, settledRows } from "../src/query/page-statement.ts";
import { MISSING, type Place } from "./place.ts";
import { session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

/** Sessions with contexts of so many characters, in a store in which none is pending, and in core's. */
async function settled(place: Place, sizes: readonly number[]) {
  const store = await openAt(place.url());
  const model = new MemoryStore();
  for (const [i, size] of sizes.entries()) {
    const given = { ...session({ name: `"${i}" ü \\`, updatedAt: i }), context: { text: "x".repeat(size) } };
    for (const each of [store, model]) await each.create(given);
  }
  const database = new Database(parsePostgresUrl(place.url()), {
    durability: "relaxed",
    retryForMs: 0,
    warn: () => {},
  });
  try {
    await new BackgroundMaintenance(database, () => {}).flush();
    /** Whether the first page is answered by the statement for what is settled and small. */
    const isSettledPage = async (withHeads: boolean, limit: number) => {
      const request = { filter: {}, orderBy: "updatedAt", direction: "desc", after: null, limit } as const;
      const { rows } = await database.run(settledPageStatement(request, withHeads, database.schema));
      return rows[0]?.[0] !== null;
    };
    const answered = [
      await isSettledPage(false, 50),
      await isSettledPage(true, 50),
      await isSettledPage(true, 5),
    ];
    return { store, model, answered };
  } finally {
    await database.close();
  }
}

describe.skipIf(MISSING !== null)("pages of sessions none of which is pending", () => {
  const MB = 1_000_000;
  test.each([
    ["small ones", Array(12).fill(10), [true, true, true]],
    ["none", [], [true, true, true]],
    ["more than a page has room for", Array(12).fill(MB), [true, false, true]],
    ["one that is large", [10, 2 * MB, 10], [true, false, true]],
    ["one that is a page by itself", [10, 10, 15 * MB, 10], [true, false, false]],
  ] as const)("with contexts: %s", async (_, sizes, expected) => {
    const { store, model, answered } = await settled(testPlace(), sizes);
    expect(answered).toEqual(expected);
    for (const direction of ["asc", "desc"] as const) {
      for (const heads of [false, true]) {
        for (let cursor: string | undefined; ; ) {
          const query = { heads, direction, limit: 50, cursor } as const;
          const page = await store.list(query);
          const same = await model.list(query);
          const listed = ({ items }: typeof page) =>
            items.map((item) => ("metadata" in item ? item.metadata : item));
          expect(listed(page)).toEqual(listed(same));
          if (page.nextCursor === null) break;
          cursor = page.nextCursor;
        }
      }
    }
  });

  test.each([
    ["tags", "{"],
    ["tags", ""],
    ["tags", "{}"],
    ["type_fields", '{"purpose":"x"},{}'],
    ["type_fields", "null"],
    ["type_fields", "[1]"],
  ])("with one of which the %s are damaged (%s) list the others, and say so", async (column, damage) => {
    const place = testPlace();
    const { store, model } = await settled(place, [1, 1, 1]);
    const [damaged, ...others] = (await model.list()).items;
    await place.ask(`UPDATE {schema}.sessions SET ${column} = '${damage}' WHERE id = '${damaged?.id}'`);
    const warnings: string[] = [];
    store.warnings.listen(({ sessionId }) => void warnings.push(sessionId ?? ""));
    expect((await store.list()).items).toEqual(others);
    expect(warnings).toEqual([damaged?.id]);
  });

  test("of which each answers its own types and tags, however many have the same", async () => {
    const { store, model } = await settled(testPlace(), [1, 1, 1]);
    for (const { tags, sessionType } of (await store.list()).items) {
      (tags as string[]).push("mine");
      (sessionType as { purpose?: string }).purpose = "mine";
    }
    expect((await store.list()).items).toEqual((await model.list()).items);
  });
});

describe("the answer to a statement for a settled page", () => {
  const ids = ["a", "b", "c"];
  const answer = (times: readonly number[]) =>
    JSON.stringify([times, ...Array.from({ length: 8 }, () => ids.slice(0, times.length))]);
  const placesOf = (times: readonly number[], direction: "asc" | "desc") =>
    settledRows(answer(times), { direction }, false)?.map(({ place }) => place);

  test("is taken in the order that was asked for, and no other", () => {
    const places = (times: readonly number[]) => times.map((time, i) => ({ time, id: ids[i] }));
    expect(placesOf([1, 1, 2], "asc")).toEqual(places([1, 1, 2]));
    expect(placesOf([3, 2, 1], "desc")).toEqual(places([3, 2, 1]));
    expect(placesOf([3, 1, 2], "desc")).toBeUndefined();
    expect(placesOf([1, 1, 2], "desc")).toBeUndefined();
    expect(placesOf([2, 1], "asc")).toBeUndefined();
  });
});
