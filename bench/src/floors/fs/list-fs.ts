import fs from "node:fs";
import { join } from "node:path";
import { SessionManager } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import {
  type Candidate,
  compare,
  report,
  reportTarget,
  resultOf,
  withFolder,
} from "../../harness/compare.ts";
import { entry, makeSession } from "../../harness/data.ts";
import { runChild } from "../../harness/run-child.ts";
import { type ListTimes, parseAll, statAll } from "./list-child.ts";

const CHILD = join(import.meta.dirname, "list-child.js");
const PAGE = 50;

/** How many sessions are created concurrently. */
const AT_ONCE = 100;

interface Size {
  readonly sessions: number;
  /** 26 make a file of about 12 KB, 20 one of 9 KB, 1 one of 1 KB: 300,000 files of 12 KB would be 4 GB. */
  readonly entries: number;
  readonly rounds: number;
}

const SIZES: readonly Size[] = [
  { sessions: 4_000, entries: 26, rounds: 7 },
  { sessions: 10_000, entries: 20, rounds: 7 },
  { sessions: 24_000, entries: 26, rounds: 5 },
  { sessions: 100_000, entries: 1, rounds: 3 },
  { sessions: 300_000, entries: 1, rounds: 1 },
];

const QUICK: readonly Size[] = [
  { sessions: 100, entries: 26, rounds: 1 },
  { sessions: 600, entries: 26, rounds: 1 },
  { sessions: 1_000, entries: 1, rounds: 1 },
];

/** Whether the whole walk costs the same for each session in a folder of either size. */
const GROWTH = [4_000, 24_000] as const;
const QUICK_GROWTH = [100, 600] as const;

/**
 * `listSessions`, and its first page, of folders of several sizes, against reading and parsing every file as
 * the original does.
 */
export async function listFs(quick: boolean): Promise<void> {
  await withFolder(async (folder) => {
    const folders = new Map<number, string>();
    for (const size of quick ? QUICK : SIZES) {
      const dir = join(folder, `${size.sessions}`);
      folders.set(size.sessions, dir);
      const what = `${count(size.sessions)} sessions of ${await fill(dir, size)}, store-fs`;
      await inNewProcesses(dir, size, what);
      await warm(dir, size, what);
    }
    const dirOf = (sessions: number) => folders.get(sessions) ?? "";
    const [small, large] = quick ? QUICK_GROWTH : GROWTH;
    await growth([small, dirOf(small)], [large, dirOf(large)], quick ? 1 : 7);
  });
}

/**
 * Makes the sessions through the store, each with an append as its last call. Gives what they are, in words.
 */
async function fill(dir: string, { sessions, entries }: Size): Promise<string> {
  const store = await openFileStore({ dir, durability: "relaxed" });
  let last = "";
  for (let made = 0; made < sessions; made += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, sessions - made) }, async (_, i) => {
      const id = await makeSession(store, entries - 1);
      await store.append(id, [entry(i)], { at: 1_700_000_000_000 + made + i });
      return id;
    });
    last = (await Promise.all(batch)).at(-1) ?? "";
    // Lets the store do what it has deferred to a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
  const kilobytes = fs.statSync(join(dir, `${last}.json`)).size / 1024;
  return `${entries === 1 ? "1 entry" : `${entries} entries`} (${kilobytes.toFixed(1)} KB)`;
}

/** By a store that has listed the folder before. */
async function warm(dir: string, { sessions, rounds }: Size, what: string): Promise<void> {
  const store = await openFileStore({ dir, durability: "relaxed" });
  const manager = new SessionManager(store);
  const results = await compare(
    [
      {
        name: "read and parse every file",
        operations: 1,
        run: async () => expectAll(parseAll(dir), sessions),
      },
      { name: "readdir, and stat of every file", operations: 1, run: async () => void statAll(dir) },
      walk("listSessions", manager, sessions, 1),
      {
        name: `the first page of ${PAGE}`,
        operations: 1,
        async run() {
          const { items } = await manager.pageSessions({ limit: PAGE });
          expectAll(items.length, PAGE);
        },
      },
    ],
    rounds,
  );
  report(`a list of ${what}, by a store that has listed before`, results);
  const [parsed, stats, all, page] = results;
  reportTarget(`parse-all against listSessions, warm, of ${count(sessions)}`, parsed, all);
  reportTarget(`parse-all against the first page, warm, of ${count(sessions)}`, parsed, page);
  reportTarget(`the first page, warm, against readdir and stat, of ${count(sessions)}`, page, stats);
  await store.close();
}

/**
 * Each in a process of its own: the first one finds no cache, the next one finds the cache that an earlier
 * process left.
 */
async function inNewProcesses(dir: string, { sessions, rounds }: Size, what: string): Promise<void> {
  const windows = new Map<string, number[]>();
  const add = (name: string, us: number) => windows.set(name, [...(windows.get(name) ?? []), us]);
  const time = (mode: string) => runChild<ListTimes>(CHILD, [mode, dir]);
  const timeBoth = (mode: string, name: string) => {
    const { answer, closed } = time(mode);
    add(name, answer);
    add(`${name}, until it is closed`, closed);
  };
  const leaveNothing = () => fs.rmSync(join(dir, ".cache"), { recursive: true, force: true });
  for (let round = 0; round < rounds; round++) {
    add("read and parse every file", time("parse-all").answer);
    add("open every file and read 1 KB of it, nothing else", time("heads").answer);
    leaveNothing();
    timeBoth("list-sessions", "listSessions, the first process");
    timeBoth("list-sessions", "listSessions, the next process");
    leaveNothing();
    timeBoth("first-page", `the first page of ${PAGE}, the first process`);
    timeBoth("first-page", `the first page of ${PAGE}, the next process`);
  }
  const results = [...windows].map(([name, us]) => resultOf(name, us));
  report(`a list of ${what}, each in a new process`, results);
  const named = (name: string) => results.find((result) => result.name === name);
  for (const process of ["first", "next"]) {
    reportTarget(
      `parse-all against listSessions, ${process} process, of ${count(sessions)}`,
      named("read and parse every file"),
      named(`listSessions, the ${process} process`),
    );
  }
}

/** The whole walk of a small and of a large folder, for one session of it. */
async function growth(
  [small, smallDir]: readonly [number, string],
  [large, largeDir]: readonly [number, string],
  rounds: number,
): Promise<void> {
  const stores = [
    await openFileStore({ dir: smallDir, durability: "relaxed" }),
    await openFileStore({ dir: largeDir, durability: "relaxed" }),
  ];
  const candidates = [small, large].map((sessions, i) => {
    const store = stores[i];
    if (!store) throw new Error("no store");
    return walk(`listSessions of ${count(sessions)}`, new SessionManager(store), sessions, sessions);
  });
  const results = await compare(candidates, rounds);
  report("listSessions, store-fs, warm: for one session", results);
  const [one, other] = results;
  reportTarget(`listSessions for one session, of ${count(large)} against ${count(small)}`, other, one);
  for (const store of stores) await store.close();
}

function walk(name: string, manager: SessionManager, sessions: number, operations: number): Candidate {
  return {
    name,
    operations,
    run: async () => expectAll((await manager.listSessions()).length, sessions),
  };
}

function expectAll(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`Error: ${found} of ${wanted} sessions are in the list`);
}

function count(sessions: number): string {
  return sessions.toLocaleString("en");
}
