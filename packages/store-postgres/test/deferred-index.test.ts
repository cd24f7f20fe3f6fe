import { describe, expect, test } from "vitest";
import { Database } from "../src/connection/database.ts";
import { parsePostgresUrl } from "../src/connection/postgres-url.ts";
import { BackgroundMaintenance } from "../src/maintenance/background-maintenance.ts";
import { DeferredIndex } from "../src/maintenance/deferred-index.ts";
import { MISSING, type Place } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

async function withDatabase<T>(place: Place, work: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database(parsePostgresUrl(place.url()), {
    durability: "relaxed",
    retryForMs: 0,
    warn: () => {},
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** What the indices say otherwise than the tables that they are made of. */
function differences(place: Place) {
  return place.ask(`
    SELECT 'head' AS what, h.session_id, NULL AS seq
    FROM {schema}.heads h JOIN {schema}.sessions s ON s.id = h.session_id
    WHERE h.index_pending OR h.indexed <> h.entry_count OR s.listed_at <> h.updated_at
    UNION ALL
    SELECT 'doc', coalesce(e.session_id, d.session_id), coalesce(e.seq, d.seq)
    FROM {schema}.entries e
    FULL JOIN (SELECT * FROM {schema}.search_docs WHERE seq >= 0) d
      ON d.session_id = e.session_id AND d.seq = e.seq
    WHERE e.seq IS NULL OR d.seq IS NULL
      OR d.words IS DISTINCT FROM ('''' || trim(both '"' from e.content) || '''')::tsvector`);
}

describe.skipIf(MISSING !== null)("the deferred index", () => {
  test("indexing while others append, cut and rename", async () => {
    const place = testPlace();
    const stores = [await openAt(place.url()), await openAt(place.url()), await openAt(place.url())] as const;
    const created = [session(), session(), session()];
    for (const each of created) await stores[0].create(each);
    const ids = created.map(({ metadata }) => metadata.id);
    const idOf = (i: number) => ids[i % ids.length] as string;
    const ROUNDS = 100;
    let isWriting = true;
    const writers = [0, 1].map(async (number) => {
      for (let i = 0; i < ROUNDS; i++)
        await stores[number as 0 | 1].append(idOf(i), [entry({ content: `w${number}x${i}` })], { at: i });
    });
    const cutter = async () => {
      for (let i = 0; i < ROUNDS / 5; i++) {
        const { entryCount } = await stores[2].head(idOf(i));
        await stores[2].truncate(idOf(i), Math.min(entryCount, i), { at: i }).catch(() => {});
        await stores[2].update(idOf(i), { name: `n${i}` }, { at: i });
      }
    };
    const indexers = [0, 1].map(() =>
      withDatabase(place, async (database) => {
        const index = new DeferredIndex(database);
        let rounds = 0;
        for (; isWriting; rounds++) await index.flushRound();
        return rounds;
      }),
    );
    await Promise.all([...writers, cutter()]);
    isWriting = false;
    for (const rounds of await Promise.all(indexers)) expect(rounds).toBeGreaterThan(5);
    await withDatabase(place, (database) => new BackgroundMaintenance(database, () => {}).flush());
    expect(await differences(place)).toEqual([]);
  });

  test("what is compared above is found where it differs", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    await store.create(session({}, [entry({ content: "a" }), entry({ content: "b" })]));
    await withDatabase(place, (database) => new BackgroundMaintenance(database, () => {}).flush());
    expect(await differences(place)).toEqual([]);
    await place.ask("UPDATE {schema}.search_docs SET words = NULL WHERE seq = 1");
    await place.ask("UPDATE {schema}.sessions SET listed_at = 77");
    expect(await differences(place)).toMatchObject([{ what: "head" }, { what: "doc", seq: 1 }]);
  });

  test("old commits are forgotten, young ones are not", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    await store.create(session());
    await place.ask("UPDATE {schema}.commits SET at = now() - interval '11 minutes'");
    await store.create(session());
    await withDatabase(place, (database) => new BackgroundMaintenance(database, () => {}).forgetOldCommits());
    expect(await place.ask("SELECT count(*)::int FROM {schema}.commits")).toEqual([{ count: 1 }]);
  });

  test("the words that were added last are put where they belong", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    await store.create(session({}, [entry({ content: "a few words" })]));
    await place.ask("CREATE EXTENSION IF NOT EXISTS pgstattuple");
    const pending = async () => {
      const [row] = await place.ask(
        "SELECT pending_tuples FROM pgstatginindex('{schema}.search_docs_words')",
      );
      return Number(row?.["pending_tuples"]);
    };
    await withDatabase(place, async (database) => {
      const maintenance = new BackgroundMaintenance(database, () => {});
      await maintenance.flush();
      expect(await pending()).toBeGreaterThan(0);
      await maintenance.cleanWords();
    });
    expect(await pending()).toBe(0);
  });

  test("a search finds what no index has yet, and waits for one where that is much", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    const many = Array.from({ length: 2500 }, (_, i) => entry({ content: `word${i} common` }));
    const made = session({}, many);
    await store.create(made);
    const { items } = await store.search({ text: "word2499" });
    expect(items).toMatchObject([{ sessionId: made.metadata.id, seq: 2499 }]);
    expect(await place.ask("SELECT count(*)::int FROM {schema}.search_docs WHERE seq >= 0")).toEqual([
      { count: 2500 },
    ]);
    // More than are looked at one by one: the newest sessions are walked through.
    const page = await store.search({ text: "common", limit: 3 });
    expect(page.items.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect(page.nextCursor).not.toBeNull();
    const next = await store.search({ text: "common", limit: 3, cursor: page.nextCursor ?? "" });
    expect(next.items.map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });
});
