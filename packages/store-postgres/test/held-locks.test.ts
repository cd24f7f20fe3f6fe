import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { MISSING, type Place } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

/** Another program that holds a session, and does not go on. */
async function heldBy(place: Place, id: string): Promise<Client> {
  const { hostname, username } = new URL(place.url());
  const client = new Client({ host: decodeURIComponent(hostname), user: username, database: "postgres" });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query("BEGIN");
  await client.query(`SELECT 1 FROM ${place.schema}.heads WHERE session_id = $1 FOR UPDATE`, [id]);
  return client;
}

describe.skipIf(MISSING !== null)("a session that another program holds", () => {
  test("is busy for writes after a while, read meanwhile, and written when it is let go", async () => {
    const place = testPlace();
    const store = await openAt(place.url(), { retryForMs: 0 });
    const { id } = (await store.create(session())).metadata;
    const holder = await heldBy(place, id);
    const refused = store.update(id, { name: "b" }, { at: 2 });
    expect((await store.head(id)).metadata.name).toBe("a session");
    await expect(refused).rejects.toMatchObject({ code: "busy" });
    const waiting = store.append(id, [entry()], { at: 3 });
    await holder.query("COMMIT");
    expect((await waiting).entryCount).toBe(1);
  });

  test("that reads wait for is busy, and says what to do, when no connection becomes free", async () => {
    const place = testPlace();
    const store = await openAt(place.url("pool=1"));
    const { id } = (await store.create(session())).metadata;
    const { hostname, username } = new URL(place.url());
    const holder = new Client({ host: decodeURIComponent(hostname), user: username, database: "postgres" });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query(`BEGIN; LOCK TABLE ${place.schema}.sessions`);
    const first = store.head(id);
    await expect(store.head(id)).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining("larger pool"),
    });
    await holder.query("COMMIT");
    expect((await first).entryCount).toBe(0);
  });

  test("holds up no indexing of others", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    const [held, free] = [session({}, [entry()]), session({}, [entry()])];
    for (const each of [held, free]) await store.create(each);
    const holder = await heldBy(place, held.metadata.id);
    const pending = async () => {
      const rows = await place.ask("SELECT session_id FROM {schema}.heads WHERE index_pending");
      return rows.map((row) => row["session_id"]);
    };
    await expect.poll(pending, { timeout: 20_000 }).toEqual([held.metadata.id]);
    await holder.query("COMMIT");
    await store.update(held.metadata.id, {}, { at: 2 });
    await expect.poll(pending, { timeout: 20_000 }).toEqual([]);
  });
});
