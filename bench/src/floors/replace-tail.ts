import { join } from "node:path";
import type { SessionStore } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { type Candidate, compare, report, reportTarget, withFolder } from "../harness/compare.ts";
import { entry, makeSession } from "../harness/data.ts";

const ENTRIES = 1_000;

/**
 * The last message of a chat replaced in one durable step, as while an answer is being written: against what
 * the store does for any durable change of that size, an append on SQLite and a new status on files.
 */
export async function replaceTail(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 51;
  await withFolder(async (dir) => {
    const sqlite = await openSqliteStore({ file: join(dir, "sessions.db"), durability: "full" });
    await replaceIn(sqlite, rounds, "append one", async (id, at) => {
      await sqlite.append(id, [entry(at)], { at });
    });
    const files = await openFileStore({ dir: join(dir, "files"), durability: "full" });
    await replaceIn(files, rounds, "set the status", async (id, at) => {
      await files.update(id, { status: at % 2 === 0 ? "active" : "paused" }, { at });
    });
  });
}

async function replaceIn(
  store: SessionStore,
  rounds: number,
  name: string,
  change: (id: string, at: number) => Promise<void>,
): Promise<void> {
  const [changed, replaced] = [await makeSession(store, ENTRIES), await makeSession(store, ENTRIES)];
  let at = 1_700_000_000_000;
  const candidate = (what: string, run: () => Promise<void>): Candidate => ({
    name: what,
    operations: 1,
    syncs: 1,
    run,
  });
  const results = await compare(
    [
      candidate(name, () => change(changed, at++)),
      candidate("replace the last entry", async () => {
        const { version: expectedVersion } = await store.head(replaced);
        await store.append(replaced, [entry(at)], { at: at++, keep: ENTRIES - 1, expectedVersion });
      }),
    ],
    rounds,
  );
  report(`the last of ${ENTRIES} entries replaced, store-${store.kind}, durability full`, results);
  reportTarget(`replace the last entry, store-${store.kind}, against: ${name}`, results[1], results[0]);
  await store.close();
}
