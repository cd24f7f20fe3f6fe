import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionId } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openSqliteStore, sqliteMaintenance } from "../src/index.ts";
import { bundleChild, startChild } from "./child-process.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

let writer: Awaited<ReturnType<typeof bundleChild>>;
beforeAll(async () => {
  writer = await bundleChild("writer");
}, 30_000);
afterAll(() => writer.remove());

/** A store that was closed, of `after` sessions, and a backup of the first one of them. */
async function withBackup(after = 3) {
  const folder = await tempFolder();
  const [file, backup] = [join(folder, "sessions.db"), join(folder, "backup.db")];
  const store = await openSqliteStore({ file, durability: "relaxed" });
  const { metadata } = await store.create(session({ name: "first" }, [entry("alpha")]));
  await store.backup(backup);
  for (let i = 1; i < after; i++) await store.create(session({}, [entry(i)]));
  await store.close();
  return { folder, file, backup, first: metadata.id };
}

/** What a killed program leaves beside the file. */
async function kill(file: string): Promise<void> {
  const child = startChild(writer.script, file, "relaxed", "0", "1", newUuid());
  await child.printed(20);
  child.process.kill("SIGKILL");
  await child.ended;
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
}

async function idsIn(file: string): Promise<SessionId[]> {
  const store = await openSqliteStore({ file });
  try {
    expect(await store.checkIntegrity()).toEqual([]);
    return (await store.list({ limit: 1000 })).items.map(({ id }) => id);
  } finally {
    await store.close();
  }
}

const namesOf = (folder: string, pattern: RegExp) =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort();

describe("a backup is restored", () => {
  test("over a store, whose state of before is kept", async () => {
    const { folder, file, backup, first } = await withBackup();
    chmodSync(file, 0o640);
    const report = await sqliteMaintenance({ file }).restore(backup);
    expect(report).toEqual({
      sessions: 1,
      bytes: statSync(file).size,
      kept: expect.stringMatching(/before-restore/),
    });
    expect(await idsIn(file)).toEqual([first]);
    expect(await idsIn(report.kept as string)).toHaveLength(3);
    expect(await idsIn(backup)).toEqual([first]);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(namesOf(folder, /tmp|-wal|-shm|journal/)).toEqual([]);
  });

  test("over a store that a crash has left, log and all", async () => {
    const { folder, file, backup, first } = await withBackup();
    await kill(file);
    const { kept } = await sqliteMaintenance({ file }).restore(backup);
    expect(await idsIn(file)).toEqual([first]);
    expect(await idsIn(kept as string)).toHaveLength(4);
    expect(namesOf(folder, /^sessions\.db-/)).toEqual([]);
  });

  test("after it was copied beside a log that is not its own", async () => {
    const { folder, file, backup, first } = await withBackup();
    await kill(file);
    copyFileSync(backup, file);
    await expect(openAt(file)).rejects.toMatchObject({ code: "corrupt" });
    const { kept } = await sqliteMaintenance({ file }).restore(backup);
    expect(await idsIn(file)).toEqual([first]);
    expect(namesOf(folder, /before-restore/)).toEqual(
      [kept, `${kept}-wal`].map((path) => path?.split("/").at(-1)),
    );
  });

  test("where there is nothing, and where only a log is left", async () => {
    const { folder, file, backup, first } = await withBackup();
    const fresh = join(folder, "new", "sessions.db");
    expect(await sqliteMaintenance({ file: fresh }).restore(backup)).toMatchObject({
      sessions: 1,
      kept: null,
    });
    expect(await idsIn(fresh)).toEqual([first]);
    await kill(file);
    renameSync(file, join(folder, "moved.db"));
    const { kept } = await sqliteMaintenance({ file }).restore(backup);
    expect(await idsIn(file)).toEqual([first]);
    // With its file the log is whole again.
    renameSync(join(folder, "moved.db"), kept as string);
    expect(await idsIn(kept as string)).toHaveLength(4);
  });

  test("over a file that is damaged", async () => {
    const { file, backup, first } = await withBackup();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 100, 8192));
    const { kept } = await sqliteMaintenance({ file }).restore(backup);
    expect(await idsIn(file)).toEqual([first]);
    expect(bytes.equals(readFileSync(kept as string))).toBe(true);
  });

  test("that has a log of its own", async () => {
    const { folder, file, backup, first } = await withBackup();
    await kill(backup);
    const before = readFileSync(`${backup}-wal`);
    expect(await sqliteMaintenance({ file }).restore(backup)).toMatchObject({ sessions: 2 });
    expect(await idsIn(file)).toContain(first);
    expect(before.equals(readFileSync(`${backup}-wal`))).toBe(true);
    expect(namesOf(folder, /tmp/)).toEqual([]);
  });
});

