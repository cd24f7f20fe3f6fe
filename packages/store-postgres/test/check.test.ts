import { describe, expect, test } from "vitest";
import { postgresMaintenance } from "../src/index.ts";
import { MISSING } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

describe.skipIf(MISSING !== null)("check", () => {
  test.each([
    ["DELETE FROM {schema}.heads", "damaged", "metadata"],
    ["DELETE FROM {schema}.sessions", "damaged", "metadata"],
    ["DELETE FROM {schema}.heads; DELETE FROM {schema}.sessions", "damaged", "entries"],
    ["UPDATE {schema}.heads SET status = 'failed'", "damaged", "metadata"],
    ["DELETE FROM {schema}.entries WHERE seq = 1", "damaged", "entries[1]"],
    ["UPDATE {schema}.heads SET entry_count = 7", "damaged", "entryCount"],
    ["UPDATE {schema}.heads SET turn_count = 7", "damaged", "turnCount"],
    ["UPDATE {schema}.entries SET content = '{' WHERE seq = 2", "damaged", "entries[2].content"],
    ["UPDATE {schema}.sessions SET context = '{'", "damaged", "context"],
    ["UPDATE {schema}.sessions SET tags = '{'", "damaged", undefined],
    ["UPDATE {schema}.sessions SET listed_at = 77", "stale_index", "updatedAt"],
    ["UPDATE {schema}.session_tags SET listed_at = 77", "stale_index", "updatedAt"],
    ["DELETE FROM {schema}.session_tags WHERE tag = 'a'", "stale_index", "tags"],
    ["UPDATE {schema}.search_docs SET seq = 9 WHERE seq = 0", "stale_index", "entries"],
    ["DELETE FROM {schema}.search_docs WHERE seq = 0", "stale_index", "entries"],
    ["UPDATE {schema}.heads SET indexed = 1", "stale_index", "entries"],
  ])("%s", async (damage, kind, field) => {
    const place = testPlace();
    const store = await openAt(place.url());
    const made = session({ tags: ["a", "b", "a"] }, [entry(), entry(), entry()]);
    await store.create(made);
    const maintenance = postgresMaintenance({ url: place.url() });
    expect(await maintenance.check()).toEqual([]);
    await place.ask("UPDATE {schema}.heads SET index_pending = false, indexed = entry_count");
    await place.ask(`INSERT INTO {schema}.search_docs SELECT session_id, seq FROM {schema}.entries
      ON CONFLICT DO NOTHING`);
    expect(await maintenance.check()).toEqual([]);
    await place.ask(damage);
    const [first, ...more] = await maintenance.check();
    expect(first).toMatchObject({ kind, sessionId: made.metadata.id });
    expect(first?.field).toBe(field);
    // What follows from the first one, e.g. that there are entries without a session.
    for (const each of more) expect(each.sessionId).toBe(made.metadata.id);
  });

  test("migrate makes the tables, once; check makes none", async () => {
    const place = testPlace();
    const maintenance = postgresMaintenance({ url: place.url() });
    await expect(maintenance.check()).rejects.toThrow("there are no tables");
    expect(await maintenance.migrate()).toEqual({ applied: 3 });
    expect(await maintenance.migrate()).toEqual({ applied: 0 });
    expect(await maintenance.check()).toEqual([]);
  });
});
