import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** What FTS5 has written and not merged yet, and whether it merges by itself. */
function lookAt(file: string): { pieces: number; automerge: unknown } {
  const client = new Sqlite(file, { readonly: true });
  try {
    const pieces = client
      .prepare("SELECT count(DISTINCT segid) FROM search_index_idx")
      .pluck()
      .get() as number;
    const automerge = client.prepare("SELECT v FROM search_index_config WHERE k = 'automerge'").pluck().get();
    return { pieces, automerge };
  } finally {
    client.close();
  }
}

/** Fifteen passages of a long entry, each of which is added in a transaction of its own. */
const WORDS = Array.from({ length: 61_000 }, (_, n) => `word${n.toString(36)}`);

test("what steps of indexing have written is merged by steps of their own", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file, { indexLater: true });
  await store.create(session({}, [entry(WORDS.join(" "))]));
  expect((await store.search({ text: "word0" })).items).toHaveLength(1);
  // FTS5 would merge sixteen of them, in one go.
  const { pieces, automerge } = lookAt(file);
  expect(automerge).toBe(0);
  expect(pieces).toBeGreaterThan(1);
  expect(pieces).toBeLessThan(8);
  for (const word of [WORDS[0], WORDS[30_000], WORDS.at(-1)])
    expect((await store.search({ text: word as string })).items, word).toHaveLength(1);
});

test("a file whose index FTS5 has merged until now, and one that was remade, are taken over", async () => {
  const file = join(await tempFolder(), "sessions.db");
  await (await openAt(file)).close();
  expect(lookAt(file).automerge).toBeUndefined();
  const store = await openAt(file, { indexLater: true });
  await store.create(session({}, [entry("needle")]));
  expect((await store.search({ text: "needle" })).items).toHaveLength(1);
  expect(lookAt(file).automerge).toBe(0);
  await store.close();
  const damaging = new Sqlite(file);
  damaging.unsafeMode(true);
  damaging.exec("DROP TABLE search_index");
  damaging.close();
  const again = await openAt(file, { indexLater: true });
  expect((await again.search({ text: "needle" })).items).toHaveLength(1);
  expect(lookAt(file).automerge).toBe(0);
});