describe("nothing is changed", () => {
  async function expectRefused(
    { folder, file }: { folder: string; file: string },
    from: string,
    code: string,
    message: RegExp,
  ): Promise<void> {
    const before = [readdirSync(folder).sort(), existsSync(file) && readFileSync(file).toString("latin1")];
    await expect(sqliteMaintenance({ file }).restore(from)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect([readdirSync(folder).sort(), existsSync(file) && readFileSync(file).toString("latin1")]).toEqual(
      before,
    );
  }

  test("while a program has the store open, and while this one has", async () => {
    const given = await withBackup();
    const running = startChild(writer.script, given.file, "relaxed", "0", "1", newUuid());
    await running.printed(5);
    await expect(sqliteMaintenance({ file: given.file }).restore(given.backup)).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining("is open in a program"),
    });
    expect(namesOf(given.folder, /tmp|before/)).toEqual([]);
    running.process.kill("SIGKILL");
    await running.ended;
    const store = await openAt(given.file);
    await expectRefused(given, given.backup, "busy", /is open in a program/);
    expect(await store.count()).toBe(4);
  });

  test.runIf(process.platform !== "win32")(
    "while a program has it open that takes no part in our locks",
    async () => {
      const given = await withBackup();
      const other = new Sqlite(given.file);
      other.prepare("SELECT count(*) FROM sessions").get();
      await expectRefused(given, given.backup, "busy", /is open in a program/);
      other.close();
    },
  );

  test.runIf(process.platform === "linux")(
    "while a program has a store open that SQLite cannot read any more (Linux only, which says what is locked)",
    async () => {
      const given = await withBackup();
      const running = startChild(writer.script, given.file, "relaxed", "0", "1", newUuid());
      await running.printed(5);
      onTestFinished(() => void running.process.kill("SIGKILL"));
      running.process.kill("SIGSTOP");
      writeFileSync(given.file, readFileSync(given.file).fill(0xa5, 0, 4096));
      await expectRefused(given, given.backup, "busy", /is open in a program/);
      running.process.kill("SIGKILL");
      await running.ended;
      expect(await sqliteMaintenance({ file: given.file }).restore(given.backup)).toMatchObject({
        sessions: 1,
      });
    },
  );

  test("for a backup that is missing, empty, damaged, cut off, another's, or the store itself", async () => {
    const given = await withBackup();
    const { folder, file, backup } = given;
    const bad = join(folder, "bad.db");
    await expectRefused(given, bad, "invalid_input", /there is no file/);
    await expectRefused(given, file, "invalid_input", /the store itself/);
    writeFileSync(bad, "");
    await expectRefused(given, bad, "invalid_input", /is empty/);
    writeFileSync(bad, "Dear diary");
    await expectRefused(given, bad, "unsupported", /no SQLite database/);
    copyFileSync(backup, bad);
    truncateSync(bad, 8192);
    await expectRefused(given, bad, "corrupt", /bad\.db.*/);
    copyFileSync(backup, bad);
    const client = new Sqlite(bad);
    client.exec("UPDATE sessions SET entry_count = 7");
    client.close();
    await expectRefused(given, bad, "corrupt", /bad\.db is damaged: entryCount is 7/);
    copyFileSync(backup, bad);
    const hostile = new Sqlite(bad);
    hostile.exec("CREATE VIEW more AS SELECT 1");
    hostile.close();
    await expectRefused(given, bad, "unsupported", /view "more"/);
  });

  test("where something else is in the place of the store", async () => {
    const given = await withBackup();
    const file = join(given.folder, "notes.txt");
    writeFileSync(file, "Dear diary");
    await expectRefused({ ...given, file }, given.backup, "unsupported", /no SQLite database/);
  });
});

test("a program that opens the store while it is replaced writes into neither", async () => {
  const { folder, file, backup } = await withBackup();
  const { FileIdentity } = await import("../src/connection/file-identity.ts");
  const { inode } = await import("../src/connection/open-files.ts").then(({ registerOpen }) =>
    registerOpen(file),
  );
  renameSync(file, join(folder, "before.db"));
  copyFileSync(backup, file);
  expect(() => new FileIdentity(file, inode)).toThrow(/removed or replaced/);
});
