import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import type { SessionId, SessionStore } from "@thulp-sessions/core";
import { startServerProgram } from "@thulp-sessions/testing";
import { type PostgresServer, startPostgres } from "@thulp-sessions/testing-postgres";
import { describe, expect, onTestFinished, test } from "vitest";
import { lossesOf, type Placed } from "./losses.ts";
import { portOf, startProxy } from "./proxy.ts";
import { entryOf, sharedSession } from "./shared-sessions.ts";

const first = await startPostgres();
const missing = typeof first === "string" ? ` (skipped: ${first})` : "";
if (typeof first !== "string") await first.close();

const CLIENTS = 8;
const SESSIONS = 4;
const isLong = process.env["SOAK"] === "1";

type Event = "kill a server" | "kill the database" | "cut" | "fail over";

/** Spread evenly over the appends. */
function events(counts: Readonly<Record<Exclude<Event, "fail over">, number>>): Event[] {
  const each = Object.entries(counts).flatMap(([event, count]) =>
    Array.from({ length: count }, (_, i) => ({ event: event as Event, place: (i + 0.5) / count })),
  );
  const all = [...each, { event: "fail over" as const, place: 0.55 }];
  return all.sort((a, b) => a.place - b.place).map(({ event }) => event);
}

interface Given {
  readonly each: number;
  readonly events: readonly Event[];
  /** False: a standby that has stopped to follow, as nobody may notice. */
  readonly follows: boolean;
}

/**
 * Two API servers over a database with a standby, behind an endpoint that follows the primary, and clients of
 * a proxy: each appends one entry after the other, to all sessions in turn. What is wrong afterwards.
 *
 * Longer than most functions: all that happens in one run.
 */
async function run({ each, events, follows }: Given): Promise<string[]> {
  let primary = (await startPostgres()) as PostgresServer;
  onTestFinished(() => primary.close());
  const old = primary;
  const standby = await primary.standby({
    settings: {
      wal_retrieve_retry_interval: "200ms",
      ...(!follows && { primary_conninfo: "host=/nowhere" }),
    },
  });
  onTestFinished(() => old.close());
  if (follows) await primary.set("synchronous_standby_names", "*");
  onTestFinished(() => standby.close());
  const endpoint = await startProxy(() => [{ path: join(primary.folder, ".s.PGSQL.5432") }]);
  const start = () =>
    startServerProgram([
      "--store",
      `postgres://postgres@127.0.0.1:${endpoint.port}/postgres?sslmode=disable`,
    ]);
  const servers = [await start(), await start()];
  const http = await startProxy(() => servers.map(({ url }) => portOf(url)));

  const open = async (): Promise<SessionStore> => {
    const store = await openStore(http.url);
    onTestFinished(() => store.close());
    return store;
  };
  const store = await open();
  const sessions = Array.from({ length: SESSIONS }, sharedSession);
  for (const session of sessions) await store.create(session);
  const ids = sessions.map(({ metadata }) => metadata.id);

  let done = 0;
  const waiting = new Map<number, () => void>();
  const reached = (count: number) =>
    done >= count ? undefined : new Promise<void>((resolve) => waiting.set(count, resolve));
  const acknowledged: Placed[] = [];
  const client = async (number: number) => {
    const own = await open();
    // Who appends to a session that he has never seen cannot tell, when the answer is lost, whether somebody
    // has taken entries off it since: he is refused.
    for (const id of ids) await own.head(id);
    for (let i = 0; i < each; i++) {
      const id = ids[i % SESSIONS] as SessionId;
      const given = entryOf({ client: number, i });
      const { entries } = await own.append(id, [given], { at: 2 });
      expect(entries.map((one) => one.id)).toEqual([given.id]);
      acknowledged.push({ sessionId: id, id: given.id, client: number, i });
      waiting.get(++done)?.();
    }
  };
  const happen: Readonly<Record<Event, (n: number) => Promise<void>>> = {
    async "kill a server"(n) {
      servers[n % 2]?.kill("SIGKILL");
      servers[n % 2] = await start();
    },
    async "kill the database"() {
      await primary.kill();
      await primary.start();
    },
    async cut(n) {
      (n % 2 === 0 ? http : endpoint).cut();
    },
    async "fail over"() {
      await primary.kill();
      await standby.promote();
      primary = standby;
      endpoint.cut();
    },
  };
  const storm = async () => {
    for (const [n, event] of events.entries()) {
      await reached(Math.floor(((n + 0.5) / events.length) * CLIENTS * each));
      await happen[event](n);
    }
  };
  await Promise.all([storm(), ...Array.from({ length: CLIENTS }, (_, n) => client(n))]);
  const stored: Placed[] = [];
  for (const id of ids) {
    const { entries } = await store.get(id);
    for (const { id: entryId, content } of entries)
      stored.push({ sessionId: id, id: entryId, ...(content as { client: number; i: number }) });
  }
  return lossesOf(acknowledged, stored);
}

describe.skipIf(typeof first === "string")(`killed servers, databases and connections${missing}`, () => {
  test("nothing is lost, nothing twice, nothing out of order, and no call fails", {
    timeout: isLong ? 3_600_000 : 180_000,
  }, async () => {
    const found = await run({
      each: isLong ? 10_000 : 40,
      events: events(
        isLong
          ? { "kill a server": 20, "kill the database": 8, cut: 20 }
          : { "kill a server": 2, "kill the database": 1, cut: 2 },
      ),
      follows: true,
    });
    expect(found).toEqual([]);
  });

  test("a standby that did not follow: the loss is found", { timeout: 120_000 }, async () => {
    const found = await run({ each: 10, events: ["fail over"], follows: false }).catch((error) => [
      // What was created is not there either.
      `lost: ${error.message}`,
    ]);
    expect(found).toContainEqual(expect.stringMatching(/^lost/));
  });
});

test("what is lost, twice or out of order is found", () => {
  const [a, b, c] = [0, 1, 2].map((i) => ({ sessionId: "s", id: `e${i}`, client: 0, i })) as [
    Placed,
    Placed,
    Placed,
  ];
  expect(lossesOf([a, b, c], [a, b, c])).toEqual([]);
  expect(lossesOf([a, b, c], [a, c])).toEqual(["lost: 1 of client 0"]);
  expect(lossesOf([a, b], [a, b, { ...b, id: "e9" }])).toEqual(["twice: 1 of client 0"]);
  expect(lossesOf([a, b, c], [a, c, b])).toEqual(["out of order: 1 after 2 of client 0"]);
});
