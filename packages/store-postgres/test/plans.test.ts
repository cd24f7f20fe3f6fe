import type { SessionFilter, SessionId } from "@thulp-sessions/core";
import type { ListRequest } from "@thulp-sessions/core/store";
import { beforeAll, describe, expect, test } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { pageStatement, settledPageStatement } from "../src/query/page-statement.ts";
import { tagKey } from "../src/tables/rows.ts";
import { MISSING, newPlace } from "./place.ts";

const id = "00000000-0000-0000-0000-000000000001" as SessionId;
const place = newPlace();

/** Many sessions, of which some have a tag, a parent, a rare status, and some have just been appended to. */
async function fill(): Promise<void> {
  await (await openPostgresStore({ url: place.url() })).close();
  const source = `(SELECT gen_random_uuid() AS id, i FROM generate_series(1, 30000) AS i) AS g`;
  await place.ask(`
    INSERT INTO {schema}.sessions (id, name, name_lower, type, type_fields, skill_name, agent_name,
      created_at, listed_at, status, tags, parent_session, context)
    SELECT id, 'n' || i, 'n' || i, CASE WHEN i % 50 = 0 THEN 'agent' ELSE 'evaluation' END, '{}',
      CASE WHEN i % 50 > 0 THEN 'skill' || i % 1000 END, CASE WHEN i % 50 = 0 THEN 'agent' || i % 5000 END,
      i, 60000 - i, CASE WHEN i % 1000 = 0 THEN 'failed' ELSE 'active' END, '[]',
      CASE WHEN i % 20 = 0 THEN md5((i % 700)::text)::uuid END, '{}'
    FROM ${source};
    INSERT INTO {schema}.heads
    SELECT id, created_at, listed_at, status, 0, 0, 0, 0, false, 1, 1, '1', 0, 0, created_at % 300 = 0
    FROM {schema}.sessions;
    INSERT INTO {schema}.session_tags
    SELECT id, '${tagKey("common")}'::uuid, 'common', created_at, listed_at FROM {schema}.sessions
    UNION ALL
    SELECT id, '${tagKey("rare")}'::uuid, 'rare', created_at, listed_at FROM {schema}.sessions
    WHERE created_at % 1000 = 0`);
  await place.ask("ANALYZE {schema}.sessions, {schema}.heads, {schema}.session_tags");
}

async function planOf(request: Omit<ListRequest, "limit">, statement = pageStatement): Promise<string> {
  const { text, values = [] } = statement({ ...request, limit: 50 }, false, place.schema);
  const rows = await place.ask(`EXPLAIN ${text}`, values);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

// The index that reads the page in its order, for each order and each filter that has one.
const cases: [name: string, filter: SessionFilter, updatedAt: string, createdAt: string][] = [
  ["no filter", {}, "sessions_listed", "sessions_created"],
  ["a common status", { status: "active" }, "sessions_(status_)?listed", "sessions_(status_)?created"],
  ["a rare status", { status: "failed" }, "sessions_status_listed", "sessions_status_created"],
  ["a type", { type: "Agent" }, "sessions_type_listed", "sessions_type_created"],
  ["a parent", { parent: id }, "sessions_parent_listed", "sessions_parent_created"],
  ["some parent", { hasParent: true }, "sessions_with_parent_listed|sessions_listed", "sessions_created"],
  ["a common tag", { tag: "common" }, "session_tags_listed", "session_tags_created"],
  ["a rare tag", { tag: "rare" }, "session_tags_listed", "session_tags_created"],
  ["a skill", { skillName: "skill7" }, "sessions_skill_listed", "sessions_skill_listed|sessions_created"],
  ["an agent", { agentName: "agent50" }, "sessions_agent_listed", "sessions_agent_listed|sessions_created"],
  ["ids", { ids: [id] }, "sessions_pkey", "sessions_pkey"],
];

describe.skipIf(MISSING !== null)("the plan of a page", () => {
  beforeAll(fill, 60_000);
  beforeAll(() => place.dispose);

  describe.each([
    ["desc", null],
    ["asc", null],
    ["desc", { time: 40_000, id }],
  ] as const)("%s, from %j on", (direction, after) => {
    test.each(cases)("%s, by updatedAt", async (_, filter, updatedAt) => {
      const plan = await planOf({ filter, orderBy: "updatedAt", direction, after });
      expect(plan).toMatch(new RegExp(`using (${updatedAt})|on (${updatedAt})`));
      expect(plan).toContain("heads_index_pending");
      expect(plan).not.toContain("Seq Scan");
    });

    test.each(cases)("%s, by updatedAt, while nothing is pending", async (_, filter, updatedAt) => {
      const plan = await planOf({ filter, orderBy: "updatedAt", direction, after }, settledPageStatement);
      expect(plan).toMatch(new RegExp(`using (${updatedAt})|on (${updatedAt})`));
      expect(plan).not.toContain("Seq Scan");
    });

    test.each(cases)("%s, by createdAt", async (_, filter, __, createdAt) => {
      const plan = await planOf({ filter, orderBy: "createdAt", direction, after });
      expect(plan).toMatch(new RegExp(`using (${createdAt})|on (${createdAt})`));
      expect(plan).not.toContain("Seq Scan");
    });
  });
});
