import { newUuid, type SessionEntry, type SessionStore } from "@thulp-sessions/core";
import { openPostgresStore } from "@thulp-sessions/store-postgres";
import { callers } from "../floors/sqlite/append-sqlite.ts";
import { type Candidate, compare, quantiles, report, reportTarget, withFolder } from "../harness/compare.ts";
import { entry, makeSession } from "../harness/data.ts";
import { installPeers } from "../harness/peer-packages.ts";
import { recordFigure } from "../harness/recording.ts";
import { reasonOf } from "../harness/results.ts";
import { CandidateProcess } from "../peers/candidate-process.ts";
import type { CatalogEntry } from "../peers/candidates/catalog.ts";
import { postgresCatalog } from "../peers/candidates/postgres-catalog.ts";
import { reasonToSkip } from "../peers/suite.ts";
import { barePostgres } from "./bare-postgres.ts";
import { pgbench } from "./pgbench.ts";
import { countingProxy } from "./round-trips.ts";
import { type BenchServer, reportSync, withPostgres } from "./server.ts";

const CALLERS = 64;
/** Entries in the sessions that peers append to: those of LangGraph cost more with each. */
const PEER_LENGTH = 20;

/**
 * Appending to store-postgres: against the same rows by a bare transaction each, pgbench, and what else keeps
 * sessions in PostgreSQL, at one durability on one server.
 */
export async function appendPostgres(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 15;
  const [lone, each]: [number, number] = quick ? [10, 1] : [100, 16];
  await withPostgres("append-postgres", (server) =>
    withFolder(async (folder) => {
      const stores = await Promise.all(
        ["alone", "together", "apart"].map((schema) => openPostgresStore({ url: server.url(schema) })),
      );
      const [alone, together, apart] = stores as [SessionStore, SessionStore, SessionStore];
      // The same tables, with nobody who looks after them.
      for (const schema of ["bare", "loaded"])
        await (await openPostgresStore({ url: server.url(schema) })).close();
      const client = await server.connect();
      const bare = await barePostgres(client, "bare");
      const load = (onOne: boolean) =>
        pgbench(client, server, "loaded", folder, { clients: CALLERS, onOne, each });
      const peers = await openPeers(server);
      const results = await compare(
        [
          bareAppends(() => bare.append(), lone),
          callers("store-postgres, 1 caller", alone, [await makeSession(alone, 100)], lone),
          ...(await manyCallers(together, apart, each)),
          await load(false),
          await load(true),
          ...peers.flatMap((peer) => [peer.appends(1, lone), peer.appends(CALLERS, CALLERS * each)]),
        ],
        rounds,
      );
      report("append, store-postgres, durability full, against a bare transaction for each entry", results);
      await reportSync();
      reportRatios(results);
      for (const peer of peers) await peer.close();
      for (const store of stores) await store.close();
      await reportRoundTrips(server, quick ? 5 : 50);
      await reportWatch(server, quick ? 10 : 400);
    }),
  );
  await withPostgres("append-postgres, a slow disk", (server) => onSlowDisk(server, rounds, [lone, each]), {
    // Each commit waits so many microseconds before its sync, as on a disk where a sync costs more.
    commit_delay: 1000,
    commit_siblings: 0,
  });
}

/** Where a sync costs more, more is saved by sharing it. */
async function onSlowDisk(
  server: BenchServer,
  rounds: number,
  [lone, each]: readonly [number, number],
): Promise<void> {
  const open = (schema: string) => openPostgresStore({ url: server.url(schema) });
  const [together, apart] = [await open("together"), await open("apart")];
  await (await open("bare")).close();
  const bare = await barePostgres(await server.connect(), "bare");
  const results = await compare(
    [bareAppends(() => bare.append(), lone), ...(await manyCallers(together, apart, each))],
    rounds,
  );
  report("the same where a sync takes 1 ms longer (commit_delay)", results);
  const [alone, onOne, onMany] = results;
  reportTarget(`the rate of ${CALLERS} callers on one session, a sync of 1 ms or more`, alone, onOne);
  reportTarget(
    `the rate of ${CALLERS} callers on ${CALLERS} sessions, a sync of 1 ms or more`,
    alone,
    onMany,
  );
  await together.close();
  await apart.close();
}

/** Callers that all append to one session, and as many to sessions of their own. */
async function manyCallers(
  together: SessionStore,
  apart: SessionStore,
  each: number,
): Promise<readonly Candidate[]> {
  const shared = await makeSession(together, 100);
  const many = await Promise.all(Array.from({ length: CALLERS }, () => makeSession(apart, 100)));
  const name = `store-postgres, ${CALLERS} callers on`;
  return [
    callers(`${name} one session`, together, new Array(CALLERS).fill(shared), each),
    callers(`${name} ${CALLERS} sessions`, apart, many, each),
  ];
}

