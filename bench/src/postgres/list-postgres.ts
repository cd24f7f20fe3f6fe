import { newUuid, type SessionFilter, type SessionId, type SessionStore } from "@thulp-sessions/core";
import { openPostgresStore } from "@thulp-sessions/store-postgres";
import type { Client } from "pg";
import { type Candidate, compare, report, reportTarget } from "../harness/compare.ts";
import { entry, makeSession } from "../harness/data.ts";
import { type BenchServer, withPostgres } from "./server.ts";

const PAGE = 50;
/** What a page has of `sessions`, where all of it has been brought up to date. */
const COLUMNS =
  "s.id, s.name, s.type, s.type_fields, s.created_at, s.listed_at, s.status, s.tags, s.parent_session";
const NEWEST_FIRST = `ORDER BY s.listed_at DESC, s.id DESC LIMIT ${PAGE + 1}`;

/** A filter, and what is asked for the same rows by hand. */
interface Page {
  readonly name: string;
  readonly filter: SessionFilter;
  readonly where: string;
  readonly values: readonly unknown[];
  /** Pages in a window. */
  readonly times?: number;
}

const PARENT = newUuid() as SessionId;
const hasTag = (condition: string) =>
  `EXISTS (SELECT 1 FROM {schema}.session_tags t WHERE t.session_id = s.id AND ${condition})`;
const bySkill = "hashtextextended(s.skill_name, 0) = hashtextextended($1, 0) AND s.skill_name = $1";
const byAgent = "hashtextextended(s.agent_name, 0) = hashtextextended($1, 0) AND s.agent_name = $1";

const pages: readonly Page[] = [
  { name: "no filter", filter: {}, where: "true", values: [] },
  {
    name: "status, of half of them",
    filter: { status: "active" },
    where: "s.status = $1",
    values: ["active"],
  },
  {
    name: "status, of one in 1000",
    filter: { status: "failed" },
    where: "s.status = $1",
    values: ["failed"],
  },
  { name: "type, of one in 100", filter: { type: "agent" }, where: "s.type = $1", values: ["agent"] },
  {
    name: "parent, of one in 1000",
    filter: { parent: PARENT },
    where: "s.parent_session = $1",
    values: [PARENT],
  },
  { name: "tag, of all", filter: { tag: "every" }, where: hasTag("t.tag = $1"), values: ["every"] },
  { name: "tag, of one in 1000", filter: { tag: "rare" }, where: hasTag("t.tag = $1"), values: ["rare"] },
  {
    name: "tag prefix, of all",
    filter: { tagPrefix: "ev" },
    where: hasTag("starts_with(t.tag, $1)"),
    values: ["ev"],
  },
  {
    name: "tag prefix, of one in 1000",
    filter: { tagPrefix: "ra" },
    where: hasTag("starts_with(t.tag, $1)"),
    values: ["ra"],
    times: 1,
  },
  { name: "skill, of one in 1000", filter: { skillName: "skill9" }, where: bySkill, values: ["skill9"] },
  { name: "agent, of one in 1000", filter: { agentName: "agent9" }, where: byAgent, values: ["agent9"] },
  {
    name: "part of the name, of one in 1000",
    filter: { nameContains: "seldom" },
    where: "position($1 in s.name_lower) > 0",
    values: ["seldom"],
    times: 1,
  },
  {
    name: "part of the name, of none",
    filter: { nameContains: "nobody" },
    where: "position($1 in s.name_lower) > 0",
    values: ["nobody"],
    times: 1,
  },
];

/**
 * Pages of 50 with each filter against a bare SELECT of the same rows, also while 200 sessions are being
 * written; one head against one row; a session of 2,000 entries against a bare SELECT and JSON.parse.
 */
export async function listPostgres(quick: boolean): Promise<void> {
  const many = quick ? 2_000 : 100_000;
  const rounds = quick ? 1 : 21;
  const times = quick ? 2 : 20;
  await withPostgres("list-postgres", async (server) => {
    const store = await openPostgresStore({ url: server.url("listed"), durability: "relaxed" });
    const client = await server.connect();
    await fill(client, "listed", many);
    const title = `a page of ${PAGE} of ${many} sessions, store-postgres, against a bare SELECT of the same rows`;
    const compared = await comparePages(store, client, times, rounds);
    report(title, compared);
    reportPages(compared, "");
    await reportSession(server, rounds, times);
    // Some that stand in no index by their time, for as long as this takes.
    const { rows } = await client.query('SELECT id FROM "listed".sessions ORDER BY created_at LIMIT 200');
    const moving = rows.map(({ id }: { id: string }) => id);
    const isOver = keepMoving(store, moving);
    const busy = await comparePages(store, client, times, quick ? 1 : 7);
    await isOver();
    report("the same while 200 sessions are appended to all the time", busy);
    reportPages(busy, ", while 200 are written");
    await store.close();
  });
}

async function comparePages(store: SessionStore, client: Client, times: number, rounds: number) {
  return compare(
    pages.flatMap((page): Candidate[] => {
      const { name, filter, where, values } = page;
      const operations = page.times ?? times;
      const text = `SELECT ${COLUMNS} FROM "listed".sessions s WHERE ${where} ${NEWEST_FIRST}`;
      const bare = {
        text: text.replaceAll("{schema}", '"listed"'),
        values: [...values],
        name: `bare ${name}`,
        rowMode: "array" as const,
      };
      return [
        repeated(`SELECT, ${name}`, operations, () => client.query(bare)),
        repeated(`list, ${name}`, operations, () => store.list({ filter, limit: PAGE })),
      ];
    }),
    rounds,
  );
}

