import { openFileStore } from "@thulp-sessions/store-fs";
import { compare, report, reportTarget, withFolder } from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";

const ENTRIES = 10_000;

/**
 * Taking back the last of many entries against a durable append of one: one is appended, one is cut off, and
 * so on.
 */
export async function truncateFs(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 51;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "full" });
    const id = await makeSession(store, ENTRIES);
    let at = 1_700_000_000_000;
    const results = await compare(
      [
        {
          name: "append one",
          operations: 1,
          syncs: 1,
          run: async () => void (await store.append(id, [entry(at)], { at: at++ })),
        },
        {
          name: "truncate by one",
          operations: 1,
          syncs: 1,
          run: async () => void (await store.truncate(id, ENTRIES, { at: at++ })),
        },
      ],
      rounds,
    );
    report(
      `truncate by one of ${ENTRIES} entries against an append of one, store-fs, durability full`,
      results,
    );
    reportTarget("truncate by one against an append of one", results[1], results[0]);
    await store.close();
  });
}