type Results = Awaited<ReturnType<typeof compare>>;

function reportRatios(results: Results): void {
  const [bare, one, onOne, onMany, pgbenchOnMany, , ...peers] = results;
  reportTarget("1 caller, against the bare transaction", one, bare);
  for (const [what, grouped] of [
    ["one session", onOne],
    [`${CALLERS} sessions`, onMany],
  ] as const) {
    reportTarget(`the rate of ${CALLERS} callers on ${what}, against bare`, bare, grouped);
  }
  reportTarget(`the rate of ${CALLERS} callers, against pgbench`, pgbenchOnMany, onMany);
  for (const peer of peers.filter((_, i) => i % 2 === 1))
    reportTarget(`the rate of ${CALLERS} callers, against ${peer.name.split(",")[0]}`, peer, onMany);
}

function bareAppends(append: () => Promise<void>, operations: number): Candidate {
  return {
    name: "pg, BEGIN INSERT UPDATE COMMIT, 1 caller",
    operations,
    async run() {
      for (let i = 0; i < operations; i++) await append();
    },
  };
}

interface Peer {
  appends(callers: number, operations: number): Candidate;
  close(): Promise<void>;
}

/** Each in a process, and with a database, of its own. */
async function openPeers(server: BenchServer): Promise<Peer[]> {
  const withoutPackages = installPeers();
  const peers: Peer[] = [];
  for (const candidate of postgresCatalog)
    peers.push(await openPeer(candidate, server, reasonToSkip(candidate, withoutPackages)));
  return peers;
}

async function openPeer(
  candidate: CatalogEntry,
  server: BenchServer,
  skipped: string | undefined,
): Promise<Peer> {
  const nothing = (callers: number, operations: number) => ({
    name: `${candidate.title}, ${callers === 1 ? "1 caller" : `${callers} callers on ${callers} sessions`}`,
    operations,
    run: async () => {},
  });
  const idle = { close: async () => {} };
  if (skipped !== undefined) return { ...idle, appends: (...given) => ({ ...nothing(...given), skipped }) };
  const url = await server.database(candidate.id.replaceAll("-", "_"));
  const opened = await CandidateProcess.open(candidate, "durable", url).catch(reasonOf);
  if (typeof opened === "string") {
    const run = async () => Promise.reject(new Error(opened));
    return { ...idle, appends: (...given) => ({ ...nothing(...given), run }) };
  }
  return {
    appends(callers, operations) {
      let ids: string[] = [];
      return {
        ...nothing(callers, operations),
        async prepare() {
          ids = Array.from({ length: callers }, newUuid);
          await opened.ask("make", { ids, length: PEER_LENGTH, touch: true });
        },
        async run() {
          await opened.ask("append", { ids, callers, atMost: operations, ms: 600_000 });
        },
      };
    },
    close: () => opened.close(),
  };
}

/** How often an append of one caller waits for the server: exactly once. */
async function reportRoundTrips(server: BenchServer, count: number): Promise<void> {
  const proxy = await countingProxy(server.folder);
  const store = await openPostgresStore({ url: proxy.through(server.url("counted")) });
  const id = await makeSession(store, 1);
  // Prepares the statement.
  await store.append(id, [entry(0)], { at: 2 });
  const before = proxy.roundTrips();
  for (let i = 0; i < count; i++) await store.append(id, [entry(i)], { at: 3 });
  recordFigure({ what: "round trips of an append, 1 caller", value: (proxy.roundTrips() - before) / count });
  await store.close();
  await proxy.close();
}

/** How long after it was acknowledged an append is seen by who watches another store. */
async function reportWatch(server: BenchServer, count: number): Promise<void> {
  const [writer, reader] = [
    await openPostgresStore({ url: server.url("watched") }),
    await openPostgresStore({ url: server.url("watched") }),
  ];
  const id = await makeSession(writer, 1);
  const changes = await reader.watch();
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const next = changes.next();
    const given: SessionEntry = entry(i);
    await writer.append(id, [given], { at: 2 });
    const acknowledged = performance.now();
    await next;
    times.push(performance.now() - acknowledged);
  }
  const at = quantiles(times);
  recordFigure({ what: "another store sees an append, p50", value: at(0.5), unit: " ms" });
  recordFigure({ what: "another store sees an append, p99", value: at(0.99), unit: " ms" });
  await changes.return?.();
  await writer.close();
  await reader.close();
}
