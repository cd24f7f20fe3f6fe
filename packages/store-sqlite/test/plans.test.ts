import { join } from "node:path";
import type { SessionFilter, SessionId } from "@thulp-sessions/core";
import type { ListRequest } from "@thulp-sessions/core/store";
import { expect, onTestFinished, test } from "vitest";
import type { Database } from "../src/connection/database.ts";
import type { Client } from "../src/connection/driver.ts";
import { checkOptions } from "../src/connection/options.ts";
import { openDatabase } from "../src/open/open.ts";
import { compileFilter } from "../src/query/filter-sql.ts";
import { pageQuery } from "../src/query/session-list.ts";
import { FIND_BY_ID } from "../src/tables/entry-table.ts";
import { METADATA_COLUMNS } from "../src/tables/rows.ts";
import { tempFolder } from "./temp-store.ts";

const id = "00000000-0000-0000-0000-000000000001" as SessionId;

async function database(): Promise<Database> {
  const opened = await openDatabase(checkOptions({ file: join(await tempFolder(), "sessions.db") }));
  onTestFinished(() => {
    opened.client.close();
  });
  return opened;
}

function planOf({ client }: Database, { filter, after, ...order }: Omit<ListRequest, "limit">): string[] {
  const part = order.orderBy === "updatedAt" ? "indexed" : "all";
  const shape = {
    ...order,
    columns: METADATA_COLUMNS,
    filter: compileFilter(filter),
    part,
    continued: after !== null,
  } as const;
  return explain(client, pageQuery(shape));
}

function explain(client: Client, sql: string): string[] {
  return client
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll(/\?|@\w+/g, "1")}`)
    .all()
    .map(({ detail }) => detail);
}

// The index that reads the page in its order, for each order and each filter that has one.
const cases: [name: string, filter: SessionFilter, updatedAt: string, createdAt: string][] = [
  ["no filter", {}, "sessions_by_updated", "sessions_by_created"],
  ["status", { status: "active" }, "sessions_by_status_updated", "sessions_by_status_created"],
  ["type", { type: "Agent" }, "sessions_by_type_updated", "sessions_by_type_created"],
  ["parent", { parent: id }, "sessions_by_parent_updated", "sessions_by_parent_created"],
  ["hasParent", { hasParent: true }, "sessions_with_parent_updated", "sessions_with_parent_created"],
  ["no parent", { hasParent: false }, "sessions_by_updated", "sessions_by_created"],
  ["tag", { tag: "a" }, "session_tags_updated", "session_tags_created"],
  [
    "tag among others",
    { and: [{ hasParent: false }, { tag: "a" }] },
    "session_tags_updated",
    "session_tags_created",
  ],
  ["nameContains", { nameContains: "a" }, "sessions_by_updated", "sessions_by_created"],
  ["not", { not: { status: "active" } }, "sessions_by_updated", "sessions_by_created"],
  ["or", { or: [{ status: "active" }, { tag: "a" }] }, "sessions_by_updated", "sessions_by_created"],
];
// Found by an index and then sorted: few sessions, as a rule, for which no index has the order.
const selective: [name: string, filter: SessionFilter, index: string][] = [
  ["ids", { ids: [id] }, "sessions_by_id"],
  ["skillName", { skillName: "a" }, "sessions_by_skill"],
  ["agentName", { agentName: "a" }, "sessions_by_agent"],
  ["tagPrefix", { tagPrefix: "a" }, "session_tags_"],
];

const orders = (["updatedAt", "createdAt"] as const).flatMap((orderBy) =>
  (["asc", "desc"] as const).flatMap((direction) =>
    [null, { time: 5, id }].map((after) => ({ orderBy, direction, after })),
  ),
);

test.each(cases)(
  "%s: pages are read from an index in their order",
  async (_, filter, updatedAt, createdAt) => {
    const opened = await database();
    for (const order of orders) {
      const plan = planOf(opened, { ...order, filter });
      const wanted = order.orderBy === "updatedAt" ? updatedAt : createdAt;
      const what = `${JSON.stringify(order)}: ${plan.join(" / ")}`;
      expect(
        plan.some((step) => new RegExp(`INDEX ${wanted}\\b`).test(step)),
        what,
      ).toBe(true);
      expect(
        plan.some((step) => step.includes("TEMP B-TREE")),
        what,
      ).toBe(false);
      // A scan without an index reads the whole table; one of an index stops when the page is full.
      expect(
        plan.filter((step) => /^SCAN (?!.*USING (COVERING )?INDEX|VALUE|json_each)/.test(step)),
        what,
      ).toEqual([]);
      // From a cursor on, and wherever the filter has an index of its own, no row is read that does not
      // belong.
      if (order.after) expect(plan[0], what).toMatch(/^SEARCH/);
    }
  },
);

test("bounds of the order are bounds of the index", async () => {
  const opened = await database();
  const order = { direction: "desc", after: null } as const;
  expect(planOf(opened, { ...order, orderBy: "updatedAt", filter: { updatedBefore: 5 } })).toEqual([
    expect.stringMatching(/^SEARCH sessions USING INDEX sessions_by_updated \(updated_at</),
  ]);
  expect(planOf(opened, { ...order, orderBy: "createdAt", filter: { createdAfter: 5 } })).toEqual([
    expect.stringMatching(/^SEARCH sessions USING INDEX sessions_by_created \(created_at>/),
  ]);
});

test("an entry is found by its id without a scan of the session", async () => {
  const { client } = await database();
  expect(explain(client, FIND_BY_ID)).toEqual([
    expect.stringMatching(/^SEARCH entries USING INDEX entries_by_id \(entry_id=\? AND session_key=\?\)/),
  ]);
});

test.each(cases)("%s: of the pending sessions, only those are read", async (_, filter) => {
  const { client } = await database();
  for (const { direction, after } of orders) {
    const shape = {
      columns: METADATA_COLUMNS,
      orderBy: "updatedAt",
      direction,
      filter: compileFilter(filter),
      part: "pending",
      continued: after !== null,
    } as const;
    const [first] = explain(client, pageQuery(shape));
    expect(first).toMatch(/^SEARCH sessions USING INDEX sessions_moving \(moving=\?\)/);
  }
});

test.each(selective)("%s is found by its index, whatever the order", async (_, filter, index) => {
  const opened = await database();
  for (const order of orders) {
    const plan = planOf(opened, { filter, ...order });
    expect(plan, plan.join("\n")).toContainEqual(
      expect.stringMatching(new RegExp(`USING (COVERING )?INDEX ${index}`)),
    );
  }
});
