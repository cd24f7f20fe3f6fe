import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type Session } from "@thulp-sessions/core";
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
