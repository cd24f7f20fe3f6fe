import { join } from "node:path";
import type { SessionStore } from "@thulp-sessions/core";
import { contentStrings, indexText } from "@thulp-sessions/core/store";
import { walkBesideModel } from "@thulp-sessions/testing-model";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { session } from "./session-data.ts";
import { openAt, tempFolder, tempStore } from "./temp-store.ts";

/**
 * The rows that `search_index` should have and those it has, and tags that were left behind: nothing else
 * may show it.
 */
async function indexedIn(
  file: string,
  model: SessionStore,
): Promise<{ wanted: string[]; found: string[]; staleTags: unknown[] }> {
  const client = new Sqlite(file, { readonly: true });
  const found = client
    .prepare<[], string>(
      `SELECT sessions.id || ' ' || ((search.id & 2147483647) - 1) FROM search_index_docsize AS search
       LEFT JOIN sessions ON sessions.key = search.id >> 31`,
    )
    .pluck()
    .all();
  const staleTags = client
    .prepare(
      `SELECT * FROM session_tags AS tag LEFT JOIN sessions ON sessions.key = tag.session_key
       WHERE (tag.session_id, tag.created_at) IS NOT (sessions.id, sessions.created_at)
         OR (sessions.moving = 0 AND tag.updated_at <> sessions.updated_at)`,
    )
    .all();
  client.close();
  const wanted: string[] = [];
  for (const { id, name } of (await model.list()).items) {
    if (indexText([name]) !== "") wanted.push(`${id} -1`);
    for (const { seq, content } of (await model.get(id)).entries) {
      if (indexText(contentStrings(content)) !== "") wanted.push(`${id} ${seq}`);
    }
  }
  return { wanted: wanted.sort(), found: found.sort(), staleTags };
}

test("answers, stores and finds what the memory store does", { timeout: 120_000 }, async () => {
  await walkBesideModel(async () => {
    const file = join(await tempFolder(), "sessions.db");
    const store = await openAt(file);
    return {
      store,
      async check(model) {
        const { wanted, found, staleTags } = await indexedIn(file, model);
        expect(found).toEqual(wanted);
        expect(staleTags).toEqual([]);
      },
      dispose: () => store.close(),
    };
  }, 150);
});

test("a search of thousands of words is no error", async () => {
  const store = await tempStore();
  const words = Array.from({ length: 1300 }, (_, i) => i.toString(36));
  await store.create(session({ name: words.join(" ") }));
  expect((await store.search({ text: words.join(" ").slice(0, 4096) })).items).toHaveLength(1);
  expect((await store.search({ text: `"${words.join(" ")}`.slice(0, 4096) })).items).toHaveLength(1);
});
