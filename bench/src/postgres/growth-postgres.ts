import { newUuid, type SessionStore } from "@thulp-sessions/core";
import { openPostgresStore } from "@thulp-sessions/store-postgres";
import type { Client } from "pg";
import { callers } from "../floors/sqlite/append-sqlite.ts";
import { type Candidate, compare, report, reportTarget } from "../harness/compare.ts";
import { entry, makeSession } from "../harness/data.ts";
import { withPostgres } from "./server.ts";

const CALLERS = 64;
const SESSION = 1_000;

/**
 * Appends and reads as a database grows from 100,000 entries: to a million, or with `--large` to ten, which
 * takes 8 GB of disk and some minutes to fill.
 */
export async function growthPostgres(quick: boolean, isLarge: boolean): Promise<void> {
  const small = quick ? 2_000 : 100_000;
  const large = quick ? 10_000 : isLarge ? 10_000_000 : 1_000_000;
  const rounds = quick ? 1 : 15;
  const [lone, each] = quick ? [5, 1] : [100, 8];
  await withPostgres("growth-postgres", async (server) => {
    const client = await server.connect();
    const candidates: Candidate[][] = [];
    const stores: SessionStore[] = [];
    for (const [schema, count] of [
      ["small", small],
      ["large", large],
    ] as const) {
      const store = await openPostgresStore({ url: server.url(schema) });
      stores.push(store);
      await fill(client, schema, count);
      const live = await Promise.all(Array.from({ length: CALLERS }, () => makeSession(store, 100)));
      const of = `of ${count} entries`;
      const old = await sessionsOf(client, schema);
      candidates.push([
        callers(`1 caller, ${of}`, store, [await makeSession(store, 100)], lone),
        callers(`${CALLERS} callers on live sessions, ${of}`, store, live, each),
        randomly(`1 caller, old sessions at random, ${of}`, lone, old, (id) =>
          store.append(id, [entry(1)], { at: 2 }),
        ),
        randomly(`the last 50 of an old session at random, ${of}`, lone, old, (id) =>
          store.readEntries(id, { last: 50 }),
        ),
      ]);
    }
    const [few = [], many = []] = candidates;
    const pairs = few.flatMap((candidate, i) => [candidate, many[i] as Candidate]);
    const results = await compare(pairs, rounds);
    report("append and read, store-postgres, as the database grows", results);
    ["1 caller", "live sessions", "old sessions at random", "reading an old session at random"].forEach(
      (what, i) => {
        reportTarget(`${what}, the large database against the small one`, results[2 * i + 1], results[2 * i]);
      },
    );
    for (const store of stores) await store.close();
  });
}

function randomly(
  name: string,
  operations: number,
  ids: readonly string[],
  work: (id: string) => Promise<unknown>,
): Candidate {
  return {
    name,
    operations,
    async run() {
      for (let i = 0; i < operations; i++) await work(ids[Math.floor(Math.random() * ids.length)] as string);
    },
  };
}

/** Sessions of 1,000 entries of about 500 bytes, as the store would have left them, without words. */
async function fill(client: Client, schema: string, count: number): Promise<void> {
  const sessions = Math.ceil(count / SESSION);
  const ids = Array.from({ length: sessions }, newUuid);
  await client.query(
    `INSERT INTO "${schema}".sessions (id, name, name_lower, type, type_fields, created_at, listed_at, status, tags, context)
     SELECT id, 'old', 'old', 'conversation', '{"purpose":"benchmark"}', 1, 1, 'active', '[]', '{}'
     FROM unnest($1::uuid[]) AS id`,
    [ids],
  );
  await client.query(
    `INSERT INTO "${schema}".heads
     SELECT id, 1, 1, 'active', ${SESSION}, ${SESSION}, ${SESSION}, 0, true, 1, 1, '1', ${SESSION}, 0, false
     FROM unnest($1::uuid[]) AS id`,
    [ids],
  );
  // Entries of many sessions take turns, as they come.
  const lot = 100;
  for (let seq = 0; seq < SESSION; seq += lot) {
    await client.query(
      `INSERT INTO "${schema}".entries (session_id, seq, entry_id, at, type, content)
       SELECT s.id, seq, gen_random_uuid(), seq, 'user_message', $1
       FROM generate_series(${seq}, ${seq + lot - 1}) AS seq CROSS JOIN "${schema}".sessions s`,
      [JSON.stringify(entry(seq).content)],
    );
  }
  await client.query(`VACUUM ANALYZE "${schema}".sessions, "${schema}".heads, "${schema}".entries`);
}

async function sessionsOf(client: Client, schema: string): Promise<string[]> {
  const { rows } = await client.query(`SELECT id FROM "${schema}".sessions WHERE name = 'old'`);
  return rows.map(({ id }: { id: string }) => id);
}
