import fs from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { compare, report, withFolder } from "../../harness/compare.ts";
import { entry, sessionOf } from "../../harness/data.ts";

const ENTRIES = 5;
const LIMIT = 50;
const WORD = "zeitgeber";

/**
 * A word that few sessions hold, searched by store-fs, against opening every file and looking for the word in
 * its text.
 */
export async function searchFs(quick: boolean): Promise<void> {
  const sessions = quick ? 100 : 10_000;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    for (let i = 0; i < sessions; i++) {
      const entries = Array.from({ length: ENTRIES }, (_, k) => entry(i * ENTRIES + k));
      if (i % 500 === 0) entries[2] = withWord(entries[2] as SessionEntry);
      await store.create(sessionOf(newUuid(), { updatedAt: i + 1, entries }));
    }
    const search = async (from: typeof store) => {
      const { items } = await from.search({ text: WORD, limit: LIMIT });
      if (items.length !== Math.ceil(sessions / 500)) throw new Error(`${items.length} found`);
    };
    const results = await compare(
      [
        {
          name: "read every file, look for the word in its text",
          operations: 1,
          run: async () => void scan(dir),
        },
        { name: "search, again", operations: 1, run: () => search(store) },
        {
          name: "search, a new store",
          operations: 1,
          async run() {
            const fresh = await openFileStore({ dir, durability: "relaxed" });
            await search(fresh);
            await fresh.close();
          },
        },
      ],
      quick ? 1 : 9,
    );
    report(
      `a word that ${Math.ceil(sessions / 500)} of ${sessions} sessions hold, store-fs, against looking through every file`,
      results,
    );
    await store.close();
  });
}

function withWord(made: SessionEntry): SessionEntry {
  return { ...made, content: { text: `${(made.content as { text: string }).text} ${WORD}` } };
}

function scan(dir: string): number {
  let found = 0;
  for (const name of fs.readdirSync(dir)) {
    if (!name.endsWith(".json")) continue;
    if (fs.readFileSync(join(dir, name), "utf8").includes(WORD)) found++;
  }
  return found;
}
