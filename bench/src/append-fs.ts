import fs from "node:fs";
import { join } from "node:path";
import { openFileStore } from "@thulp-sessions/store-fs";
import { entry, makeSession } from "./data.ts";
import { type Contestant, compare, report, withFolder } from "./harness.ts";

/** Appending to store-fs: against the bare writes it consists of, at several lengths of the session, and in groups. */
export async function appendFs(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 21;
  const operations = quick ? 10 : 200;
  for (const durability of ["full", "relaxed"] as const) {
    await withFolder(async (dir) => {
      const store = await openFileStore({ dir, durability });
      let time = 1_700_000_000_000;
      const appending = async (entryCount: number): Promise<Contestant> => {
        const id = await makeSession(store, entryCount);
        return {
          name: `store-fs, session of ${entryCount}`,
          operations,
          async run() {
            for (let i = 0; i < operations; i++) await store.append(id, [entry(i)], { at: time++ });
          },
        };
      };
      const together = await makeSession(store, 100);
      const results = await compare(
        [
          bareAppend(dir, operations, durability === "full"),
          await appending(100),
          await appending(1_000),
          await appending(10_000),
          {
            name: "store-fs, 32 callers on one session",
            operations: operations * 4,
            async run() {
              const caller = async () => {
                for (let i = 0; i < operations / 8; i++)
                  await store.append(together, [entry(i)], { at: time++ });
              };
              await Promise.all(Array.from({ length: 32 }, caller));
            },
          },
          ...(durability === "full" ? [wholeFile(dir, quick ? 1 : 3)] : []),
        ],
        rounds,
      );
      report(`append, store-fs, durability ${durability}, against bare writes of the same bytes`, results);
      await store.close();
    });
  }
}

/** JSON.stringify, a positioned write, and fdatasync where that is promised. */
function bareAppend(dir: string, operations: number, sync: boolean): Contestant {
  const descriptor = fs.openSync(join(dir, "bare"), "w+");
  let position = 0;
  return {
    name: sync ? "bare positioned write + fdatasync" : "JSON.stringify + bare positioned write",
    operations,
    async run() {
      for (let i = 0; i < operations; i++) {
        const bytes = Buffer.from(JSON.stringify(entry(i), null, 2));
        position += fs.writeSync(descriptor, bytes, 0, bytes.length, position);
        if (sync) await new Promise<void>((resolve) => fs.fdatasync(descriptor, () => resolve()));
      }
    },
  };
}

/** What rewriting a session of 10,000 entries costs. */
function wholeFile(dir: string, operations: number): Contestant {
  const path = join(dir, "whole");
  const text = JSON.stringify({ entries: Array.from({ length: 10_000 }, (_, i) => entry(i)) }, null, 2);
  return {
    name: "whole file of 10,000 anew, fsync + rename",
    operations,
    async run() {
      for (let i = 0; i < operations; i++) {
        const descriptor = fs.openSync(`${path}.tmp`, "w");
        fs.writeSync(descriptor, text);
        await new Promise<void>((resolve) => fs.fsync(descriptor, () => resolve()));
        fs.closeSync(descriptor);
        fs.renameSync(`${path}.tmp`, path);
      }
    },
  };
}
