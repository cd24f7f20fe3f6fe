import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { MessageChannel, Worker } from "node:worker_threads";
import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { compare, report, withFolder } from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";
import { callers } from "./append-sqlite.ts";

/**
 * Is it worth moving SQLite, whose sync holds up the event loop, into a thread of its own? What each call
 * would pay for the way there and back, and what the event loop waits for now.
 */
export async function workerThread(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 15;
  const operations = quick ? 10 : 200;
  await withFolder(async (dir) => {
    const store = await openSqliteStore({ file: join(dir, "sessions.db"), durability: "full" });
    const one = await makeSession(store, 100);
    const echo = new Echo();
    report(
      "the way to a thread and back, against an append",
      await compare(
        [
          {
            ...callers("store-sqlite, 1 caller, durability full", store, [one], operations),
            syncs: operations,
          },
          {
            name: "the arguments of an append to a thread, its result back",
            operations,
            async run() {
              for (let i = 0; i < operations; i++) await echo.call(entry(i));
            },
          },
          {
            ...callers(
              "store-sqlite, 64 callers",
              store,
              Array.from({ length: 64 }, () => one),
              operations / 10,
            ),
            syncs: operations / 10,
          },
          {
            name: "64 callers to a thread and back",
            operations: operations * 6,
            async run() {
              const caller = async () => {
                for (let i = 0; i < (operations * 6) / 64; i++) await echo.call(entry(i));
              };
              await Promise.all(Array.from({ length: 64 }, caller));
            },
          },
        ],
        rounds,
      ),
    );
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await callersFor(quick ? 200 : 3_000, (i) => store.append(one, [entry(i)], { at: i }));
    delay.disable();
    const ms = (share: number) => (delay.percentile(share) / 1e6 - 1).toFixed(2);
    console.log(
      `  a timer beside 64 callers comes late by ${ms(50)} ms (median), ${ms(99)} ms (p99), ${(delay.max / 1e6 - 1).toFixed(2)} ms (most)`,
    );
    await echo.close();
    await store.close();
  });
}

async function callersFor(durationMs: number, call: (i: number) => Promise<unknown>): Promise<void> {
  const end = performance.now() + durationMs;
  const caller = async () => {
    for (let i = 0; performance.now() < end; i++) await call(i);
  };
  await Promise.all(Array.from({ length: 64 }, caller));
}

/** A thread that answers everything it is sent. */
class Echo {
  readonly #worker = new Worker(
    'require("node:worker_threads").parentPort.once("message", ({ port }) => port.on("message", ([n, value]) => port.postMessage([n, value.id])))',
    { eval: true },
  );
  readonly #channel = new MessageChannel();
  readonly #waiting = new Map<number, () => void>();
  #next = 0;

  constructor() {
    const { port1, port2 } = this.#channel;
    this.#worker.postMessage({ port: port2 }, [port2]);
    port1.on("message", ([n]: [number]) => {
      this.#waiting.get(n)?.();
      this.#waiting.delete(n);
    });
  }

  call(value: unknown): Promise<void> {
    const n = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(n, resolve);
      this.#channel.port1.postMessage([n, value]);
    });
  }

  async close(): Promise<void> {
    this.#channel.port1.close();
    await this.#worker.terminate();
  }
}
