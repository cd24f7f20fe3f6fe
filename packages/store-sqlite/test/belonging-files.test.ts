import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionId } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { WalFile } from "../src/connection/wal-file.ts";
import { recoverSqliteFile, sqliteMaintenance } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

const bytesOf = (...files: string[]) => files.map((file) => readFileSync(file).toString("latin1"));
/** Longer than any clock of a file system needs for its next tick, NTFS's and ext4's. */
const nextTick = () => sleep(30);

describe.skipIf(process.platform === "win32")(
  "a path with symbolic links (no rights for them on Windows)",
  () => {
    test.each([
      ["to the file", (real: string, link: string) => symlinkSync(join(real, "s.db"), join(link, "s.db"))],
      ["to the file, relative", (_: string, link: string) => symlinkSync("../real/s.db", join(link, "s.db"))],
      [
        "to a link to the file",
        (_: string, link: string) => {
          symlinkSync("../real/s.db", join(link, "between.db"));
          symlinkSync("between.db", join(link, "s.db"));
        },
      ],
      [
        "to a file that is not there yet",
        (_: string, link: string) => symlinkSync("../real/s.db", join(link, "s.db")),
      ],
    ])("%s is as good as the file", async (name, make) => {
      const folder = await tempFolder();
      const [real, link] = [join(folder, "real"), join(folder, "link")];
      for (const each of [real, link]) mkdirSync(each);
      const isThere = !name.includes("not there");
      if (isThere) await (await openAt(join(real, "s.db"))).close();
      make(real, link);
      const store = await openAt(join(link, "s.db"));
      expect(store.location).toBe(`sqlite:${join(link, "s.db")}`);
      const { metadata } = await store.create(session());
      for (let i = 0; i < 5; i++) await store.append(metadata.id, [entry(i)], { at: 2000 + i });
      const direct = await openAt(join(real, "s.db"));
      expect((await direct.head(metadata.id)).entryCount).toBe(5);
      await direct.append(metadata.id, [entry("direct")], { at: 3000 });
      await store.append(metadata.id, [entry("linked")], { at: 3000 });
      expect(readdirSync(link).filter((each) => /-(wal|shm)$/.test(each))).toEqual([]);
    });

    test("a folder that is a link, and a circle of links", async () => {
      const folder = await tempFolder();
      mkdirSync(join(folder, "real"));
      symlinkSync("real", join(folder, "link"));
      const store = await openAt(join(folder, "link", "sub", "s.db"));
      for (let i = 0; i < 3; i++) await store.create(session());
      expect(existsSync(join(folder, "real", "sub", "s.db-wal"))).toBe(true);
      symlinkSync("b.db", join(folder, "a.db"));
      symlinkSync("a.db", join(folder, "b.db"));
      await expect(openAt(join(folder, "a.db"))).rejects.toMatchObject({ code: "io" });
    });
  },
);

/** What a killed program leaves: a file, and beside it the log with the newest sessions. */
async function crashed() {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const running = await openAt(join(folder, "running.db"));
  const ids: SessionId[] = [];
  const add = async () => {
    const entries = Array.from({ length: 20 }, (_, i) => entry(`entry ${i} ${"x".repeat(300)}`));
    ids.push((await running.create(session({}, entries))).metadata.id);
  };
  await add();
  checkpoint(join(folder, "running.db"));
  await nextTick();
  for (let i = 0; i < 3; i++) await add();
  const kill = () => {
    copyFileSync(join(folder, "running.db"), file);
    copyFileSync(join(folder, "running.db-wal"), `${file}-wal`);
  };
  kill();
  return {
    folder,
    file,
    wal: `${file}-wal`,
    running,
    runningFile: join(folder, "running.db"),
    ids,
    add,
    kill,
  };
}

function checkpoint(file: string, mode = "TRUNCATE"): void {
  const client = new Sqlite(file);
  client.pragma(`wal_checkpoint(${mode})`);
  client.close();
}

async function expectForeign(file: string): Promise<void> {
  const before = bytesOf(file, `${file}-wal`);
  const refused = {
    code: "corrupt",
    message: expect.stringContaining("does not belong"),
    details: { path: `${file}-wal` },
  };
  await expect(openAt(file)).rejects.toMatchObject(refused);
  expect(await sqliteMaintenance({ file }).check()).toMatchObject([{ kind: "damaged" }]);
  await expect(recoverSqliteFile({ from: file, to: `${file}.new` })).rejects.toMatchObject(refused);
  expect(bytesOf(file, `${file}-wal`)).toEqual(before);
}

