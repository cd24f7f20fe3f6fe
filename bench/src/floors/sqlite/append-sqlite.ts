import { join } from "node:path";
import type { SessionEntry, SessionStore } from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { type Candidate, compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";
import { type BareSqlite, openBareSqlite } from "./bare-sqlite.ts";

const CALLERS = 64;

/**
 * Appending to store-sqlite: against the same rows by bare prepared statements, alone and with 64 callers.
 */
export async function appendSqlite(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 21;
  const lone = quick ? 10 : 200;
  const each = quick ? 2 : 16;
  for (const durability of ["full", "relaxed"] as const) {
    await withFolder(async (dir) => {
      const bare = await openBareSqlite(join(dir, "bare.db"), durability);
      // Each in a file of its own: what one puts off must not be done in the time of another.
      const alone = await openSqliteStore({ file: join(dir, "alone.db"), durability });
      const together = await openSqliteStore({ file: join(dir, "together.db"), durability });
      const apart = await openSqliteStore({ file: join(dir, "apart.db"), durability });
      const unindexed = await openUnindexed(join(dir, "unindexed.db"), durability);
      const shared = await makeSession(together, 100);
      const candidates: Candidate[] = [
        bareAppends(bare, lone),
        callers("store-sqlite, 1 caller", alone, [await makeSession(alone, 100)], lone),
        callers(
          `store-sqlite, ${CALLERS} callers on one session`,
          together,
          Array.from({ length: CALLERS }, () => shared),
          each,
        ),
        callers(
          `store-sqlite, ${CALLERS} callers on ${CALLERS} sessions`,
          apart,
          await manySessions(apart),
          each,
        ),
        callers("the same without an index for search", unindexed, await manySessions(unindexed), each),
      ];
      const durable = candidates.map((candidate, i) => {
        const callersOfIt = i < 2 ? 1 : CALLERS;
        return { ...candidate, syncs: Math.ceil(candidate.operations / callersOfIt) };
      });
      const results = await compare(durability === "full" ? durable : candidates, rounds);
      report(
        `append, store-sqlite, durability ${durability}, against the same rows by bare statements`,
        results,
      );
      if (durability === "full") {
        const [bareOne, one, onOne, onMany, withoutIndex] = results;
        reportTarget("1 caller, against bare statements", one, bareOne);
        reportTarget(`the rate of ${CALLERS} callers on one session, against bare`, bareOne, onOne);
        reportTarget(`the rate of ${CALLERS} on ${CALLERS} sessions, against bare`, bareOne, onMany);
        reportTarget("with an index for search that is built later", onMany, withoutIndex);
      }
      await reportIndexing(apart, join(dir, "apart.db"));
      await Promise.all([alone, together, apart, unindexed].map((store) => store.close()));
      bare.close();
    });
  }
}

function bareAppends(bare: BareSqlite, operations: number): Candidate {
  let fresh: SessionEntry[] = [];
  return {
    name: "bare statements, one transaction each",
    operations,
    prepare() {
      fresh = newEntries(operations);
    },
    async run() {
      for (const each of fresh) bare.append(each);
    },
  };
}

let time = 1_700_000_000_000;

/** So many callers as there are ids, each of which appends so many entries, one after the other. */
export function callers(name: string, store: SessionStore, ids: readonly string[], each: number): Candidate {
  let fresh: SessionEntry[] = [];
  return {
    name,
    operations: ids.length * each,
    prepare() {
      fresh = newEntries(ids.length * each);
    },
    async run() {
      const caller = async (id: string) => {
        for (let i = 0; i < each; i++) await store.append(id, [fresh.pop() as SessionEntry], { at: time++ });
      };
      await Promise.all(ids.map(caller));
    },
  };
}

function newEntries(count: number): SessionEntry[] {
  return Array.from({ length: count }, (_, i) => entry(i)).reverse();
}

function manySessions(store: SessionStore): Promise<string[]> {
  return Promise.all(Array.from({ length: CALLERS }, () => makeSession(store, 100)));
}

/** What was put off: the time that the next search takes for each entry that waits to be indexed. */
async function reportIndexing(store: SessionStore, file: string): Promise<void> {
  const db = new Database(file, { readonly: true });
  const waiting = db
    .prepare<[], number>("SELECT (SELECT max(key) FROM entries) - entry_key FROM search_progress")
    .pluck();
  const before = waiting.get() ?? 0;
  const start = performance.now();
  await store.search({ text: "agent", limit: 1 });
  const each = ((performance.now() - start) * 1000) / Math.max(1, before);
  console.log(`  a search then has ${before} entries to index first: ${each.toFixed(1)} us each`);
  db.close();
}

/** A store that believes that its index is up to date for ever. */
async function openUnindexed(file: string, durability: Durability): Promise<SessionStore> {
  await (await openSqliteStore({ file })).close();
  const db = new Database(file);
  db.prepare("UPDATE search_progress SET entry_key = ?, session_key = ?").run(2 ** 53 - 1, 2 ** 53 - 1);
  db.close();
  return openSqliteStore({ file, durability });
}
