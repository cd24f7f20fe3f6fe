// Longer than most files: every way in which programs with and without an index meet over one database.
import { isSessionError, type SearchHit, type SessionId, type SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { openPostgresStore, postgresMaintenance } from "../src/index.ts";
import { BackgroundMaintenance } from "../src/maintenance/background-maintenance.ts";
import { DeferredIndex } from "../src/maintenance/deferred-index.ts";
import { candidatesStatement } from "../src/search/search-candidates.ts";
import { databaseAt, settle } from "./index-states.ts";
import { MISSING, type Place } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

const OFF = "search=off";

/** The indexing of a place as programs without and with `search=off` do it, step by step. */
function indexingOf(place: Place) {
  const [off, on] = [databaseAt(place.url(OFF)), databaseAt(place.url())];
  onTestFinished(async () => void (await Promise.all([off.close(), on.close()])));
  const indexing = new DeferredIndex(on);
  return {
    off,
    on,
    indexing,
    settle: () => settle(off),
    async catchUp() {
      while (!(await indexing.catchUpRound()).isDone);
    },
  };
}

const docs = (place: Place) =>
  place.ask("SELECT seq, words::text FROM {schema}.search_docs ORDER BY session_id, seq");

const states = (place: Place) =>
  place.ask("SELECT indexed, index_pending, words_pending FROM {schema}.heads ORDER BY session_id");

async function seqsOf(store: SessionStore, text: string) {
  return (await store.search({ text, limit: 200 })).items.map(({ seq }) => seq);
}

describe.skipIf(MISSING !== null)("search=off", () => {
  test("a search is refused, and says what to do; everything else is answered", async () => {
    const place = testPlace();
    const store = await openAt(place.url(OFF));
    await store.create(session({}, [entry({ content: "needle" })]));
    expect(store.capabilities.searchable).toBe(false);
    expect(store.location).toBe(place.url());
    const refused = {
      code: "unsupported",
      message: expect.stringMatching(/ does not search: its URL says search=off\. Take that out/),
    };
    await expect(store.search({ text: "needle" })).rejects.toMatchObject(refused);
    const reader = await openAt(place.url(OFF), { readOnly: true });
    await expect(reader.search({ text: "needle" })).rejects.toMatchObject(refused);
    await expect(store.search({ text: "x".repeat(5_000) })).rejects.toMatchObject({ code: "invalid_input" });
    expect((await reader.list()).items).toHaveLength(1);
  });

  test("no word is written, and lists are settled none the less", async () => {
    const place = testPlace();
    const store = await openAt(place.url(OFF));
    const [first, second] = [session({ tags: ["a"] }, [entry(), entry()]), session({ updatedAt: 5 })];
    for (const each of [first, second]) await store.create(each);
    const { id } = first.metadata;
    await store.append(id, [entry()], { at: 7 });
    await store.update(id, { name: "renamed" }, { at: 8 });
    await store.replace(session({ id: second.metadata.id, updatedAt: 9 }, [entry()]));
    await store.truncate(id, 1, { at: 10 });
    const { off } = indexingOf(place);
    await new BackgroundMaintenance(off, () => {}).flush();
    expect(await docs(place)).toEqual([]);
    expect(await states(place)).toEqual(
      [1, 2].map(() => ({ indexed: -1, index_pending: false, words_pending: true })),
    );
    expect(await place.ask("SELECT listed_at FROM {schema}.sessions ORDER BY 1")).toEqual([
      { listed_at: "9" },
      { listed_at: "10" },
    ]);
    expect(await place.ask("SELECT listed_at FROM {schema}.session_tags")).toEqual([{ listed_at: "10" }]);
    const { items } = await store.list();
    expect(items.map((each) => each.id)).toEqual([id, second.metadata.id]);
    expect(await postgresMaintenance({ url: place.url(OFF) }).check()).toEqual([]);
  });

  test("a store that searches finds what was left out, and makes up for it in the background", async () => {
    const place = testPlace();
    const writer = await openAt(place.url(OFF));
    await writer.create(session({ name: "albatross" }, [entry({ content: "needle" })]));
    const { settle } = indexingOf(place);
    await settle();
    const searching = await openAt(place.url());
    expect(await seqsOf(searching, "needle")).toEqual([0]);
    expect(await seqsOf(searching, "albatross")).toEqual([null]);
    await expect
      .poll(() => states(place), { timeout: 20_000 })
      .toEqual([{ indexed: 1, index_pending: false, words_pending: false }]);
    expect(await seqsOf(searching, "needle")).toEqual([0]);
    // One that writes looks for it by itself.
    await writer.create(session({}, [entry({ content: "needle" })]));
    await settle();
    await searching.create(session({}, [entry({ content: "haystack" })]));
    const left = () => place.ask("SELECT 1 FROM {schema}.heads WHERE words_pending OR index_pending");
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
    expect(await docs(place)).toHaveLength(6);
  });

  test("one that only reads finds it too, and writes nothing", async () => {
    const place = testPlace();
    const writer = await openAt(place.url(OFF));
    await writer.create(session({}, [entry({ content: "needle" })]));
    await indexingOf(place).settle();
    const reader = await openPostgresStore({ url: place.url(), readOnly: true });
    expect(await seqsOf(reader, "needle")).toEqual([0]);
    await reader.close();
    expect(await docs(place)).toEqual([]);
  });

  test.each(["update", "replace"] as const)(
    "the name of a session that was indexed, by %s: the old one is gone, the new one is found",
    async (call) => {
      const place = testPlace();
      const [writer, searching] = [await openAt(place.url(OFF)), await openAt(place.url())];
      const created = session({ name: "albatross" }, [entry({ content: "needle" })]);
      await searching.create(created);
      const { on, settle, catchUp } = indexingOf(place);
      await new BackgroundMaintenance(on, () => {}).flush();
      const metadata = { ...created.metadata, name: "bustard", updatedAt: 2 };
      if (call === "update") await writer.update(metadata.id, { name: "bustard" }, { at: 2 });
      else await writer.replace({ ...created, metadata });
      await settle();
      expect((await docs(place)).map(({ words }) => words)).toEqual(call === "update" ? ["'needle'"] : []);
      for (const isIndexed of [false, true]) {
        if (isIndexed) await catchUp();
        expect(await seqsOf(searching, "albatross")).toEqual([]);
        expect(await seqsOf(searching, "bustard")).toEqual([null]);
        expect(await seqsOf(searching, "needle")).toEqual([0]);
      }
      expect((await docs(place)).map(({ words }) => words)).toEqual(["'bustard'", "'needle'"]);
    },
  );

  test("of more sessions than are looked at one by one every hit is found", { timeout: 60_000 }, async () => {
    const place = testPlace();
    const writer = await openAt(place.url(OFF), { durability: "relaxed" });
    const COUNT = 2_100;
    const made = Array.from({ length: COUNT }, (_, i) =>
      session({ updatedAt: i }, [entry({ content: i % 20 === 0 ? "needle" : "hay" })]),
    );
    await Promise.all(made.map((each) => writer.create(each)));
    const { settle, catchUp } = indexingOf(place);
    await settle();
    const searching = await openAt(place.url(), { readOnly: true });
    const found = async () =>
      (await searching.search({ text: "needle", limit: 200 })).items.map((hit) => hit.sessionId);
    const wanted = made.filter((_, i) => i % 20 === 0).map(({ metadata }) => metadata.id);
    wanted.reverse();
    expect(await found()).toEqual(wanted);
    await catchUp();
    expect(await found()).toEqual(wanted);
    expect(await docs(place)).toHaveLength(2 * COUNT);
  });

  test("a program that indexes is killed: nothing is lost, and another one goes on", async () => {
    const place = testPlace();
    const writer = await openAt(place.url(OFF));
    const many = Array.from({ length: 4_000 }, (_, i) => entry({ content: `word${i}` }));
    await writer.create(session({}, many));
    const { indexing, settle, catchUp } = indexingOf(place);
    await settle();
    // Between two rounds:
    expect(await indexing.catchUpRound()).toEqual({ isDone: false });
    expect(await states(place)).toEqual([{ indexed: 3_000, index_pending: false, words_pending: true }]);
    const reader = await openAt(place.url(), { readOnly: true });
    expect(await seqsOf(reader, "word2999")).toEqual([2_999]);
    expect(await seqsOf(reader, "word3999")).toEqual([3_999]);
    // And within one, which waits for this table:
    const { hostname, username } = new URL(place.url());
    const holder = new Client({ host: decodeURIComponent(hostname), user: username, database: "postgres" });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query(`BEGIN; LOCK TABLE ${place.schema}.search_docs IN SHARE MODE`);
    const killed = indexing.catchUpRound().then(
      () => "it was not",
      (error) => isSessionError(error) && error.code,
    );
    const kill = () =>
      place.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query LIKE '%WITH same AS%"{schema}"%'`);
    await expect.poll(kill, { timeout: 10_000 }).toHaveLength(1);
    expect(await killed).toBe("io");
    await holder.query("COMMIT");
    expect(await states(place)).toEqual([{ indexed: 3_000, index_pending: false, words_pending: true }]);
    expect(await seqsOf(reader, "word3999")).toEqual([3_999]);
    await catchUp();
    expect(await states(place)).toEqual([{ indexed: 4_000, index_pending: false, words_pending: false }]);
    expect(await docs(place)).toHaveLength(4_001);
    expect(await seqsOf(reader, "word3999")).toEqual([3_999]);
  });

  test("lists do not wait for the words of what was left out", async () => {
    const place = testPlace();
    const [writer, other] = [await openAt(place.url(OFF)), await openAt(place.url())];
    const many = Array.from({ length: 4_000 }, (_, i) => entry({ content: `word${i}` }));
    const created = session({}, many);
    await writer.create(created);
    const { indexing, settle } = indexingOf(place);
    await settle();
    await other.append(created.metadata.id, [entry({ content: "needle" })], { at: 7 });
    await indexing.flushRound();
    expect(await states(place)).toEqual([{ indexed: 3_000, index_pending: false, words_pending: true }]);
    expect(await place.ask("SELECT listed_at FROM {schema}.sessions")).toEqual([{ listed_at: "7" }]);
  });

  const SEEDS = process.env["SOAK"] !== "1" ? [1] : Array.from({ length: 40 }, (_, i) => i + 1);
  test.each(SEEDS)(
    "two stores write the same sessions, and the one that searches finds what the memory store finds (%i)",
    {
      timeout: 120_000,
    },
    async (seed) => {
      const place = testPlace();
      const writers = [await openAt(place.url(OFF)), await openAt(place.url())] as const;
      const searching = await openAt(place.url(), { readOnly: true });
      const model = new MemoryStore();
      const { indexing, settle, catchUp } = indexingOf(place);
      const random = randomOf(seed);
      const word = () => `w${random(6)}`;
      const ids = [0, 1, 2].map((i) => `00000000-0000-4000-8000-00000000000${i}` as SessionId);
      const entries = () => Array.from({ length: 1 + random(3) }, () => entry({ content: word() }));
      let at = 1;
      /** The same change for any store. */
      const step = async (): Promise<(store: SessionStore) => Promise<unknown>> => {
        const id = ids[random(ids.length)] as SessionId;
        const given = session({ id, name: word(), updatedAt: at, tags: ["a"] }, entries());
        const count = (await model.head(id).catch(() => null))?.entryCount ?? 0;
        const kept = random(count + 1);
        const changes: ((store: SessionStore) => Promise<unknown>)[] = [
          (store) => store.append(id, given.entries, { at }),
          (store) => store.append(id, given.entries, { at }),
          (store) => store.append(id, given.entries, { at, keep: kept }),
          (store) => store.truncate(id, kept, { at }),
          (store) => store.update(id, { name: given.metadata.name }, { at }),
          (store) => store.replace(given),
          (store) => store.delete(id),
        ];
        const change = changes[random(changes.length)] as (store: SessionStore) => Promise<unknown>;
        return count === 0 ? (store) => store.create(given) : change;
      };
      const indexSteps = [settle, settle, () => indexing.flushRound(), () => indexing.catchUpRound()];
      const same = async () => {
        for (let i = 0; i < 6; i++)
          expect(await hitsOf(searching, `w${i}`), `w${i}`).toEqual(await hitsOf(model, `w${i}`));
      };
      for (let i = 0; i < 60; i++, at++) {
        const change = await step();
        const writer = writers[random(2)] as SessionStore;
        const [answer, wanted] = [await outcomeOf(change(writer)), await outcomeOf(change(model))];
        expect(answer).toBe(wanted);
        if (random(2) === 0) await indexSteps[random(indexSteps.length)]?.();
        await same();
      }
      await settle();
      await same();
      await catchUp();
      await same();
      expect(await postgresMaintenance({ url: place.url() }).check()).toEqual([]);
      expect(
        await place.ask(
          "SELECT 1 FROM {schema}.heads WHERE index_pending OR words_pending OR indexed <> entry_count",
        ),
      ).toEqual([]);
    },
  );

  test("tables of before are brought up to date by one of many, while others write", async () => {
    const place = testPlace();
    // Its statements are those of a program of before: none names the new column, but those that index.
    const old = await openAt(place.url(OFF));
    const created = session({}, [entry({ content: "needle" })]);
    await old.create(created);
    await indexingOf(place).settle();
    await place.ask("ALTER TABLE {schema}.heads DROP COLUMN words_pending");
    await place.ask("UPDATE {schema}.heads SET index_pending = true");
    await place.ask(`INSERT INTO {schema}.heads SELECT gen_random_uuid(), 1, 1, 'active', 0, 0, 0, 0, false, 1, 1,
      '1', 0, 0, false FROM generate_series(1, 20000); ANALYZE {schema}.heads`);
    await place.ask("UPDATE {schema}.meta SET version = 2, min_reader = 2, min_writer = 2");
    let isOver = false;
    const writing = (async () => {
      let count = 0;
      for (; !isOver || count < 5; count++)
        await old.append(created.metadata.id, [entry({ content: `word${count}` })], { at: 2 });
      return count;
    })();
    const stores = await Promise.all(Array.from({ length: 6 }, () => openAt(place.url())));
    isOver = true;
    const count = await writing;
    expect(await place.ask("SELECT version FROM {schema}.meta")).toEqual([{ version: 3 }]);
    for (const store of stores.slice(0, 2)) {
      expect(await seqsOf(store, "needle")).toEqual([0]);
      expect(await seqsOf(store, `word${count - 1}`)).toEqual([count]);
    }
    // Nobody has looked yet how many of them have words left out.
    const { text, values = [] } = candidatesStatement({ tsquery: "'needle'", most: 10 }, place.schema);
    const plan = (await place.ask(`EXPLAIN ${text}`, values)).map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toContain("heads_words_pending");
    expect(plan).not.toContain("Seq Scan on heads");
  });
});

/** Whole numbers below a bound, the same for the same seed (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (!isSessionError(error)) throw error;
    return error.code;
  }
}

/** By pages of one, so that cursors are used. */
async function hitsOf(store: SessionStore, text: string): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, nextCursor } = await store.search({ text, limit: 3, cursor });
    hits.push(...items);
    if (nextCursor === null) return hits;
    cursor = nextCursor;
  }
}
