import type { SessionStore } from "@thulp-sessions/core";
import { contentStrings } from "@thulp-sessions/core/store";
import { walkBesideModel } from "@thulp-sessions/testing-model";
import { expect, test } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { DeferredIndex } from "../src/maintenance/deferred-index.ts";
import { tsvectorOf } from "../src/tables/words.ts";
import { databaseAt, searchedBy, settle } from "./index-states.ts";
import { MISSING, newPlace, type Place } from "./place.ts";
import { session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

const RUNS = process.env["SOAK"] !== "1" ? 25 : 300;
const RUNS_WITHOUT_INDEX = process.env["SOAK"] !== "1" ? 8 : 300;

async function flushIndex(url: string): Promise<void> {
  const database = databaseAt(url);
  const index = new DeferredIndex(database);
  while (!(await index.flushRound()).isDone);
  while (!(await index.catchUpRound()).isDone);
  await database.close();
}

/** What `search_docs` should have and has, and times in the indices that are not those of the heads. */
async function indexedIn(
  place: Place,
  model: SessionStore,
): Promise<{ wanted: string[]; found: string[]; stale: readonly unknown[] }> {
  const docs = await place.ask("SELECT session_id, seq, words::text FROM {schema}.search_docs");
  const found = docs.map(({ session_id, seq, words }) => `${session_id} ${seq} ${sorted(words)}`);
  const stale = await place.ask(`
    SELECT h.session_id FROM {schema}.heads h
    FULL JOIN {schema}.sessions s ON s.id = h.session_id
    LEFT JOIN {schema}.session_tags t ON t.session_id = h.session_id
    WHERE h.session_id IS NULL OR s.id IS NULL OR h.index_pending OR h.words_pending OR h.updated_at <> s.listed_at
      OR h.status <> s.status OR h.created_at <> s.created_at
      OR t.listed_at <> h.updated_at OR t.created_at <> h.created_at`);
  const wanted: string[] = [];
  for (const { id, name } of (await model.list()).items) {
    wanted.push(`${id} -1 ${sorted(tsvectorOf([name]))}`);
    for (const { seq, content } of (await model.get(id)).entries)
      wanted.push(`${id} ${seq} ${sorted(tsvectorOf(contentStrings(content)))}`);
  }
  return { wanted: wanted.sort(), found: found.sort(), stale };
}

/** Whatever the order of the words. */
function sorted(tsvector: unknown): string {
  return String(tsvector ?? "everything")
    .split(" ")
    .sort()
    .join(" ");
}

test.skipIf(MISSING !== null)(
  "answers, stores and finds what the memory store does",
  { timeout: 600_000 },
  async () => {
    await walkBesideModel(async () => {
      const place = newPlace();
      const store = await openPostgresStore({ url: place.url() });
      return {
        store,
        flush: () => flushIndex(place.url()),
        async check(model) {
          const { wanted, found, stale } = await indexedIn(place, model);
          expect(found).toEqual(wanted);
          expect(stale).toEqual([]);
        },
        async dispose() {
          await store.close();
          await place.dispose();
        },
      };
    }, RUNS);
  },
);

test.skipIf(MISSING !== null)(
  "what a store without an index writes, another one finds as the memory store does",
  { timeout: 600_000 },
  async () => {
    await walkBesideModel(async () => {
      const place = newPlace();
      const off = place.url("search=off");
      const database = databaseAt(off);
      const [writer, searching] = [
        await openPostgresStore({ url: off }),
        await openPostgresStore({ url: place.url(), readOnly: true }),
      ];
      // Every other flush leaves the words out.
      let flushes = 0;
      const flush = () => (flushes++ % 2 === 0 ? settle(database) : flushIndex(place.url()));
      return {
        store: searchedBy(
          writer,
          searching,
          async () => {},
          () => database.close(),
        ),
        flush,
        async check(model) {
          await settle(database);
          await flushIndex(place.url());
          const { wanted, found, stale } = await indexedIn(place, model);
          expect(found).toEqual(wanted);
          expect(stale).toEqual([]);
        },
        async dispose() {
          await Promise.all([writer.close(), searching.close()]);
          await database.close();
          await place.dispose();
        },
      };
    }, RUNS_WITHOUT_INDEX);
  },
);

test.skipIf(MISSING !== null)("a search of thousands of words is no error", async () => {
  const store = await openAt(testPlace().url());
  const words = Array.from({ length: 1300 }, (_, i) => i.toString(36));
  await store.create(session({ name: words.join(" ") }));
  expect((await store.search({ text: words.join(" ").slice(0, 4096) })).items).toHaveLength(1);
  expect((await store.search({ text: `"${words.join(" ")}`.slice(0, 4096) })).items).toHaveLength(1);
});
