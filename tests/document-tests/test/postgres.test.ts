import { openStore } from "@thulp-sessions/config";
import { startServerProgram } from "@thulp-sessions/testing";
import { type PostgresServer, startPostgres } from "@thulp-sessions/testing-postgres";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { portOf, startProxy } from "./proxy.ts";
import { entryOf, sharedSession } from "./shared-sessions.ts";

const started = await startPostgres();
const isMissing = typeof started === "string";
const postgres = started as PostgresServer;
afterAll(() => (isMissing ? undefined : postgres.close()));

async function opened(url: string) {
  const store = await openStore(url);
  onTestFinished(() => store.close());
  return store;
}

describe.skipIf(isMissing)(
  `two servers over one database${isMissing ? ` (skipped: ${started})` : ""}`,
  () => {
    const start = () => startServerProgram(["--store", postgres.url]);

    test("one sees what comes through the other, at once and live", async () => {
      const [first, second] = [await start(), await start()];
      const [here, there] = [await opened(first.url), await opened(second.url)];
      const changes = await there.watch();
      const { id } = (await here.create(sharedSession())).metadata;
      expect(await changes.next()).toMatchObject({ value: { type: "created", id } });
      await here.append(id, [entryOf({ client: 0, i: 0 })], { at: 2 });
      expect((await there.head(id)).entryCount).toBe(1);
    });

    test("one is killed under load: the clients of a proxy see every entry stored once", async () => {
      const [first, second] = [await start(), await start()];
      const { url } = await startProxy(() => [first.url, second.url].map(portOf));
      const created = sharedSession();
      const { id } = created.metadata;
      await (await opened(url)).create(created);
      let count = 0;
      const clients = [0, 1, 2, 3].map(async (client) => {
        const store = await opened(url);
        for (let i = 0; i < 40; i++) {
          const { entries } = await store.append(id, [entryOf({ client, i })], { at: 2 });
          expect(entries).toHaveLength(1);
          if (++count === 60) first.kill("SIGKILL");
        }
      });
      await Promise.all(clients);
      expect((await first.ended).signal).toBe("SIGKILL");
      const stored = (await (await opened(second.url)).get(id)).entries.map(({ content }) => content);
      for (const client of [0, 1, 2, 3]) {
        const own = (stored as { client: number; i: number }[]).filter((each) => each.client === client);
        expect(own.map(({ i }) => i)).toEqual(Array.from({ length: 40 }, (_, i) => i));
      }
    });
  },
);
