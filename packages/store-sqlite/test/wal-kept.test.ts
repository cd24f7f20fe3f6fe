import { readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newUuid, type Session } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openAt, tempFolder } from "./temp-store.ts";

// A process that loses its locks or its WAL writes where no other will look.

function session(): Session {
  const metadata = {
    id: newUuid(),
    name: "s",
    sessionType: { type: "agent", agentName: "a" },
    createdAt: 1,
    updatedAt: 1,
    status: "active",
    tags: [],
    parentSession: null,
  };
  return { metadata, entries: [], context: {} } as unknown as Session;
}

/** How many locks this process holds on the database's files, by Linux. */
function locksOn(file: string): number {
  const inodes = [file, `${file}-shm`].map((path) => statSync(path).ino);
  const lines = readFileSync("/proc/locks", "utf8").split("\n");
  return lines.filter((line) => inodes.some((inode) => line.includes(`:${inode} `))).length;
}

test.skipIf(process.platform !== "linux")(
  "another store in this process takes no locks away (read from /proc, Linux only)",
  async () => {
    const file = join(await tempFolder(), "sessions.db");
    const first = await openAt(file);
    await first.create(session());
    await first.count();
    const before = locksOn(file);
    expect(before).toBeGreaterThan(0);
    const second = await openAt(file);
    expect(locksOn(file)).toBeGreaterThanOrEqual(before);
    await second.close();
    expect(locksOn(file)).toBeGreaterThanOrEqual(before);
  },
);

test("without its WAL a database takes no writes: they would be lost", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  await store.create(session());
  rmSync(`${file}-wal`);
  await expect(store.create(session())).rejects.toMatchObject({
    code: "io",
    details: { path: `${file}-wal` },
  });
});

test.each(["-wal", "-shm"])("a removed %s is noticed however long nothing had changed", async (suffix) => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  for (let i = 0; i < 3; i++) {
    await store.create(session());
    // Longer than the ticks of any clock of a file system: from now on the folder's time counts.
    await sleep(60);
  }
  rmSync(file + suffix);
  for (let i = 0; i < 2; i++)
    await expect(store.create(session())).rejects.toMatchObject({
      code: "io",
      details: { path: file + suffix },
    });
});

test("a WAL that was emptied is noticed before the next write, and nothing is written behind its end", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  await store.create(session());
  truncateSync(`${file}-wal`);
  for (let i = 0; i < 2; i++) {
    await expect(store.create(session())).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("emptied"),
      details: { path: `${file}-wal` },
    });
  }
  expect(statSync(`${file}-wal`).size).toBe(0);
  await store.close();
  // What the file itself had is there.
  const again = await openAt(file);
  expect(await again.checkIntegrity()).toEqual([]);
  await again.create(session());
});

test("a database that was emptied takes no more writes", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  await store.create(session());
  truncateSync(file);
  await expect(store.create(session())).rejects.toMatchObject({
    code: "io",
    message: expect.stringContaining("emptied"),
    details: { path: file },
  });
});

test("a WAL that another process truncates after a checkpoint is in nobody's way", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  await store.create(session());
  const other = new Sqlite(file);
  for (let i = 1; i < 4; i++) {
    expect(other.pragma("wal_checkpoint(TRUNCATE)")).toMatchObject([{ busy: 0 }]);
    expect(statSync(`${file}-wal`).size).toBe(0);
    await store.create(session());
  }
  other.close();
  expect(await store.count()).toBe(4);
});