test("a log beside a file that is missing is left alone, and nothing is made", async () => {
  const { folder, file, wal } = await crashed();
  mkdirSync(join(folder, "elsewhere"));
  renameSync(file, join(folder, "elsewhere", "sessions.db"));
  const before = bytesOf(wal);
  await expect(openAt(file)).rejects.toMatchObject({
    code: "corrupt",
    message: expect.stringContaining("is missing"),
    details: { path: file },
  });
  expect(existsSync(file)).toBe(false);
  expect(bytesOf(wal)).toEqual(before);
  renameSync(join(folder, "elsewhere", "sessions.db"), file);
  expect(await (await openAt(file)).count()).toBe(4);
});

describe("a log that is not of this file is not replayed:", () => {
  test("a backup was copied over the file", async () => {
    const { folder, file, running, add, kill } = await crashed();
    await running.backup(join(folder, "backup.db"));
    for (let i = 0; i < 3; i++) await add();
    kill();
    await nextTick();
    copyFileSync(join(folder, "backup.db"), file);
    await expectForeign(file);
  });

  test("a backup was moved into its place, with an old time", async () => {
    const { folder, file, running, kill } = await crashed();
    await running.backup(join(folder, "backup.db"));
    kill();
    utimesSync(join(folder, "backup.db"), 1000, 1000);
    await nextTick();
    renameSync(join(folder, "backup.db"), file);
    await expectForeign(file);
  });

  test("a copy of the file that was made before the log was begun was put back", async () => {
    const { folder, file, runningFile } = await crashed();
    copyFileSync(runningFile, join(folder, "copy.db"));
    await nextTick();
    copyFileSync(join(folder, "copy.db"), file);
    await expectForeign(file);
  });

  test("an older state of the same file, with the times of a newer one", async () => {
    const { folder, file, wal, runningFile, add, kill } = await crashed();
    checkpoint(runningFile);
    copyFileSync(runningFile, join(folder, "older.db"));
    for (let i = 0; i < 40; i++) await add();
    checkpoint(runningFile);
    for (let i = 0; i < 3; i++) await add();
    kill();
    await nextTick();
    copyFileSync(join(folder, "older.db"), file);
    utimesSync(file, 1000, 1000);
    await expectForeign(file);
    expect(existsSync(wal)).toBe(true);
  });

  test("the database of another store", async () => {
    const { folder, file } = await crashed();
    const other = await openAt(join(folder, "other.db"));
    for (let i = 0; i < 9; i++) await other.create(session());
    await other.close();
    await nextTick();
    copyFileSync(join(folder, "other.db"), file);
    await expectForeign(file);
  });
});

describe("a log of the file is replayed", () => {
  const expectWhole = async (file: string, count: number) => {
    const store = await openAt(file);
    expect(await store.count()).toBe(count);
    expect(await store.checkIntegrity()).toEqual([]);
  };

  test("after a crash, also when rights, owner or names were changed since", async () => {
    const { folder, file, wal } = await crashed();
    await nextTick();
    chmodSync(file, 0o640);
    const moved = join(folder, "moved.db");
    renameSync(wal, `${moved}-wal`);
    await nextTick();
    renameSync(file, moved);
    await expectWhole(moved, 4);
  });

  test("when a checkpoint had written all of it, and nothing had followed", async () => {
    const { file, runningFile, kill } = await crashed();
    await nextTick();
    checkpoint(runningFile, "PASSIVE");
    kill();
    await nextTick();
    // The file was written last.
    writeFileSync(file, readFileSync(file));
    await expectWhole(file, 4);
  });

  test("when a checkpoint was interrupted", async () => {
    const { file, wal } = await crashed();
    const log = WalFile.open(wal);
    if (!log) throw new Error("there is a log");
    await nextTick();
    const bytes = Buffer.concat([readFileSync(file), Buffer.alloc(log.pageCount * log.pageSize)]);
    const pages = [...log.offsets].sort(([a], [b]) => a - b);
    expect(pages.length).toBeGreaterThan(4);
    for (const [page, offsets] of pages.slice(0, pages.length / 2))
      log.page(offsets.at(-1) as number).copy(bytes, (page - 1) * log.pageSize);
    log.close();
    writeFileSync(file, bytes);
    await expectWhole(file, 4);
  });

  test("beside a program that writes and makes checkpoints", async () => {
    const { runningFile, add } = await crashed();
    for (let i = 0; i < 5; i++) {
      checkpoint(runningFile, i % 2 === 0 ? "PASSIVE" : "RESTART");
      const client = new Sqlite(runningFile, { readonly: true });
      client.close();
      await add();
    }
    expect(await sqliteMaintenance({ file: runningFile }).check()).toEqual([]);
  });
});
