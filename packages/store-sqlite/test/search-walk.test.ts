import { join } from "node:path";
import type { SearchHit, SearchQuery, SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { parseSearchText, type SearchRequest } from "@thulp-sessions/core/store";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { checkOptions } from "../src/connection/options.ts";
import { openDatabase } from "../src/open/open.ts";
import { SessionList } from "../src/query/session-list.ts";
import { type SearchBounds, SessionSearch } from "../src/search/session-search.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

const noWarning = () => {};

/** So many words that what follows them lies in another passage than what stands before. */
const LONG = `first ${Array.from({ length: 5_000 }, (_, n) => `passageword${n}`).join(" ")}`;

/** Searches with bounds so low that every strategy is used with little data. */
async function searchWith(file: string, bounds: SearchBounds): Promise<SessionSearch> {
  const database = await openDatabase(checkOptions({ file }));
  onTestFinished(() => database.close());
  return new SessionSearch(database, new SessionList(database, noWarning), noWarning, bounds);
}

async function allHits(
  search: SessionSearch,
  { text, filter, types, after: timeAfter, limit }: SearchQuery,
): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  let after: SearchRequest["after"] = null;
  for (;;) {
    const request: SearchRequest = {
      terms: parseSearchText(text),
      filter: filter ?? {},
      types: types ?? null,
      timeAfter: timeAfter ?? Number.NEGATIVE_INFINITY,
      timeBefore: Number.POSITIVE_INFINITY,
      includeNames: types === undefined && timeAfter === undefined,
      order: "newest",
      limit: limit as number,
      after,
    };
    const { items, hasMore } = await search.page(request, async (read) => read());
    hits.push(...items.map(({ updatedAt: _, score: __, ...hit }) => hit));
    const last = items.at(-1);
    if (!hasMore || !last) return hits;
    after = { updatedAt: last.updatedAt, id: last.sessionId, seq: last.seq ?? -1 };
  }
}

async function allHitsOf(store: SessionStore, query: SearchQuery): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.search({ ...query, cursor });
    hits.push(...page.items);
    if (page.nextCursor === null) return hits;
    cursor = page.nextCursor;
  }
}

test.each<SearchBounds>([
  { maxSorted: 0, maxWalked: 0 },
  { maxSorted: 0, maxWalked: 7 },
  { maxSorted: 10, maxWalked: 1_000 },
  { maxSorted: 1_000, maxWalked: 1_000 },
])("finds the same in every way: %o", async (bounds) => {
  const file = join(await tempFolder(), "sessions.db");
  const [store, model] = [await openAt(file), new MemoryStore()];
  for (let i = 0; i < 40; i++) {
    const long = i % 10 === 0 ? LONG : "";
    const entries = Array.from({ length: 6 }, (_, j) =>
      entry(`${j === 2 ? long : ""} common ${i < 3 ? "old" : ""} ${(i + j) % 7 === 0 ? "seldom" : ""}`, {
        type: j % 2 === 0 ? "user_message" : "assistant_message",
      }),
    );
    const given = session(
      {
        name: i % 5 === 0 ? "common name" : "x",
        // Some with the same time.
        updatedAt: i - (i % 4),
        tags: i % 3 === 0 ? ["third"] : [],
      },
      entries,
    );
    for (const each of [store, model]) await each.create(given);
    // Some that are pending in the time index.
    if (i % 9 === 0) {
      const [more] = [[entry("common later")]];
      for (const each of [store, model]) await each.append(given.metadata.id, more, { at: 20 });
    }
  }
  await store.search({ text: "common" });
  const search = await searchWith(file, bounds);
  const queries: SearchQuery[] = [
    { text: "common" },
    { text: "old" },
    { text: "seldom com*" },
    { text: '"common name"' },
    { text: "common", filter: { tag: "third" } },
    { text: "common", types: ["user_message"] },
    { text: "common", after: 5 },
    { text: "first seldom" },
    { text: "passageword4999 com*" },
    { text: '"passageword4999 common"', types: ["user_message"] },
    { text: "nowhere" },
  ];
  for (const query of queries) {
    for (const limit of [1, 3, 6, 50]) {
      const what = JSON.stringify({ ...query, limit });
      expect(await allHits(search, { ...query, limit }), what).toEqual(
        await allHitsOf(model, { ...query, limit }),
      );
    }
  }
});

test.each<SearchBounds>([
  { maxSorted: 0, maxWalked: 10 },
  { maxSorted: 1_000, maxWalked: 10 },
])("damaged entries that the index knows are passed over: %o", async (bounds) => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const entries = Array.from({ length: 9 }, () => entry("common"));
  await store.create(session({}, entries));
  await store.search({ text: "common" });
  const client = new Sqlite(file);
  client.prepare("UPDATE entries SET content = '{' WHERE seq BETWEEN 1 AND 6").run();
  client.close();
  const search = await searchWith(file, bounds);
  const seqs = async (limit: number) =>
    (await allHits(search, { text: "common", limit })).map(({ seq }) => seq);
  expect([await seqs(1), await seqs(2), await seqs(9)]).toEqual(Array(3).fill([0, 7, 8]));
});
