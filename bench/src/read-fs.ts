import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { openFileStore } from "@thulp-sessions/store-fs";
import { makeSession } from "./data.ts";
import { compare, report, withFolder } from "./harness.ts";

/** Reading from store-fs: a whole session against JSON.parse of its text, and the end of a long one against all of it. */
export async function loadFs(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 31;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    const id = await makeSession(store, 2_000);
    const path = join(dir, `${id}.json`);
    const text = fs.readFileSync(path, "utf8");
    report(
      "load, store-fs, a session of 2000 entries, against JSON.parse of its text",
      await compare(
        [
          { name: "JSON.parse of the text", operations: 1, run: async () => void JSON.parse(text) },
          {
            name: "read the file, decode, JSON.parse",
            operations: 1,
            run: async () => void JSON.parse(fs.readFileSync(path, "utf8")),
          },
          {
            name: "store-fs get, touched before",
            operations: 1,
            run: async () => void (await store.get(id)),
          },
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
      ),
    );
    const long = await makeSession(store, 10_000);
    report(
      "the last 50 entries of 10000, store-fs, against loading all of them",
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
    await store.close();
  });
}

/** The first page of a folder of many sessions, against reading and parsing every file, as the original does. */
export async function listFs(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 7;
  const sessions = quick ? 500 : 10_000;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    for (let i = 0; i < sessions; i++) await makeSession(store, 20);
    const readAll = async () => {
      const all = fs.readdirSync(dir).filter((name) => name.endsWith(".json"));
      const metadata = all.map((name) => JSON.parse(fs.readFileSync(join(dir, name), "utf8")).metadata);
      metadata.sort((a, b) => b.updated_at - a.updated_at);
    };
    report(
      `the first page of 50 of ${sessions} sessions of 20 entries, store-fs, against reading every file`,
      await compare(
        [
          { name: "read and parse every file", operations: 1, run: readAll },
          {
            name: "list, a new store",
            operations: 1,
            async run() {
              const fresh = await openFileStore({ dir, durability: "relaxed" });
              await fresh.list({ limit: 50 });
              await fresh.close();
            },
          },
          { name: "list, again", operations: 1, run: async () => void (await store.list({ limit: 50 })) },
        ],
        rounds,
      ),
    );
    await store.close();
  });
  // Start-up of the runtime, for scale.
  const start = performance.now();
  execFileSync(process.execPath, ["-e", "0"]);
  console.log(`  (node -e 0: ${((performance.now() - start) * 1000).toFixed(0)} us)`);
}
