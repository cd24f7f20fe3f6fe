import fs from "node:fs";
import { join } from "node:path";
import { openFileStore } from "@thulp-sessions/store-fs";
import { type Candidate, compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { makeSession } from "../../harness/data.ts";

/** So many to a window: of a single one, chance decides whether the garbage of others is collected in it. */
const LOADS = 8;

/**
 * Reading from store-fs: a whole session against JSON.parse of its text, and the end of a long one against
 * all of it.
 */
export async function loadFs(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 51;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    const id = await makeSession(store, 2_000);
    const path = join(dir, `${id}.json`);
    const text = fs.readFileSync(path, "utf8");
    const results = await compare(
      [
        loading("JSON.parse of the text", () => JSON.parse(text)),
        loading("read the file, decode, JSON.parse", () => JSON.parse(fs.readFileSync(path, "utf8"))),
        loading("store-fs get, touched before", () => store.get(id)),
        {
          name: "store-fs get, first touch",
          operations: 1,
          async run() {
            const fresh = await openFileStore({ dir, durability: "relaxed" });
            await fresh.get(id);
            await fresh.close();
          },
        },
      ],
      rounds,
    );
    report("load, store-fs, a session of 2000 entries, against JSON.parse of its text", results);
    reportTarget("loading against JSON.parse", results[2], results[0]);
    const long = await makeSession(store, 10_000);
    const ends = await compare(
      [
        { name: "get", operations: 1, run: async () => void (await store.get(long)) },
        {
          name: "readEntries, last 50",
          operations: 1,
          run: async () => void (await store.readEntries(long, { last: 50 })),
        },
      ],
      rounds,
    );
    report("the last 50 entries of 10000, store-fs, against loading all of them", ends);
    reportTarget("the last 50 against all", ends[1], ends[0]);
    await store.close();
  });
}

function loading(name: string, load: () => unknown): Candidate {
  return {
    name,
    operations: LOADS,
    async run() {
      for (let i = 0; i < LOADS; i++) await load();
    },
  };
}
