import type { StoreChange } from "@thulp-sessions/core";
import { Client } from "pg";
import { describe, expect, test } from "vitest";
import { lossyProxy } from "./lossy-proxy.ts";
import { MISSING } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

async function next(changes: AsyncIterator<StoreChange>): Promise<StoreChange> {
  return (await changes.next()).value;
}

describe.skipIf(MISSING !== null)("watching", () => {
  test("a transaction that stays open holds up nothing, and is told when it commits", async () => {
    const place = testPlace();
    const writer = await openAt(place.url());
    const watcher = await openAt(place.url());
    const { id } = (await writer.create(session())).metadata;
    const changes = await watcher.watch();
    const { hostname, username } = new URL(place.url());
    const client = new Client({ host: decodeURIComponent(hostname), user: username, database: "postgres" });
    await client.connect();
    try {
      await client.query("BEGIN");
      await client.query(
        `INSERT INTO ${place.schema}.commits (token, ids, kinds)
         VALUES (gen_random_uuid(), ARRAY['00000000-0000-4000-8000-000000000001']::uuid[], 'd')`,
      );
      // Begun later, and committed before it.
      await writer.append(id, [entry()], { at: 2 });
      expect(await next(changes)).toEqual({ type: "changed", id });
      await client.query("COMMIT");
      const late = { type: "deleted", id: "00000000-0000-4000-8000-000000000001" };
      expect(await next(changes)).toEqual(late);
    } finally {
      await client.end();
    }
  });

  test("own changes come once", async () => {
    const place = testPlace();
    const store = await openAt(place.url());
    const other = await openAt(place.url());
    const { id } = (await store.create(session())).metadata;
    const changes = await store.watch();
    await store.append(id, [entry()], { at: 2 });
    expect(await next(changes)).toEqual({ type: "changed", id });
    // Behind it in the log: had the first one been told again, it would come before.
    const { id: last } = (await other.create(session())).metadata;
    expect(await next(changes)).toEqual({ type: "created", id: last });
  });

  test("after a lost connection everything may have been missed", async () => {
    const place = testPlace();
    const proxy = await lossyProxy(place.url());
    const store = await openAt(proxy.url(place.url()));
    const changes = await store.watch();
    proxy.cut();
    expect(await next(changes)).toEqual({ type: "reset" });
  });

  test("nobody watches: nothing is asked", async () => {
    const place = testPlace();
    const proxy = await lossyProxy(place.url());
    const store = await openAt(proxy.url(place.url("prepare=off")));
    const changes = await store.watch();
    const { id } = (await (await openAt(place.url())).create(session())).metadata;
    expect(await next(changes)).toEqual({ type: "created", id });
    expect(proxy.count("pg_current_snapshot")).toBeGreaterThan(1);
    await changes.return?.();
    const before = proxy.count("pg_current_snapshot");
    // Three polls would have come meanwhile.
    await place.ask("SELECT pg_sleep(0.35)");
    expect(proxy.count("pg_current_snapshot") - before).toBeLessThanOrEqual(1);
  });
});
