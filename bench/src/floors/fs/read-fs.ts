import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { compare, report, reportTarget, resultOf, withFolder } from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";
import { recordFigure } from "../../harness/recording.ts";
import { readAll } from "./list-child.ts";

/** Reading from store-fs: a whole session against JSON.parse of its text, and the end of a long one against all of it. */
export async function loadFs(quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 51;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    const id = await makeSession(store, 2_000);
    const path = join(dir, `${id}.json`);
    const text = fs.readFileSync(path, "utf8");
    const results = await compare(
      [
        { name: "JSON.parse of the text", operations: 1, run: async () => void JSON.parse(text) },
        {
          name: "read the file, decode, JSON.parse",
          operations: 1,
          run: async () => void JSON.parse(fs.readFileSync(path, "utf8")),
        },
        { name: "store-fs get, touched before", operations: 1, run: async () => void (await store.get(id)) },
        {
          name: "store-fs get, first touch",
          operations: 1,
          async run() {
            const fresh = await openFileStore({ dir, durability: "relaxed" });
            await fresh.get(id);
            await fresh.close();
          },
        },
      ],
      rounds,
    );
    report("load, store-fs, a session of 2000 entries, against JSON.parse of its text", results);
    reportTarget("loading against JSON.parse", results[2], results[0]);
    const long = await makeSession(store, 10_000);
    const ends = await compare(
      [
        { name: "get", operations: 1, run: async () => void (await store.get(long)) },
        {
          name: "readEntries, last 50",
          operations: 1,
          run: async () => void (await store.readEntries(long, { last: 50 })),
        },
      ],
      rounds,
    );
    report("the last 50 entries of 10000, store-fs, against loading all of them", ends);
    reportTarget("the last 50 against all", ends[1], ends[0]);
    await store.close();
  });
}

/** The first page of a folder of many sessions, against reading and parsing every file, as the original does. */
export async function listFs(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 9;
  const sessions = quick ? 500 : 10_000;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    for (let i = 0; i < sessions; i++) await makeSession(store, 20);
    const title = `the first page of 50 of ${sessions} sessions of 20 entries, store-fs, against reading every file`;
    const warm = await compare(
      [
        { name: "read and parse every file", operations: 1, run: async () => readAll(dir) },
        {
          name: "list, a new store",
          operations: 1,
          async run() {
            const fresh = await openFileStore({ dir, durability: "relaxed" });
            await fresh.list({ limit: 50 });
            await fresh.close();
          },
        },
        { name: "list, again", operations: 1, run: async () => void (await store.list({ limit: 50 })) },
      ],
      rounds,
    );
    report(title, warm);
    reportTarget("every file against the list, again", warm[0], warm[2]);
    const windows = {
      read: [] as number[],
      heads: [] as number[],
      list: [] as number[],
      closed: [] as number[],
      again: [] as number[],
    };
    const inChild = (mode: string): { page: number; closed: number } =>
      JSON.parse(runChild("list-child", mode, dir));
    for (let round = 0; round < rounds; round++) {
      windows.read.push(inChild("read").page);
      windows.heads.push(inChild("heads").page);
      // What the processes of the round before have left to those that come.
      fs.rmSync(join(dir, ".cache"), { recursive: true, force: true });
      const first = inChild("list");
      windows.list.push(first.page);
      windows.closed.push(first.closed);
      windows.again.push(inChild("list").page);
    }
    const cold = [
      resultOf("read and parse every file", windows.read),
      resultOf("open every file and read 1 KB of it, nothing else", windows.heads),
      resultOf("list, the first process of all", windows.list),
      resultOf("the same, until what it leaves to the next is written", windows.closed),
      resultOf("list, after another process", windows.again),
    ];
    report(`${title}, each in a new process`, cold);
    reportTarget("every file against the list, a new process", cold[0], cold[2]);
    await store.close();
  });
}

/** How much memory it takes to read a large session page by page. */
export async function memoryFs(quick: boolean): Promise<void> {
  const wantedBytes = (quick ? 10 : 200) * 1024 * 1024;
  await withFolder(async (dir) => {
    const store = await openFileStore({ dir, durability: "relaxed" });
    const id = await makeSession(store, 0);
    const path = join(dir, `${id}.json`);
    while (fs.statSync(path).size < wantedBytes) {
      const entries = Array.from(
        { length: 2_000 },
        (_, i): SessionEntry => ({ ...entry(i), id: newUuid() as never }),
      );
      await store.append(id, entries, { at: 1 });
    }
    const size = Math.round(fs.statSync(path).size / 1024 / 1024);
    await store.close();
    const { entries, startMb, mostMb } = JSON.parse(runChild("memory-child", dir, id));
    console.log(
      `\nmemory of a process that reads a session of ${size} MB (${entries} entries) in pages of 1000, store-fs`,
    );
    console.log(`  ${mostMb} MB at most, ${startMb} MB of it before the first page`);
    recordFigure({ what: "memory while paging", value: mostMb, unit: " MB" });
  });
}

function runChild(name: string, ...args: readonly string[]): string {
  return execFileSync(process.execPath, [join(import.meta.dirname, `${name}.js`), ...args], {
    encoding: "utf8",
  });
}
