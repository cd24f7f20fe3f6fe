import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { MISSING } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace, withoutSyncWarning } from "./test-place.ts";

describe.skipIf(MISSING !== null)("opening", () => {
  test.each([
    ["nothing", ""],
    ["a schema that somebody else has made", "CREATE SCHEMA {schema}"],
  ])("many open at the same moment where there is %s", async (_, made) => {
    const place = testPlace();
    await place.ask(made);
    const stores = await Promise.all(Array.from({ length: 8 }, () => openAt(place.url())));
    expect(await place.ask("SELECT version FROM {schema}.meta")).toEqual([{ version: 3 }]);
    const created = session();
    await stores[0]?.create(created);
    for (const store of stores) expect(await store.count()).toBe(1);
  });

  test("tables that are there are opened without a lock", async () => {
    const place = testPlace();
    await openAt(place.url());
    // A program that migrates has this one.
    const held = "SELECT pg_advisory_lock(7482915, hashtext('{schema}')), pg_sleep(1)";
    const [, store] = await Promise.all([place.ask(held), openAt(place.url())]);
    expect(await store.count()).toBe(0);
  });

  test("tables of a newer version are left alone", async () => {
    const place = testPlace();
    await openAt(place.url());
    await place.ask("UPDATE {schema}.meta SET version = 99, min_reader = 1, min_writer = 1");
    expect(await (await openAt(place.url())).count()).toBe(0);
    await place.ask("UPDATE {schema}.meta SET min_writer = 99");
    await expect(openPostgresStore({ url: place.url() })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("of a newer version"),
    });
  });

  test.each([-1, Number.NaN, 300_001])("retryForMs of %d is refused", async (retryForMs) => {
    const opened = openPostgresStore({ url: testPlace().url(), retryForMs });
    await expect(opened).rejects.toMatchObject({ code: "invalid_input", details: { field: "retryForMs" } });
  });

  test("with migrate=off nothing is made", async () => {
    const place = testPlace();
    await expect(openPostgresStore({ url: place.url("migrate=off") })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("there are no tables"),
    });
    expect(await place.ask("SELECT to_regnamespace('{schema}') AS made")).toEqual([{ made: null }]);
    await openAt(place.url());
    expect(await (await openAt(place.url("migrate=off"))).count()).toBe(0);
  });

  test("a role without rights gets to know what to do", async () => {
    const place = testPlace();
    await openAt(place.url());
    await place.ask("CREATE ROLE {schema}_reader LOGIN");
    try {
      const url = place.url().replace("//postgres@", `//${place.schema}_reader@`);
      await expect(openPostgresStore({ url })).rejects.toThrow(/42501.*docs\/postgres\.md/);
    } finally {
      await place.ask("DROP ROLE {schema}_reader");
    }
  });

  test("the rights that docs/postgres.md gives to servers are enough for everything", async () => {
    const place = testPlace();
    await openAt(place.url());
    await place.ask(`
      CREATE ROLE {schema}_app LOGIN;
      GRANT USAGE ON SCHEMA {schema} TO {schema}_app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema}_app`);
    try {
      const warnings: string[] = [];
      const url = place.url("migrate=off").replace("//postgres@", `//${place.schema}_app@`);
      const store = await openPostgresStore({ url, onWarning: ({ message }) => warnings.push(message) });
      const changes = await store.watch();
      const { id } = (await store.create(session({ tags: ["a"] }, [entry()]))).metadata;
      await store.append(id, [entry({ content: "needle" })], { at: 2 });
      await store.update(id, { name: "b", tags: ["c"] }, { at: 3 });
      await store.truncate(id, 1, { at: 4 });
      expect((await store.search({ text: "hello" })).items).toHaveLength(1);
      expect((await store.list({ filter: { tag: "c" }, heads: true })).items).toHaveLength(1);
      expect(await store.delete(id)).toBe(true);
      expect((await changes.next()).value).toMatchObject({ id });
      await store.close();
      expect(withoutSyncWarning(warnings)).toEqual([]);
    } finally {
      await place.ask("DROP OWNED BY {schema}_app; DROP ROLE {schema}_app");
    }
  });

  test("a role that may only read is enough for a store that only reads", async () => {
    const place = testPlace();
    const writer = await openAt(place.url());
    const { id } = (await writer.create(session({ tags: ["a"] }, [entry()]))).metadata;
    await place.ask(`
      CREATE ROLE {schema}_read LOGIN;
      GRANT USAGE ON SCHEMA {schema} TO {schema}_read;
      GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}_read`);
    try {
      const warnings: string[] = [];
      const url = place.url().replace("//postgres@", `//${place.schema}_read@`);
      const onWarning = ({ message }: { message: string }) => warnings.push(message);
      const store = await openPostgresStore({ url, readOnly: true, onWarning });
      const changes = await store.watch();
      // More than a search looks at before it wants the index.
      await writer.append(
        id,
        Array.from({ length: 2500 }, (_, i) => entry({ content: `word${i}` })),
        { at: 2 },
      );
      expect((await changes.next()).value).toMatchObject({ type: "changed", id });
      expect((await store.search({ text: "word2499" })).items).toMatchObject([{ seq: 2500 }]);
      expect((await store.list({ filter: { tag: "a" }, heads: true })).items).toHaveLength(1);
      await expect(store.append(id, [entry()], { at: 3 })).rejects.toMatchObject({ code: "unsupported" });
      await store.close();
      expect(withoutSyncWarning(warnings)).toEqual([]);
    } finally {
      await place.ask("DROP OWNED BY {schema}_read; DROP ROLE {schema}_read");
    }
  });

  test("tables are made by one program at a time: who comes meanwhile waits", async () => {
    const place = testPlace();
    const { hostname, username } = new URL(place.url());
    const holder = new Client({ host: decodeURIComponent(hostname), user: username, database: "postgres" });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query("BEGIN");
    await holder.query("SELECT pg_advisory_xact_lock(7482915, hashtext($1))", [place.schema]);
    let isOpen = false;
    const opening = openAt(place.url()).then(() => {
      isOpen = true;
    });
    const waiting = async () => {
      const rows = await place.ask(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = hashtext('{schema}')::oid",
      );
      return isOpen ? "it did not wait" : rows.length;
    };
    await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
    await holder.query("COMMIT");
    await opening;
  });

  test("a database in another encoding is refused", async () => {
    const place = testPlace();
    await place.ask("CREATE DATABASE {schema} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
    try {
      const url = place.url().replace("/postgres?", `/${place.schema}?`);
      await expect(openPostgresStore({ url })).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("SQL_ASCII"),
      });
    } finally {
      await place.ask("DROP DATABASE {schema}");
    }
  });

  test("rows that came with a dump from a busier server are no changes", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    const { id } = (await store.create(session())).metadata;
    await place.ask("UPDATE {schema}.commits SET tx = '99999999999'");
    const second = await openAt(place.url());
    const changes = await second.watch();
    await store.append(id, [entry()], { at: 2 });
    expect(await changes.next()).toMatchObject({ value: { type: "changed", id } });
    expect(await place.ask("SELECT count(*)::int FROM {schema}.commits")).toEqual([{ count: 1 }]);
  });
});
