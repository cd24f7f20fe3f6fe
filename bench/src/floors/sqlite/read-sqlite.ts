import { join } from "node:path";
import { newUuid, type SessionFilter, type SessionStore } from "@thulp-sessions/core";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import Database from "better-sqlite3";
import { type Candidate, compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, makeSession, sessionOf } from "../../harness/data.ts";

/**
 * Loading a session of 2,000 entries, against JSON.parse of the same contents and a bare SELECT of the same
 * rows.
 */
export async function loadSqlite(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 31;
  await withFolder(async (dir) => {
    const file = join(dir, "sessions.db");
    const store = await openSqliteStore({ file, durability: "relaxed" });
    await makeSession(store, 500);
    const id = await makeSession(store, 2_000);
    const long = await makeSession(store, 10_000);
    const db = new Database(file, { readonly: true });
    const select = db.prepare<[string], { content: string }>(
      "SELECT entries.* FROM entries JOIN sessions ON sessions.key = session_key WHERE sessions.id = ? ORDER BY seq",
    );
    const loads = await compare(
      [
        {
          name: "SELECT of the rows, JSON.parse of each content",
          operations: 1,
          async run() {
            for (const { content } of select.all(id)) JSON.parse(content);
          },
        },
        { name: "store-sqlite get", operations: 1, run: async () => void (await store.get(id)) },
      ],
      rounds,
    );
    report(
      "load, store-sqlite, a session of 2000 entries, against JSON.parse of the same contents and a bare SELECT",
      loads,
    );
    reportTarget("load, against both", loads[1], loads[0]);
    report(
      "the last 50 entries of 10000, store-sqlite, against loading all of them",
      await compare(
        [
          { name: "get", operations: 1, run: async () => void (await store.get(long)) },
          {
            name: "readEntries, last 50",
            operations: 1,
            run: async () => void (await store.readEntries(long, { last: 50 })),
          },
        ],
        rounds,
      ),
    );
    db.close();
    await store.close();
  });
}

const PARENT = newUuid();

/**
 * Pages of 50: filtered against unfiltered, of many sessions against few, with sessions that are being
 * appended to.
 */
export async function listSqlite(quick: boolean): Promise<void> {
  const many = quick ? 2_000 : 100_000;
  const few = quick ? 100 : 1_000;
  const rounds = quick ? 2 : 21;
  const pages = 20;
  await withFolder(async (dir) => {
    const store = await openSqliteStore({ file: join(dir, "many.db"), durability: "relaxed" });
    const small = await openSqliteStore({ file: join(dir, "few.db"), durability: "relaxed" });
    const ids = await fill(store, many);
    await fill(small, few);
    const page = (name: string, of: SessionStore, filter: SessionFilter, times = pages): Candidate => ({
      name,
      operations: times,
      async run() {
        for (let i = 0; i < times; i++) await of.list({ filter, limit: 50 });
      },
    });
    const listed = await compare(
      [
        page("no filter", store, {}),
        page("status, of half of them", store, { status: "active" }),
        page("status, of one in 1000", store, { status: "failed" }),
        page("type, of one in 100", store, { type: "agent" }),
        page("parent, of one in 1000", store, { parent: PARENT as never }),
        page("tag, of all", store, { tag: "every" }),
        page("tag, of one in 1000", store, { tag: "rare" }),
        page("tag, of none", store, { tag: "none" }),
        page("a name that none has", store, { nameContains: "nobody" }, 1),
        page(`no filter, of ${few} sessions`, small, {}),
      ],
      rounds,
    );
    report(`a page of 50 of ${many} sessions, store-sqlite, against one without a filter`, listed);
    const [unfiltered, ...others] = listed;
    const [byName, ofFew] = others.slice(-2);
    for (const filtered of others.slice(0, -2))
      reportTarget(`${filtered.name}, against no filter`, filtered, unfiltered);
    reportTarget("a name that none has, against no filter", byName, unfiltered);
    reportTarget(`of ${many} sessions, against ${few}`, unfiltered, ofFew);
    // Some that stand in no index by their time.
    for (const id of ids.slice(0, 200)) await store.append(id, [entry(1)], { at: 2_000_000 });
    report(
      `the same right after 200 of them were appended to`,
      await compare(
        [page("no filter", store, {}), page("tag, of one in 1000", store, { tag: "rare" })],
        rounds,
      ),
    );
    await store.close();
    await small.close();
  });
}

async function fill(store: SessionStore, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let done = 0; done < count; ) {
    const made = Array.from({ length: Math.min(500, count - done) }, (_, i) => {
      const n = done + i;
      return sessionOf(newUuid(), {
        name: `Session number ${n} of the benchmark`,
        updatedAt: n,
        createdAt: n,
        status: n % 1000 === 3 ? "failed" : n % 2 === 0 ? "active" : "completed",
        sessionType:
          n % 100 === 0 ? { type: "agent", agentName: "a" } : { type: "conversation", purpose: "benchmark" },
        parentSession: n % 1000 === 5 ? (PARENT as never) : null,
        tags: n % 1000 === 7 ? ["every", "rare"] : ["every"],
      });
    });
    await Promise.all(made.map((session) => store.create(session)));
    ids.push(...made.map(({ metadata }) => metadata.id));
    done += made.length;
  }
  return ids;
}
