import { conformanceCases } from "@thulp-sessions/store-conformance";
import { type PostgresServer, startPostgres } from "@thulp-sessions/testing-postgres";
import { afterAll, describe, expect, test } from "vitest";
import { openPostgresStore } from "../src/index.ts";
import { newPlace } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt } from "./test-place.ts";

// An older server than that of the other tests, and a real pooler before it: what a fleet has, maybe. Without
// syncs, which survive no more than the kill of a program needs, and take most of the time.
const isLong = process.env["SOAK"] === "1";
const isWanted = process.env["CI"] !== undefined || isLong;
/** Half of the time is that of few cases about sizes, to which a pooler does nothing. */
const LONG =
  /^(read-large|bounds-|value-l|keep-large|heads-of-large|list-of-large|refuse-sizes|filter-hostile|search-(pages|bounds|generated|hostile)|model-walk-[2-4])/;
const cases = isLong ? conformanceCases : conformanceCases.filter(({ id }) => !LONG.test(id));
const started = isWanted
  ? await startPostgres({ from: "debian", pooler: true, settings: { max_connections: 60, fsync: "off" } })
  : "in CI only";
const server = typeof started === "string" ? null : started;
const missing = typeof started === "string" ? ` (skipped: ${started})` : "";
afterAll(() => server?.close());

describe.skipIf(server === null)(`Debian's PostgreSQL through PgBouncer${missing}`, () => {
  const { poolerUrl = "" }: Partial<PostgresServer> = server ?? {};
  const factory = async () => {
    const place = newPlace(poolerUrl);
    const url = place.url("prepare=off");
    return {
      open: () => openPostgresStore({ url }),
      openReadOnly: () => openPostgresStore({ url, readOnly: true }),
      dispose: place.dispose,
    };
  };
  for (const each of cases) test(`${each.id} ${each.name}`, () => each.run(factory));

  test("stores that prepare statements find out that they get lost, if they do, and no call fails", async () => {
    const url = newPlace(poolerUrl).url();
    const stores = await Promise.all([0, 1, 2, 3].map(() => openAt(url)));
    const created = session();
    const { id } = created.metadata;
    await stores[0]?.create(created);
    const callers = stores.map(async (store) => {
      for (let i = 0; i < 10; i++) {
        const { entries } = await store.append(id, [entry()], { at: 2 });
        expect(entries).toMatchObject([{ added: true }]);
        expect((await store.head(id)).entryCount).toBeGreaterThan(i);
      }
    });
    await Promise.all(callers);
    expect((await stores[0]?.get(id))?.entries).toHaveLength(40);
  });

  test("what was acknowledged is there after the server was killed behind the pooler", async () => {
    const url = newPlace(poolerUrl).url("prepare=off");
    const store = await openAt(url, { retryForMs: 60_000 });
    const created = session();
    const { id } = created.metadata;
    await store.create(created);
    const appends = (async () => {
      for (let i = 0; i < 60; i++)
        expect((await store.append(id, [entry({ content: i })], { at: 2 })).entries).toMatchObject([
          { seq: i, added: true },
        ]);
    })();
    await expect.poll(async () => (await store.head(id)).entryCount).toBeGreaterThan(5);
    await server?.kill();
    await server?.start();
    await appends;
    expect((await store.get(id)).entries.map(({ content }) => content)).toEqual(
      Array.from({ length: 60 }, (_, i) => i),
    );
  });
});
