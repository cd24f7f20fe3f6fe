import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  isSessionError,
  type Session,
  type SessionEntry,
  type SessionStore,
  type StoredSession,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { describe, expect, test } from "vitest";
import { type Fault, FaultyDisk } from "../faulty-disk.ts";
import { makeFolder, removeFolder, useFoldersInMemory } from "../temporary-folder.ts";

// Every call of every operation is made and fails at its first file call, at its second, and so on until it
// comes through: the caller hears of it, what is remembered is what is on the disk, and the same call made
// again is synced and done.

useFoldersInMemory();

const ID = "aaaaaaaa-0000-4000-8000-000000000001";
const NEW = "aaaaaaaa-0000-4000-8000-000000000002";

function entry(number: number, length = 20): SessionEntry {
  const id = `bbbbbbbb-0000-4000-8000-${String(number).padStart(12, "0")}`;
  return { id, timestamp: number, ...userMessage("x".repeat(length)) } as SessionEntry;
}

function session(id: string, entries: readonly SessionEntry[]): Session {
  const metadata = {
    id,
    name: "before",
    sessionType: { type: "agent", agentName: "a" },
    createdAt: 1,
    updatedAt: 1,
    status: "active",
    tags: [],
    parentSession: null,
  };
  return { metadata, entries, context: {} } as unknown as Session;
}

interface Operation {
  readonly name: string;
  /** What the folder holds before it. */
  readonly prepare?: (dir: string) => void;
  readonly before?: readonly SessionEntry[];
  readonly run: (store: SessionStore) => Promise<unknown>;
  /** Does the session hold what the operation does to it? */
  readonly isDone: (session: StoredSession | undefined) => boolean;
}

const has = (count: number) => (found: StoredSession | undefined) => found?.entries.length === count;
const fileOf = (dir: string) => join(dir, `${ID}.json`);

const operations: readonly Operation[] = [
  { name: "a first entry", before: [], run: (s) => s.append(ID, [entry(1)], { at: 9 }), isDone: has(1) },
  { name: "an append", run: (s) => s.append(ID, [entry(3)], { at: 9 }), isDone: has(3) },
  {
    name: "a batch over pages",
    run: (s) => s.append(ID, [entry(3, 5_000), entry(4, 5_000), entry(5, 5_000)], { at: 9 }),
    isDone: has(5),
  },
  {
    name: "an append that completes the session",
    run: (s) => s.append(ID, [entry(3)], { at: 9, limits: { maxEntries: 3, action: "end_session" } }),
    isDone: (found) => found?.entries.length === 3 && found.metadata.status === "completed",
  },
  {
    name: "an append to a file in another layout",
    prepare: (dir) =>
      writeFileSync(fileOf(dir), JSON.stringify(JSON.parse(readFileSync(fileOf(dir), "utf8")))),
    run: (s) => s.append(ID, [entry(3)], { at: 9 }),
    isDone: has(3),
  },
  {
    name: "an append behind a torn tail",
    prepare: (dir) => {
      const bytes = readFileSync(fileOf(dir));
      writeFileSync(
        fileOf(dir),
        Buffer.concat([bytes.subarray(0, -6), Buffer.from(',\n    {\n      "id": "')]),
      );
    },
    run: (s) => s.append(ID, [entry(3)], { at: 9 }),
    isDone: has(3),
  },
  {
    name: "a change",
    run: (s) => s.update(ID, { name: "after" }, { at: 9 }),
    isDone: (found) => found?.metadata.name === "after",
  },
  {
    name: "a replaced tail",
    run: async (s) => {
      const { version } = await s.head(ID);
      return s.append(ID, [entry(3), entry(4)], { at: 9, keep: 1, expectedVersion: version });
    },
    isDone: has(3),
  },
  { name: "a rewind", run: (s) => s.truncate(ID, 1, { at: 9 }), isDone: has(1) },
  {
    name: "a replacement",
    run: (s) => s.replace(session(ID, [entry(7), entry(8), entry(9)])),
    isDone: has(3),
  },
  { name: "a removal", run: (s) => s.delete(ID), isDone: (found) => found === undefined },
  {
    name: "a new session",
    run: (s) => s.create(session(NEW, [entry(1)])),
    isDone: has(1),
  },
];

async function read(store: SessionStore, id: string): Promise<StoredSession | undefined> {
  return store.get(id).catch((error) => {
    if (isSessionError(error, "not_found")) return undefined;
    throw error;
  });
}

