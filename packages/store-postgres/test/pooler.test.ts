import { describe, expect, test } from "vitest";
import { MISSING } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace, withoutSyncWarning } from "./test-place.ts";

describe.skipIf(MISSING !== null)("a pooler that loses prepared statements", () => {
  test("is noticed once, and no call fails", async () => {
    const place = testPlace();
    const warnings: string[] = [];
    const store = await openAt(place.url(), { onWarning: ({ message }) => warnings.push(message) });
    const { id } = (await store.create(session())).metadata;
    await store.append(id, [entry()], { at: 2 });
    await store.head(id);
    // As if the next statement went to another connection of the pooler.
    await place.ask(`
      CREATE FUNCTION {schema}.lose() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NEW; END $$;
      CREATE TRIGGER lose BEFORE INSERT ON {schema}.commits FOR EACH ROW EXECUTE FUNCTION {schema}.lose()`);
    for (let i = 0; i < 5; i++) {
      const { entries } = await store.append(id, [entry()], { at: 3 });
      expect(entries).toMatchObject([{ seq: i + 1, added: true }]);
    }
    await store.update(id, { name: "b" }, { at: 4 });
    expect((await store.get(id)).entries).toHaveLength(6);
    expect(withoutSyncWarning(warnings)).toEqual([expect.stringContaining("Add prepare=off to the URL")]);
  });
});
