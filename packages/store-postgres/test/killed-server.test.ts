import { type PostgresServer, startPostgres } from "@thulp-sessions/testing-postgres";
import { afterAll, describe, expect, test } from "vitest";
import { MISSING, newPlace } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt } from "./test-place.ts";

// A server of its own, since it is killed.
const server = MISSING === null ? ((await startPostgres()) as PostgresServer) : null;
afterAll(() => server?.close());

const KILLS = process.env["SOAK"] !== "1" ? 2 : 20;

describe.skipIf(server === null)("a database that is killed under load", () => {
  test("what was acknowledged is there, once and in order, and no call has failed", {
    timeout: 600_000,
  }, async () => {
    const url = newPlace(server?.url).url();
    const stores = [await openAt(url, { retryForMs: 60_000 }), await openAt(url, { retryForMs: 60_000 })];
    const created = session();
    const { id } = created.metadata;
    await stores[0]?.create(created);
    let isOver = false;
    const clients = Array.from({ length: 6 }, async (_, client) => {
      const acknowledged: string[] = [];
      for (let i = 0; !isOver; i++) {
        const given = entry({ content: { client, i } });
        const answer = await stores[client % 2]?.append(id, [given], { at: 2 });
        expect(answer?.entries).toMatchObject([{ id: given.id, added: true }]);
        acknowledged.push(given.id);
        appended();
      }
      return acknowledged;
    });
    let appended = () => {};
    const nextAppends = async (count: number) => {
      for (let i = 0; i < count; i++)
        await new Promise<void>((resolve) => {
          appended = resolve;
        });
    };
    for (let i = 0; i < KILLS; i++) {
      await nextAppends(20);
      await server?.kill();
      await server?.start();
    }
    await nextAppends(20);
    isOver = true;
    const acknowledged = (await Promise.all(clients)).flat();
    const stored = (await stores[0]?.get(id))?.entries ?? [];
    expect(stored.map((each) => each.id).sort()).toEqual(acknowledged.sort());
    const seen = new Map<number, number>();
    for (const { content } of stored) {
      const { client, i } = content as { client: number; i: number };
      expect(i).toBe((seen.get(client) ?? -1) + 1);
      seen.set(client, i);
    }
  });
});
