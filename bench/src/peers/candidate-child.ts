// A process of its own for one candidate, so that none disturbs another, each runs on the Node that it needs,
// and what it syncs and writes can be counted. Argument: a `Task` as JSON. It answers commands over the
// channel to its parent, or does what `once` says and ends.
import fs from "node:fs";
import { newUuid } from "@thulp-sessions/core";
import { entry } from "../harness/data.ts";
import { peakMb } from "../harness/peak-memory.ts";
import {
  type Commands,
  MARKED_OF,
  type Once,
  RARE_OF,
  type Task,
  type WindowTimes,
} from "./candidate-process.ts";
import type { Adapter } from "./candidates/adapter.ts";
import { catalog } from "./candidates/catalog.ts";
import { postgresCatalog } from "./candidates/postgres-catalog.ts";

const BATCH = 500;

const task: Task = JSON.parse(process.argv[2] ?? "{}");
const candidate = [...catalog, ...postgresCatalog].find(({ id }) => id === task.id);
if (!candidate) throw new Error(`there is no candidate "${task.id}"`);
const openAdapter = await candidate.load();
if (task.once) await doOnce(task.once);
else await serve();

async function doOnce(once: Once): Promise<void> {
  const start = performance.now();
  const adapter = await openAdapter(task.folder, task.durability);
  if (once.list) await adapter.list?.(once.list);
  if (once.last) await adapter.last(once.last, 50);
  if (once.load) await adapter.load(once.load);
  const us = (performance.now() - start) * 1000;
  fs.writeSync(1, JSON.stringify({ us, mb: peakMb() }));
  await adapter.close();
  // Some candidates leave handles open that would keep the process alive.
  process.exit();
}

async function serve(): Promise<void> {
  let adapter = await openAdapter(task.folder, task.durability);
  process.on("message", async ({ command, given }: { command: keyof Commands; given: never }) => {
    try {
      if (command === "reopen") {
        await adapter.close();
        adapter = await openAdapter((given as Commands["reopen"]).folder, task.durability);
        process.send?.({ result: null });
        return;
      }
      const work = commands[command] as (adapter: Adapter, given: never) => Promise<unknown>;
      process.send?.({ result: (await work(adapter, given)) ?? null });
    } catch (error) {
      process.send?.({ failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ result: await adapter.settings() });
}

const commands: {
  [Command in Exclude<keyof Commands, "reopen">]: (
    adapter: Adapter,
    given: Commands[Command],
  ) => Promise<unknown>;
} = {
  async make(adapter, { ids, length, touch }) {
    const updatedAt = Date.now();
    const entries = () => Array.from({ length }, (_, i) => entry(i));
    await adapter.make(ids.map((id) => ({ id, entries: entries(), marked: false, updatedAt })));
    if (touch) for (const id of ids) await adapter.append(id, entry(length));
  },
  async fill(adapter, { sessions, length }) {
    for (let done = 0; done < sessions; ) {
      const batch = Array.from({ length: Math.min(BATCH, sessions - done) }, (_, i) => {
        const n = done + i;
        const entries = Array.from({ length }, (_, j) => withRareWord(n * length + j));
        const updatedAt = 1_700_000_000_000 + n * 1_000;
        return { id: newUuid(), entries, marked: n % MARKED_OF === 0, updatedAt };
      });
      await adapter.make(batch);
      done += batch.length;
    }
  },
  append: (adapter, given) => append(adapter, given),
  read: (adapter, { what, id = "", limit = 0, times }) => {
    const work = {
      load: () => adapter.load(id),
      last: () => adapter.last(id, limit),
      list: () => adapter.list?.(limit),
      listMarked: () => adapter.listMarked?.(limit),
      search: () => adapter.search?.("rareword", limit),
    }[what];
    return timed(times, work);
  },
  async write({ append }, { id, name }) {
    // Written to a pipe immediately, so that what was acknowledged is known even if this process is killed
    // next.
    for (let n = 0; ; n++) {
      await append(id, named(`${name}:${n}`));
      fs.writeSync(1, `${n}\n`);
      // A writer that never leaves the microtasks could receive no message.
      if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  },
  async writeSome(adapter, { id, name, count }) {
    for (let n = 0; n < count; n++) await adapter.append(id, named(`${name}:${n}`));
  },
  texts: async (adapter, { id }) =>
    (await adapter.load(id)).map((each) => adapter.textOf(each).split("|")[0]),
  close: (adapter) => adapter.close(),
};

/**
 * Appends until the time is over or all is done, by so many callers, each on its own session where there are
 * enough.
 */
async function append(
  adapter: Adapter,
  { ids, callers, atMost, ms }: Commands["append"],
): Promise<WindowTimes> {
  const entries = Array.from({ length: atMost }, (_, i) => entry(i)).reverse();
  const cpu = process.cpuUsage();
  const start = performance.now();
  let operations = 0;
  const caller = async (first: number) => {
    for (let i = first; operations + callers <= atMost || operations === 0; i += callers) {
      const next = entries.pop();
      if (!next) break;
      await adapter.append(ids[i % ids.length] as string, next);
      operations++;
      if (performance.now() - start > ms) break;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, first) => caller(first)));
  const us = (performance.now() - start) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { us: us / operations, operations, cpuUs: (user + system) / operations };
}

async function timed(times: number, work: () => Promise<readonly unknown[]> | undefined) {
  if (!work()) return null;
  const cpu = process.cpuUsage();
  const start = performance.now();
  let found = 0;
  for (let i = 0; i < times; i++) found = (await work())?.length ?? 0;
  const us = (performance.now() - start) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { us: us / times, operations: times, cpuUs: (user + system) / times, found };
}

function withRareWord(n: number) {
  const given = entry(n);
  if (n % RARE_OF !== 0) return given;
  return { ...given, content: { text: `${(given.content as { text: string }).text} rareword` } };
}

function named(name: string) {
  const given = entry(1);
  return { ...given, content: { text: `${name}|${(given.content as { text: string }).text}` } };
}
