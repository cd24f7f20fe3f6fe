// A process of its own that makes so many calls in one loop, each awaited before the next, and prints what
// other work in the process would have noticed of it. Argument: a `LoopTask` as JSON.
import fs from "node:fs";
import { join } from "node:path";
import { newUuid, SessionManager, type SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { openFileStore } from "@thulp-sessions/store-fs";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { entry, makeSession, sessionOf } from "../harness/data.ts";
import { reasonOf } from "../harness/results.ts";
import { TimerWatch } from "../harness/timer-watch.ts";
import { openBareSqlite } from "./sqlite/bare-sqlite.ts";

export interface LoopTask {
  /** `bare-…` does what the calls of the store come down to, with a turn of the event loop in between. */
  readonly who: "store-fs" | "store-sqlite" | "MemoryStore" | "bare-fs" | "bare-sqlite" | "bare-memory";
  readonly call: "create" | "append" | "head";
  readonly calls: number;
  readonly dir: string;
  /** For the bare calls on files: a file as the store writes it. */
  readonly sample: string;
}

export interface LoopReport {
  readonly us: number;
  /** The longest wait of a timer that is due every 5 ms. */
  readonly longestWaitMs: number;
  /** The largest number of names in `.locks`. */
  readonly mostLocks: number;
  /** Resident memory after a tenth of the calls and after all, each after a garbage collection. */
  readonly earlyMb: number;
  readonly endMb: number;
  /** Why the loop ended before its end. */
  readonly failed?: string;
}

/** The locks are counted after each so many calls. */
const LOOK_AFTER = 300;

/** The bare calls give others a turn after each so many. */
const TURN_AFTER = 64;

const [argument] = process.argv.slice(2);
if (argument?.startsWith("{")) console.log(JSON.stringify(await loop(JSON.parse(argument))));

async function loop(task: LoopTask): Promise<LoopReport> {
  const { call, close } = await prepare(task);
  const early = Math.floor(task.calls / 10);
  let [mostLocks, earlyMb, endMb] = [0, 0, 0];
  let failed: string | undefined;
  const watch = new TimerWatch();
  // A first turn, so that the watch has begun before the loop has.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const start = performance.now();
  let aside = 0;
  const look = (i: number) => {
    const before = performance.now();
    if (i % LOOK_AFTER === 0) mostLocks = Math.max(mostLocks, locksIn(task.dir));
    if (i === early) earlyMb = residentMb();
    aside += performance.now() - before;
  };
  try {
    for (let i = 1; i <= task.calls; i++) {
      const done = call(i);
      if (done) await done;
      if (i % LOOK_AFTER === 0 || i === early) watch.without(() => look(i));
    }
  } catch (error) {
    failed = reasonOf(error);
  }
  const us = (performance.now() - start - aside) * 1000;
  const longestWaitMs = watch.stop();
  endMb = residentMb();
  await close();
  return { us, longestWaitMs, mostLocks, earlyMb, endMb, ...(failed !== undefined && { failed }) };
}

interface Loop {
  /** One call; nothing is awaited where it gives nothing. */
  call(i: number): Promise<unknown> | undefined;
  close(): Promise<void>;
}

async function prepare(task: LoopTask): Promise<Loop> {
  switch (task.who) {
    case "store-fs":
      return ofStore(await openFileStore({ dir: task.dir, durability: "relaxed" }), task.call);
    case "store-sqlite":
      return ofStore(await openSqliteStore({ file: database(task), durability: "relaxed" }), task.call);
    case "MemoryStore":
      return ofStore(new MemoryStore(), task.call);
    case "bare-fs":
      return bare(bareFile(task));
    case "bare-sqlite":
      return bareDatabase(task);
    case "bare-memory":
      return bare(bareMemory(task));
  }
}

async function ofStore(store: SessionStore, call: LoopTask["call"]): Promise<Loop> {
  const manager = new SessionManager(store);
  const id = await makeSession(store, 20);
  const calls = {
    create: () => manager.createSession("Session", { type: "conversation", purpose: "benchmark" }),
    append: (i: number) => store.append(id, [entry(i)], { at: 1_700_000_000_000 + i }),
    head: () => store.head(id),
  };
  return { call: calls[call], close: () => store.close() };
}

function bare(work: (i: number) => void): Loop {
  return {
    call(i) {
      work(i);
      return i % TURN_AFTER === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
    },
    async close() {},
  };
}

/** A file of its own, a positioned write, or `stat` and a read of the beginning. */
function bareFile({ call, dir, sample }: LoopTask): (i: number) => void {
  fs.mkdirSync(dir, { recursive: true });
  const bytes = fs.readFileSync(sample);
  if (call === "create") return () => fs.writeFileSync(join(dir, `${newUuid()}.json`), bytes);
  const path = join(dir, "bare.json");
  fs.writeFileSync(path, bytes);
  const descriptor = fs.openSync(path, "r+");
  let position = bytes.length;
  if (call === "append")
    return (i) => {
      position += fs.writeSync(descriptor, JSON.stringify(entry(i), null, 2), position);
    };
  const head = Buffer.alloc(1024);
  return () => {
    fs.statSync(path);
    fs.readSync(descriptor, head, 0, head.length, 0);
  };
}

function database({ dir }: LoopTask): string {
  fs.mkdirSync(dir, { recursive: true });
  return join(dir, "sessions.db");
}

/** A transaction of the same rows, or the row of the session. */
async function bareDatabase(task: LoopTask): Promise<Loop> {
  const db = await openBareSqlite(database(task), "relaxed");
  const calls = {
    create: () => db.create(newUuid()),
    append: (i: number) => db.append(entry(i)),
    head: () => db.head(),
  };
  return { ...bare(calls[task.call]), close: async () => db.close() };
}

function bareMemory({ call }: LoopTask): (i: number) => unknown {
  const sessions = new Map([["id", sessionOf("id")]]);
  const entries: unknown[] = [];
  const calls = {
    create: () => {
      const id = newUuid();
      sessions.set(id, sessionOf(id));
    },
    append: (i: number) => entries.push(entry(i)),
    head: () => structuredClone(sessions.get("id")?.metadata),
  };
  return calls[call];
}

function locksIn(dir: string): number {
  try {
    return fs.readdirSync(join(dir, ".locks")).length;
  } catch (error) {
    // Nothing was locked yet.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

function residentMb(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 1024 / 1024;
}
