import { chmod, copyFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSessionError, type SessionId } from "@thulp-sessions/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSqliteStore, type SqliteStore } from "../src/index.ts";
import { bundleChild, CAN_BE_NOBODY, NOBODY, startChildAs } from "./child-process.ts";
import { randomNumbers } from "./random-call.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

async function filled(): Promise<{ folder: string; file: string; ids: SessionId[] }> {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const store = await openSqliteStore({ file, durability: "relaxed" });
  const ids: SessionId[] = [];
  for (let i = 0; i < 20; i++) {
    const given = session(
      { tags: ["t"] },
      Array.from({ length: 20 }, () => entry("x".repeat(400))),
    );
    await store.create(given);
    ids.push(given.metadata.id);
  }
  await store.search({ text: "x" });
  await store.close();
  return { folder, file, ids };
}

/** Every call has to succeed or to fail with a SessionError. @returns how many failed. */
async function readAll(store: SqliteStore, ids: readonly SessionId[]): Promise<number> {
  const results = await Promise.allSettled([
    store.list(),
    store.list({ filter: { tag: "t" }, orderBy: "createdAt" }),
    store.count(),
    store.search({ text: "x" }),
    store.checkIntegrity(),
    ...ids.flatMap((id) => [store.get(id), store.head(id), store.readEntries(id)]),
  ]);
  const refused = results.filter((result) => result.status === "rejected").map(({ reason }) => reason);
  for (const reason of refused) {
    if (!isSessionError(reason)) throw reason;
    expect(["corrupt", "not_found", "io"]).toContain(reason.code);
  }
  return refused.length;
}

/** Opens and reads a spoilt file. Whatever comes of it, the file stays what it is. */
async function look(file: string, ids: readonly SessionId[]): Promise<number> {
  const before = await readFile(file);
  let refused: number;
  try {
    const store = await openSqliteStore({ file });
    refused = await readAll(store, ids);
    await store.close();
  } catch (error) {
    if (!isSessionError(error)) throw error;
    expect(["corrupt", "unsupported"]).toContain(error.code);
    expect(error.message).toContain(file);
    refused = 1;
  }
  expect(before.equals(await readFile(file))).toBe(true);
  return refused;
}

describe("a damaged file is reported, and stays what it is", () => {
  test("cut off anywhere", { timeout: 60_000 }, async () => {
    const { file, ids } = await filled();
    const whole = await readFile(file);
    const random = randomNumbers(1);
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      await writeFile(file, whole.subarray(0, 1 + random(whole.length - 1)));
      refused += await look(file, ids);
    }
    expect(refused).toBeGreaterThanOrEqual(40);
  });

  test("overwritten in places", { timeout: 60_000 }, async () => {
    const { file, ids } = await filled();
    const whole = await readFile(file);
    const random = randomNumbers(2);
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      const spoilt = Buffer.from(whole);
      for (let j = 0; j < 1 + random(8); j++) {
        const from = random(whole.length);
        for (let k = from; k < Math.min(whole.length, from + 1 + random(3000)); k++) spoilt[k] = random(256);
      }
      await writeFile(file, spoilt);
      refused += await look(file, ids);
    }
    expect(refused).toBeGreaterThan(40);
  });
});

test("a file that was copied without its WAL has what was checkpointed by then, and is intact", async () => {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const store = await openAt(file);
  const given = session({}, [entry("in the log")]);
  await store.create(given);
  expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
  const copy = join(folder, "copy.db");
  await copyFile(file, copy);
  const copied = await openAt(copy);
  expect(await copied.count()).toBe(0);
  expect(await copied.checkIntegrity()).toEqual([]);
  await copied.create(given);
  // With its WAL it has everything.
  const both = join(folder, "both.db");
  await copyFile(file, both);
  await copyFile(`${file}-wal`, `${both}-wal`);
  expect((await (await openAt(both)).get(given.metadata.id)).entries).toHaveLength(1);
});

describe.skipIf(!CAN_BE_NOBODY)(
  "what the process of another user may do (needs root on Linux, and a folder that others may read)",
  () => {
    let opener: Awaited<ReturnType<typeof bundleChild>>;
    beforeAll(async () => {
      opener = await bundleChild("opener");
      await chmod(join(opener.script, "..", ".."), 0o755);
    }, 30_000);
    afterAll(() => opener.remove());

    async function openAsNobody(file: string, id: string): Promise<string[]> {
      const child = startChildAs(NOBODY, opener.script, file, id);
      expect(await child.ended).toBe(0);
      return child.lines;
    }

    test("a file that may only be read is read; a write is refused with what to do", async () => {
      const { folder, file, ids } = await filled();
      await chmod(folder, 0o777);
      await chmod(file, 0o444);
      const before = await readFile(file);
      const outcomes = await openAsNobody(file, ids[0] as string);
      expect(outcomes).toEqual([
        "open: done",
        "read: done",
        expect.stringMatching(/^append: unsupported .*sessions\.db belongs to user 0.*sudo chown/),
        "close: done",
      ]);
      expect(before.equals(await readFile(file))).toBe(true);
    });

    test("a file in a folder in which no WAL can be created is read; a write is refused with what to do", async () => {
      const { folder, file, ids } = await filled();
      await chmod(folder, 0o555);
      await chmod(file, 0o666);
      const before = await readFile(file);
      const outcomes = await openAsNobody(file, ids[0] as string);
      expect(outcomes).toEqual([
        "open: done",
        "read: done",
        expect.stringMatching(/^append: unsupported .*may only be read.*belongs to user 0.*sudo chown/),
        "close: done",
      ]);
      expect(before.equals(await readFile(file))).toBe(true);
    });

    test("a file of another user that may be read and written is a file like any other", async () => {
      const { folder, file, ids } = await filled();
      await chmod(folder, 0o777);
      await chmod(file, 0o666);
      expect(await openAsNobody(file, ids[0] as string)).toEqual([
        "open: done",
        "read: done",
        "append: done",
        "close: done",
      ]);
    });
  },
);
