import { join } from "node:path";
import { newUuid } from "@thulp-sessions/core";
import { openSqliteStore, type SqliteStore } from "@thulp-sessions/store-sqlite";
import { type Candidate, compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, sessionOf } from "../../harness/data.ts";

const ENTRIES = 50;
const DELETIONS = ["fast", "secure"] as const;

/**
 * What secure deletion costs: an append, an entry taken off, sessions of 50 entries, among many others,
 * deleted one after the other and 64 at once, each against the same without it. Durable; all is indexed.
 */
export async function deleteSqlite(quick: boolean): Promise<void> {
  for (const sessions of quick ? [250] : [500, 2_000])
    await withFolder((dir) => deleteAmong(dir, sessions, quick));
}

async function deleteAmong(dir: string, sessions: number, quick: boolean): Promise<void> {
  const places: Place[] = [];
  for (const deletion of DELETIONS) {
    const store = await openSqliteStore({ file: join(dir, `${deletion}.db`), durability: "full", deletion });
    places.push({ store, ids: await createMany(store, sessions) });
  }
  const compareCalls = async (what: string, operations: number, rounds: number, call: Call) => {
    const candidates = places.map((place, i) =>
      candidateOf(`${what}, ${DELETIONS[i]}`, place, operations, call),
    );
    const results = await compare(candidates, quick ? 2 : rounds);
    report(`${what}, of ${sessions} sessions of ${ENTRIES} entries, store-sqlite, durability full`, results);
    reportTarget(`${what}, of ${sessions} sessions: secure against fast`, results[1], results[0]);
  };
  await compareCalls("append one", 1, 31, (store, [id = ""]) => store.append(id, [entry(1)], { at: 2 }));
  await compareCalls("truncate by one", 1, 11, (store, [id = ""]) =>
    store.truncate(id, ENTRIES - 1, { at: 2 }),
  );
  await compareCalls("delete one", 1, 11, (store, [id = ""]) => store.delete(id));
  await compareCalls("delete 64 at once", 64, 3, (store, ids) =>
    Promise.all(ids.map((id) => store.delete(id))),
  );
  for (const { store } of places) await store.close();
}

interface Place {
  readonly store: SqliteStore;
  /** Those that no window has had yet. */
  readonly ids: string[];
}

type Call = (store: SqliteStore, ids: readonly string[]) => Promise<unknown>;

/** Each window takes sessions that no other has, from anywhere among them. */
function candidateOf(name: string, { store, ids }: Place, operations: number, call: Call): Candidate {
  let own: string[] = [];
  return {
    name,
    operations,
    prepare: () => {
      own = Array.from({ length: operations }, (_, i) => ids.splice((i * 7919) % ids.length, 1)[0] ?? "");
    },
    run: async () => void (await call(store, own)),
  };
}

/** So many sessions, all in the index for search. */
async function createMany(store: SqliteStore, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newUuid());
  const entries = () => Array.from({ length: ENTRIES }, (_, i) => entry(i));
  for (let i = 0; i < count; i += 50)
    await Promise.all(ids.slice(i, i + 50).map((id) => store.create(sessionOf(id, { entries: entries() }))));
  await store.search({ text: "message", limit: 1 });
  return ids;
}