async function readAnew(dir: string, id: string): Promise<StoredSession | undefined> {
  const store = await openFileStore({ dir, lockTimeoutMs: 100 });
  try {
    return await read(store, id);
  } finally {
    await store.close();
  }
}

/** One failure of one operation. Gives what has failed; nothing when it came through before. */
async function failOnce(
  operation: Operation,
  call: number,
  fault: Fault,
  lasting: boolean,
  disk: FaultyDisk,
) {
  const dir = makeFolder();
  const id = operation.name === "a new session" ? NEW : ID;
  const before = await openFileStore({ dir });
  await before.create(session(ID, operation.before ?? [entry(1), entry(2)]));
  await before.close();
  operation.prepare?.(dir);
  const store = await openFileStore({ dir, lockTimeoutMs: 200 });
  try {
    const old = await read(store, id);
    disk.failAt(call, fault, lasting);
    const error = await operation.run(store).then(
      () => null,
      (reason: unknown) => reason,
    );
    const failed = [...disk.failed];
    disk.work();
    if (failed.length === 0) return failed;
    const found = await read(store, id);
    expect(await readAnew(dir, id)).toEqual(found);
    const what = `call ${call}, ${failed}, then ${error}`;
    if (error === null) {
      expect(operation.isDone(found), what).toBe(true);
      // What could not be synced is not acknowledged.
      expect(failed.filter((name) => name.endsWith("sync"))).toEqual([]);
    } else {
      expect(error).toMatchObject({ code: "io", details: { path: expect.stringContaining(dir) } });
      const { entries, metadata, context } = found ?? {};
      // Whole or not at all; the time may be ahead.
      const unchanged = old === undefined ? found === undefined : metadata?.name === old.metadata.name;
      if (!operation.isDone(found)) {
        expect(unchanged, what).toBe(true);
        expect({ entries, context }).toEqual({ entries: old?.entries, context: old?.context });
      }
      const { syncs } = disk;
      await operation.run(store).catch((again) => {
        // A creation that could not be taken back: what is told then has to be as sure.
        if (!(operation.isDone(found) && isSessionError(again, "already_exists"))) throw again;
      });
      expect(disk.syncs).toBeGreaterThan(syncs);
    }
    const after = await read(store, id);
    expect(operation.isDone(after), what).toBe(true);
    expect(await readAnew(dir, id)).toEqual(after);
    if (after) JSON.parse(readFileSync(join(dir, `${id}.json`), "utf8"));
    // What could not be removed then goes at the next open.
    await store.close();
    await readAnew(dir, id);
    const others = readdirSync(dir).filter((name) => !/^(\.locks|.*\.json|.*\.torn-\d+)$/.test(name));
    expect(others).toEqual([]);
    return failed;
  } finally {
    await store.close();
    removeFolder(dir);
  }
}

test.each(operations)(
  "at full $name is not acknowledged without a sync",
  async ({ run, prepare, before, isDone, name }) => {
    const dir = makeFolder();
    const disk = new FaultyDisk();
    const store = await openFileStore({ dir });
    await store.create(session(ID, before ?? [entry(1), entry(2)]));
    prepare?.(dir);
    const syncs = disk.syncs;
    await run(store);
    expect(disk.syncs).toBeGreaterThan(syncs);
    expect(isDone(await read(store, name === "a new session" ? NEW : ID))).toBe(true);
    await store.close();
    removeFolder(dir);
  },
);

const faults: readonly [Fault, boolean][] = [
  ["EIO", false],
  ["ENOSPC", true],
  ["EACCES", false],
  ["short", false],
  ["torn", false],
  ["torn", true],
];

describe.each(faults)("%s (lasting: %s)", (fault, lasting) => {
  test.each(operations)("at every file call of $name", async (operation) => {
    const disk = new FaultyDisk();
    const failed: string[] = [];
    // A file that was changed just now takes a call or two more than one of old: not the first time ends it.
    for (let call = 1, through = 0; through < 3; call++) {
      const now = await failOnce(operation, call, fault, lasting, disk);
      if (now.length === 0) through++;
      else failed.push(now[0] as string);
    }
    if (fault !== "EIO") return;
    // The chain has been followed to its end.
    expect(failed).toContain(operation.name === "a removal" ? "unlinkSync" : "writeSync");
    if (process.platform !== "win32") expect(failed.some((name) => name.endsWith("sync"))).toBe(true);
  });
});
