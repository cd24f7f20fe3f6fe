import type { SessionEntry, SessionId } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { type Loss, lossyProxy } from "./lossy-proxy.ts";
import { MISSING, type Place } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

/** In each piece of data that commits something: texts are sent, since nothing is prepared. */
const COMMITS = ".commits (token, ids, kinds)";

async function throughProxy(place: Place) {
  const proxy = await lossyProxy(place.url());
  const store = await openAt(proxy.url(place.url("prepare=off")));
  const created = session();
  const { id } = created.metadata;
  await store.create(created);
  return { proxy, store, id: id as SessionId };
}

/** The receipts of commits vanish as they are written: what a store without them would find. */
function withoutReceipts(place: Place) {
  return place.ask(`
    CREATE FUNCTION {schema}.forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER forget BEFORE INSERT ON {schema}.commits FOR EACH ROW EXECUTE FUNCTION {schema}.forget()`);
}

describe.skipIf(MISSING !== null)("a commit whose answer is lost", () => {
  const losses: readonly Loss[] = ["answer", "request", "half"];
  test.each(losses)("an append (%s)", async (loss) => {
    const { proxy, store, id } = await throughProxy(testPlace());
    const lost = proxy.loseNext(loss, COMMITS);
    const given = entry();
    const { entries } = await store.append(id, [given], { at: 2 });
    await lost;
    expect(entries).toEqual([{ id: given.id, seq: 0, timestamp: 1, added: true }]);
    expect((await store.get(id)).entries).toHaveLength(1);
  });

  test.each(losses)("a create, an update, a truncate, a replace and a delete (%s)", async (loss) => {
    const { proxy, store, id } = await throughProxy(testPlace());
    const made = session({}, [entry(), entry()]);
    const other = made.metadata.id;
    const losing = async <T>(call: () => Promise<T>): Promise<T> => {
      const lost = proxy.loseNext(loss, COMMITS);
      const value = await call();
      await lost;
      return value;
    };
    const { version } = await losing(() => store.create(made));
    expect((await store.head(other)).version).toBe(version);
    const updated = await losing(() =>
      store.update(other, { name: "b" }, { at: 2, expectedVersion: version }),
    );
    const { version: cut } = await losing(() =>
      store.truncate(other, 1, { at: 3, expectedVersion: updated.version }),
    );
    const { version: last } = await losing(() => store.replace(made, { expectedVersion: cut }));
    expect((await store.get(other)).entries).toHaveLength(2);
    expect(await losing(() => store.delete(other, { expectedVersion: last }))).toBe(true);
    expect(await store.count({ ids: [other, id] })).toBe(1);
  });

  test("without receipts the append is taken for a repeat: what the tests above would see", async () => {
    const place = testPlace();
    const { proxy, store, id } = await throughProxy(place);
    await withoutReceipts(place);
    const lost = proxy.loseNext("answer", COMMITS);
    const { entries } = await store.append(id, [entry()], { at: 2 });
    await lost;
    expect(entries).toMatchObject([{ added: false }]);
  });

  test("a server that stays away: io, and the outcome is unknown only where a commit was sent", async () => {
    const place = testPlace();
    const proxy = await lossyProxy(place.url());
    const store = await openAt(proxy.url(place.url("prepare=off")), { retryForMs: 0 });
    const created = session();
    const { id } = created.metadata;
    await store.create(created);
    const lost = proxy.loseNext("answer", COMMITS);
    await expect(store.append(id, [entry()], { at: 2 })).rejects.toMatchObject({
      code: "io",
      details: { sessionId: id, outcome: "unknown" },
    });
    await lost;
    const notSent = proxy.loseNext("request", "FOR UPDATE");
    const refused = store.update(id, {}, { at: 2 });
    await expect(refused).rejects.toMatchObject({ code: "io" });
    await expect(refused).rejects.not.toMatchObject({ details: { outcome: "unknown" } });
    await notSent;
  });
});

describe.skipIf(MISSING !== null)("a storm of losses", () => {
  test("two servers, four clients each: every entry once, in order, none failed", {
    timeout: 600_000,
  }, async () => {
    const place = testPlace();
    const proxy = await lossyProxy(place.url());
    const stores = [
      await openAt(proxy.url(place.url("prepare=off"))),
      await openAt(proxy.url(place.url("prepare=off"))),
    ];
    const created = [session(), session(), session()];
    for (const each of created) await stores[0]?.create(each);
    const ids = created.map(({ metadata }) => metadata.id);
    const appended = new Map<string, SessionEntry["id"][]>();
    let running = 8;
    let progressed = () => {};
    const client = async (number: number) => {
      const store = stores[number % 2];
      const mine: SessionEntry["id"][] = [];
      appended.set(String(number), mine);
      for (let i = 0; i < APPENDS; i++) {
        const given = entry({ content: { client: number, i } });
        const id = ids[i % ids.length] as SessionId;
        const answer = await store?.append(id, [given], { at: 2 });
        expect(answer?.entries).toMatchObject([{ id: given.id, added: true }]);
        mine.push(given.id);
        progressed();
      }
      running--;
    };
    const storm = async () => {
      const kinds: readonly Loss[] = ["answer", "request", "half"];
      for (let i = 0; running > 0; i++) {
        await Promise.race([proxy.loseNext(kinds[i % 3] as Loss, COMMITS), clients]);
        if (i % 5 === 4) await place.ask(KILL_BACKENDS, [`%${place.schema}%`]);
        // Else one call may meet nothing but losses until its time is over.
        const isAnswered = new Promise<void>((resolve) => {
          progressed = resolve;
        });
        await Promise.race([isAnswered, clients]);
      }
      return "over";
    };
    const clients = Promise.all(Array.from({ length: 8 }, (_, i) => client(i)));
    await Promise.all([clients, storm()]);
    const stored = await Promise.all(ids.map((id) => stores[1]?.get(id as SessionId)));
    const all = stored.flatMap((each) => each?.entries ?? []);
    expect(all.map(({ id }) => id).sort()).toEqual([...appended.values()].flat().sort());
    for (const each of stored) {
      const seen = new Map<number, number>();
      for (const { content } of each?.entries ?? []) {
        const { client, i } = content as { client: number; i: number };
        expect(i).toBeGreaterThan(seen.get(client) ?? -1);
        seen.set(client, i);
      }
    }
  });
});

const APPENDS = process.env["SOAK"] !== "1" ? 25 : 300;
/** Those that have last done something in the schema of the test. */
const KILL_BACKENDS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE query LIKE $1 AND pid <> pg_backend_pid() AND application_name = 'thulp-sessions'`;
