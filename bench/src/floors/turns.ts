import { join } from "node:path";
import { SessionManager, type SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { Yielder } from "@thulp-sessions/core/store";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { type Result, report, reportTarget, resultOf, withFolder } from "../harness/compare.ts";
import { entry, makeSession } from "../harness/data.ts";

type Call = "append" | "head" | "create";

/**
 * How many calls a window has: some turns each. Short, since a machine changes its pace from one second to
 * the next.
 */
const CALLS: Readonly<Record<string, Readonly<Record<Call, number>>>> = {
  memory: { append: 8_000, head: 25_000, create: 5_000 },
  fs: { append: 800, head: 10_000, create: 100 },
  sqlite: { append: 500, head: 2_500, create: 250 },
};

/**
 * What it costs that a loop of calls lets timers and I/O have their turn: processor time of the same store
 * with its turns and without any. Each round has two windows of both, in the order A B B A, so that a pace
 * that changes steadily falls out.
 */
export async function turns(quick: boolean): Promise<void> {
  await withFolder(async (dir) => {
    await turnsOf(new MemoryStore(), quick);
    await turnsOf(await openFileStore({ dir: join(dir, "files"), durability: "relaxed" }), quick);
    const file = join(dir, "sessions.db");
    await turnsOf(await openSqliteStore({ file, durability: "relaxed" }), quick);
  });
}

async function turnsOf(store: SessionStore, quick: boolean): Promise<void> {
  for (const call of ["append", "head", "create"] as const) {
    const [without, withTurns] = await compareTurns(store, call, quick);
    report(`${call} in a loop, ${store.kind}, relaxed: processor time`, [without, withTurns]);
    reportTarget(`processor time of ${call} with turns against none, ${store.kind}`, withTurns, without);
  }
  await store.close();
}

async function compareTurns(store: SessionStore, call: Call, quick: boolean): Promise<[Result, Result]> {
  // The garbage of a memory store is cleared away now and then, which takes more rounds to even out.
  const rounds = quick ? 2 : store.kind === "memory" ? 121 : 61;
  const calls = (CALLS[store.kind]?.[call] as number) / (quick ? 5 : 1);
  const none: number[] = [];
  const usual: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const turnsFirst = round % 2 === 0;
    const times = { none: 0, usual: 0 };
    for (const turning of [turnsFirst, !turnsFirst, !turnsFirst, turnsFirst])
      times[turning ? "usual" : "none"] += (await window(store, call, calls, turning)) / 2;
    // The first round warms up.
    if (round === 0) continue;
    none.push(times.none);
    usual.push(times.usual);
  }
  return [resultOf("without turns", none), resultOf("with turns", usual)];
}

/** Microseconds of processor time for one call, in sessions and a loop of their own. */
async function window(store: SessionStore, call: Call, calls: number, turning: boolean): Promise<number> {
  const manager = new SessionManager(store);
  const id = await makeSession(store, 20);
  const created: string[] = [];
  const work = {
    append: (i: number) => store.append(id, [entry(i)], { at: 1_700_000_000_000 + i }),
    head: () => store.head(id),
    create: async () => {
      const session = await manager.createSession("Session", { type: "conversation", purpose: "benchmark" });
      created.push(session.metadata.id);
    },
  }[call];
  const us = await (turning ? timed(calls, work) : withoutTurns(() => timed(calls, work)));
  for (const session of [id, ...created]) await store.delete(session);
  return us;
}

async function timed(calls: number, work: (i: number) => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) await work(i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** The stores as if they never looked at the clock: no setting does that, since nobody should want it. */
async function withoutTurns<T>(work: () => Promise<T>): Promise<T> {
  const { isDue, isDueAfterMany } = Yielder.prototype;
  Yielder.prototype.isDue = () => false;
  Yielder.prototype.isDueAfterMany = () => false;
  try {
    return await work();
  } finally {
    Object.assign(Yielder.prototype, { isDue, isDueAfterMany });
  }
}