function reportPages(results: Awaited<ReturnType<typeof compare>>, when: string): void {
  pages.forEach(({ name }, i) => {
    reportTarget(`a page by ${name}${when}, against SELECT`, results[2 * i + 1], results[2 * i]);
  });
}

/** Appends to all of them without a pause; the result ends it. */
function keepMoving(store: SessionStore, ids: readonly string[]): () => Promise<void> {
  let isOver = false;
  const done = (async () => {
    for (let at = 2_000_000; !isOver; at++) {
      await Promise.all(ids.map((id) => store.append(id, [entry(1)], { at })));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return () => {
    isOver = true;
    return done;
  };
}

async function reportSession(server: BenchServer, rounds: number, times: number): Promise<void> {
  const store = await openPostgresStore({ url: server.url("read"), durability: "relaxed" });
  const client = await server.connect();
  const id = await makeSession(store, 2_000);
  const long = await makeSession(store, 10_000);
  await client.query('VACUUM ANALYZE "read".entries');
  const entries = {
    name: "bare entries",
    text: 'SELECT seq, entry_id, at, type, type_fields, content FROM "read".entries WHERE session_id = $1 ORDER BY seq',
    values: [id],
    rowMode: "array" as const,
  };
  const row = {
    name: "bare head",
    text: 'SELECT s.*, h.* FROM "read".sessions s JOIN "read".heads h ON h.session_id = s.id WHERE s.id = $1',
    values: [id],
    rowMode: "array" as const,
  };
  // One alone is as often with as without the garbage of those before.
  const gotten = Math.ceil(times / 4);
  const gets = await compare(
    [
      repeated("SELECT of the rows, JSON.parse of each content", gotten, async () => {
        for (const found of (await client.query(entries)).rows) JSON.parse(found.at(-1));
      }),
      repeated("get", gotten, () => store.get(id)),
      repeated("get, of 10000 entries", 1, () => store.get(long)),
      repeated("readEntries, the last 50 of 10000", 1, () => store.readEntries(long, { last: 50 })),
    ],
    rounds,
  );
  report("a session of 2000 entries, store-postgres, against a bare SELECT and JSON.parse", gets);
  reportTarget("get, against SELECT and JSON.parse", gets[1], gets[0]);
  const heads = await compare(
    [
      repeated("SELECT of one row", times * 5, () => client.query(row)),
      repeated("head", times * 5, () => store.head(id)),
    ],
    rounds,
  );
  report("one head, store-postgres, against a bare SELECT of the row", heads);
  reportTarget("head, against SELECT", heads[1], heads[0]);
  await store.close();
}

function repeated(name: string, operations: number, work: () => Promise<unknown>): Candidate {
  return {
    name,
    operations,
    async run() {
      for (let i = 0; i < operations; i++) await work();
    },
  };
}

/** As the store would have left them: made by it one by one, they would take minutes. */
async function fill(client: Client, schema: string, count: number): Promise<void> {
  const store = `"${schema}"`;
  await client.query(`
    INSERT INTO ${store}.sessions (id, name, name_lower, type, type_fields, skill_name, agent_name, created_at,
      listed_at, status, tags, parent_session, context)
    SELECT gen_random_uuid(), g.name, lower(g.name),
      CASE WHEN i % 100 = 0 THEN 'agent' WHEN i % 10 = 9 THEN 'evaluation' ELSE 'conversation' END,
      CASE WHEN i % 100 = 0 THEN '{"agentName":"agent' || i % 1000 / 100 || '"}'
        WHEN i % 10 = 9 THEN '{"skillName":"skill' || i % 1000 / 100 || '"}'
        ELSE '{"purpose":"benchmark"}' END,
      CASE WHEN i % 100 = 9 THEN 'skill' || i % 1000 / 100 WHEN i % 10 = 9 THEN 'other' END,
      CASE WHEN i % 100 = 0 THEN 'agent' || i % 1000 / 100 END, i, i,
      CASE WHEN i % 1000 = 3 THEN 'failed' WHEN i % 2 = 0 THEN 'active' ELSE 'completed' END,
      CASE WHEN i % 1000 = 7 THEN '["every","rare"]' ELSE '["every"]' END,
      CASE WHEN i % 1000 = 5 THEN '${PARENT}'::uuid END, '{}'
    FROM (
      SELECT i, CASE WHEN i % 1000 = 1 THEN 'A Seldom' ELSE 'Session number ' || i END || ' of the benchmark' AS name
      FROM generate_series(1, ${count}) AS i
    ) AS g`);
  await client.query(`
    INSERT INTO ${store}.heads
    SELECT id, created_at, listed_at, status, 0, 0, 0, 0, false, 1, 1, '1', 0, 0, false FROM ${store}.sessions`);
  // The key of a tag is the first half of its SHA-256.
  await client.query(`
    INSERT INTO ${store}.session_tags
    SELECT s.id, encode(substring(sha256(t.tag::bytea) FOR 16), 'hex')::uuid, t.tag, s.created_at, s.listed_at
    FROM ${store}.sessions s CROSS JOIN LATERAL json_array_elements_text(s.tags::json) AS t (tag)`);
  await client.query(`VACUUM ANALYZE ${store}.sessions, ${store}.heads, ${store}.session_tags`);
}
