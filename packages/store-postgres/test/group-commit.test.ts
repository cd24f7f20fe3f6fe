import { describe, expect, test, vi } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { lossyProxy } from "./lossy-proxy.ts";
import { MISSING, type Place } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

async function commits(place: Place): Promise<number> {
  const [row] = await place.ask("SELECT count(*)::int AS count FROM {schema}.commits");
  return Number(row?.["count"]);
}

describe.skipIf(MISSING !== null)("group commit", () => {
  test("an append to a session that this handle has written is one piece of data, sent and answered", async () => {
    const place = testPlace();
    const proxy = await lossyProxy(place.url());
    const store = await openAt(proxy.url(place.url()));
    const { id } = (await store.create(session())).metadata;
    // Prepares the statement.
    await store.append(id, [entry()], { at: 2 });
    const before = proxy.count("");
    await store.append(id, [entry()], { at: 3 });
    expect(proxy.count("") - before).toBe(1);
  });

  test("an append to a session that this handle does not know holds no lock between two pieces of data", async () => {
    const place = testPlace();
    const proxy = await lossyProxy(place.url());
    const [store, other] = [await openAt(proxy.url(place.url())), await openAt(place.url())];
    const created = [session(), session()];
    for (const each of created) await other.create(each);
    const before = proxy.count("BEGIN");
    const append = () =>
      Promise.all(created.map(({ metadata }) => store.append(metadata.id, [entry()], { at: 2 })));
    const answers = await append();
    expect(answers.map(({ entryCount }) => entryCount)).toEqual([1, 1]);
    expect(proxy.count("BEGIN") - before).toBe(0);
    // One that is not there holds up none of the others, and is refused by itself.
    const missing = store.append(session().metadata.id, [entry()], { at: 3 });
    const [refused, appended] = await Promise.allSettled([missing, append()]);
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "not_found" } });
    expect(appended.status).toBe("fulfilled");
  });

  test("callers of one moment share a commit, of one session and of many", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    const created = Array.from({ length: 32 }, () => session());
    await Promise.all(created.map((each) => store.create(each)));
    expect(await commits(place)).toBe(1);
    const ids = created.map(({ metadata }) => metadata.id);
    const callers = [...ids, ...ids.map(() => ids[0] as string)];
    const answers = await Promise.all(callers.map((id) => store.append(id, [entry()], { at: 2 })));
    expect(await commits(place)).toBe(2);
    expect(answers.slice(32).map(({ entries }) => entries[0]?.seq)).toEqual(
      Array.from({ length: 32 }, (_, i) => i + 1),
    );
  });

  test("an append of several entries reads none of the others, though its plan was made when they were few", async () => {
    const place = testPlace();
    // Without an index for search, which reads entries too.
    const store = await openPostgresStore({ url: place.url("search=off") });
    const { id } = (await store.create(session({}, [entry(), entry()]))).metadata;
    // The first few executions of a statement are planned each by itself.
    for (let i = 0; i < 12; i++) await store.append(id, [entry(), entry()], { at: 2 });
    // The server counts what a connection has read by the end of it.
    await store.close();
    const rows = await vi.waitFor(async () => {
      const found = await place.ask(
        "SELECT seq_tup_read::int AS read, n_tup_ins::int AS added FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'entries'",
        [place.schema],
      );
      expect(found[0]).toMatchObject({ added: 26 });
      return found;
    });
    expect(rows).toMatchObject([{ read: 0 }]);
  });

  test("what another handle has changed meanwhile is seen, whatever it was", async () => {
    const place = testPlace();
    const [store, other] = [await openAt(place.url()), await openAt(place.url())];
    const { id } = (await store.create(session({}, [entry(), entry()]))).metadata;
    const known = await store.append(id, [entry()], { at: 2 });
    // The same number of entries as before, so that nothing else would stand in the way.
    await other.truncate(id, 2, { at: 50 });
    await other.append(id, [entry({ entryType: { type: "assistant_message" } })], { at: 100 });
    const answer = await store.append(id, [entry()], { at: 3 });
    const head = await store.head(id);
    expect(answer).toMatchObject({ updatedAt: 100, entryCount: 4, version: head.version, epoch: head.epoch });
    expect(head.epoch).not.toBe(known.epoch);
    expect(head).toMatchObject({ turnCount: 1, userMessageCount: 3, assistantMessageCount: 1 });
  });

  test("a refusal is decided upon what is in the database", async () => {
    const place = testPlace();
    const [store, other] = [await openAt(place.url()), await openAt(place.url())];
    const { id } = (await store.create(session())).metadata;
    const full = await store.append(id, [entry(), entry()], { at: 2 });
    const limits = { maxEntries: 2, action: "error" } as const;
    await expect(store.append(id, [entry()], { at: 3, limits })).rejects.toMatchObject({
      code: "limit_exceeded",
    });
    await store.append(id, [entry()], { at: 3 });
    const { version } = await other.truncate(id, 0, { at: 4 });
    await store.append(id, [entry()], { at: 5, limits, expectedVersion: version });
    await expect(store.append(id, [entry()], { at: 6, expectedVersion: full.version })).rejects.toMatchObject(
      {
        code: "conflict",
      },
    );
  });

  test("a repeat is none of the things that a limit refuses, whatever else is in its commit", async () => {
    const store = await openAt(testPlace().url());
    const [full, other] = [session(), session()];
    for (const each of [full, other]) await store.create(each);
    const stored = entry();
    await store.append(full.metadata.id, [stored], { at: 2 });
    await store.append(other.metadata.id, [entry()], { at: 2 });
    const [repeat] = await Promise.all([
      store.append(full.metadata.id, [stored], { at: 3, limits: { maxEntries: 1, action: "error" } }),
      store.append(other.metadata.id, [entry()], { at: 3 }),
    ]);
    expect(repeat.entries).toMatchObject([{ added: false }]);
  });

  test("what is wrong with one session refuses no call of another", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    const broken = entry();
    const [damaged, sound] = [session({}, [broken]), session()];
    await store.create(damaged);
    await store.create(sound);
    await place.ask("UPDATE {schema}.entries SET content = '{'");
    const given = entry();
    const answers = await Promise.allSettled([
      store.append(damaged.metadata.id, [broken], { at: 2 }),
      store.append(sound.metadata.id, [given], { at: 2 }),
    ]);
    expect(answers).toMatchObject([
      { status: "rejected", reason: { code: "corrupt", details: { field: "entries[0].content" } } },
      { status: "fulfilled", value: { entries: [{ id: given.id, added: true }] } },
    ]);
  });

  test.each([
    ["full", "on", "on"],
    ["relaxed", "on", "off"],
    // What the server has is weaker than what was promised.
    ["full", "off", "on"],
  ] as const)("%s, where the server says %s, commits with %s", async (durability, server, expected) => {
    const place = testPlace();
    await openAt(place.url());
    await place.ask(`
      CREATE TABLE {schema}.seen (setting text);
      CREATE FUNCTION {schema}.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO {schema}.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
      CREATE TRIGGER see BEFORE INSERT ON {schema}.commits FOR EACH ROW EXECUTE FUNCTION {schema}.see();
      CREATE ROLE {schema}_role LOGIN SUPERUSER;
      ALTER ROLE {schema}_role SET synchronous_commit = '${server}'`);
    try {
      const url = place.url().replace("//postgres@", `//${place.schema}_role@`);
      const store = await openAt(url, { durability });
      const { id } = (await store.create(session())).metadata;
      await store.append(id, [entry()], { at: 2 });
      await store.close();
      expect(await place.ask("SELECT DISTINCT setting FROM {schema}.seen")).toEqual([{ setting: expected }]);
      expect(await place.ask("SELECT count(*)::int FROM {schema}.seen")).toEqual([{ count: 2 }]);
    } finally {
      await place.ask("DROP ROLE {schema}_role");
    }
  });
});
