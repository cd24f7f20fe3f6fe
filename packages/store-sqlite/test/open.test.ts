import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { knownMigrations } from "../src/connection/application-id.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** Every file of the folder with its bytes; `-shm` has no data and is written by readers. */
function bytesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder).filter((name) => !name.endsWith("-shm"));
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
  return Object.fromEntries(files.sort().map((name) => [name, hash(name)]));
}

async function expectRefused(file: string, folder: string, code: string, message: RegExp): Promise<void> {
  const before = bytesIn(folder);
  await expect(openSqliteStore({ file })).rejects.toMatchObject({
    name: "SessionError",
    code,
    message: expect.stringMatching(message),
    details: { path: file },
  });
  expect(bytesIn(folder)).toEqual(before);
}

describe("refuses, and leaves as it is,", () => {
  test("a file that is no database", async () => {
    const folder = await tempFolder();
    const file = join(folder, "notes.txt");
    writeFileSync(file, "Dear diary, ".repeat(100));
    await expectRefused(file, folder, "unsupported", /no SQLite database/);
    writeFileSync(file, "x");
    await expectRefused(file, folder, "unsupported", /no SQLite database/);
  });

  test("the database of another program, also with its data still in the WAL", async () => {
    const folder = await tempFolder();
    const other = new Sqlite(join(folder, "other.db"));
    other.pragma("journal_mode = WAL");
    other.exec("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    copyFileSync(join(folder, "other.db"), join(folder, "copy.db"));
    copyFileSync(join(folder, "other.db-wal"), join(folder, "copy.db-wal"));
    other.close();
    await expectRefused(join(folder, "copy.db"), folder, "unsupported", /another program/);
    await expectRefused(join(folder, "other.db"), folder, "unsupported", /another program/);
    expect(existsSync(join(folder, "copy.db-shm"))).toBe(false);
  });

  test("a file with another application id and nothing in it", async () => {
    const folder = await tempFolder();
    const other = new Sqlite(join(folder, "other.db"));
    other.pragma("application_id = 7");
    other.close();
    await expectRefused(join(folder, "other.db"), folder, "unsupported", /another program/);
  });

  test("the file of a newer version, also where only the WAL says so", async () => {
    const folder = await tempFolder();
    const file = join(folder, "sessions.db");
    await (await openAt(file)).close();
    const newer = new Sqlite(file);
    newer.pragma(`user_version = ${knownMigrations().length + 1}`);
    copyFileSync(file, join(folder, "copy.db"));
    copyFileSync(`${file}-wal`, join(folder, "copy.db-wal"));
    newer.close();
    await expectRefused(file, folder, "unsupported", /newer version/);
    await expectRefused(join(folder, "copy.db"), folder, "unsupported", /newer version/);
  });

  test("an empty file beside a WAL that is not empty", async () => {
    const folder = await tempFolder();
    const file = join(folder, "sessions.db");
    const store = await openAt(file);
    await store.create(session());
    copyFileSync(`${file}-wal`, join(folder, "lost.db-wal"));
    writeFileSync(join(folder, "lost.db"), "");
    await store.close();
    await expectRefused(join(folder, "lost.db"), folder, "corrupt", /empty/);
  });

  test("a file that ends within its header", async () => {
    const folder = await tempFolder();
    const file = join(folder, "sessions.db");
    await (await openAt(file)).close();
    truncateSync(file, 50);
    await expectRefused(file, folder, "corrupt", /header/);
  });
});

test("a folder, and a path through a file, are io errors that name it", async () => {
  const folder = await tempFolder();
  await expect(openSqliteStore({ file: folder })).rejects.toMatchObject({
    code: "io",
    details: { path: folder },
  });
  writeFileSync(join(folder, "file"), "");
  const file = join(folder, "file", "sessions.db");
  await expect(openSqliteStore({ file })).rejects.toMatchObject({ code: "io", details: { path: file } });
});

test("wrong options are refused before anything is created", async () => {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const wrong: [unknown, object][] = [
    [{ file: ":memory:" }, { code: "invalid_input", message: expect.stringContaining("memory:") }],
    [{ file: "" }, { code: "invalid_input" }],
    [{ file: `${file} ` }, { code: "invalid_input" }],
    [{ file: `${file}\0` }, { code: "invalid_input" }],
    [{ file: 7 }, { name: "TypeError" }],
    [{ file, durability: "fsync" }, { name: "TypeError" }],
    [{ file, busyTimeoutMs: -1 }, { name: "TypeError" }],
    [{ file, onWarning: "log" }, { name: "TypeError" }],
  ];
  for (const [options, error] of wrong) {
    await expect(openSqliteStore(options as SqliteStoreOptions)).rejects.toMatchObject(error);
  }
  expect(readdirSync(folder)).toEqual([]);
});

test("awkward names are names like any other", async () => {
  const folder = await tempFolder();
  for (const name of ["a b?c#d%20.db", "file:x.db", "ünï 漢.db", "-", "sessions"]) {
    const store = await openAt(join(folder, name));
    expect(store.location).toBe(`sqlite:${join(folder, name)}`);
    await store.create(session());
    await store.close();
    expect(readdirSync(folder), name).toContain(name);
  }
  expect(readdirSync(folder)).toHaveLength(5);
});

test.skipIf(process.platform === "win32")("files and new folders are the owner's only", async () => {
  const folder = await tempFolder();
  chmodSync(folder, 0o755);
  const file = join(folder, "a", "b", "sessions.db");
  const umask = process.umask(0);
  try {
    const store = await openAt(file);
    await store.create(session());
    const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(["", "-wal", "-shm"].map((suffix) => modeOf(file + suffix))).toEqual(["600", "600", "600"]);
    expect([join(folder, "a"), join(folder, "a", "b"), folder].map(modeOf)).toEqual(["700", "700", "755"]);
  } finally {
    process.umask(umask);
  }
});

test("the mode of an existing file stays", async () => {
  const file = join(await tempFolder(), "sessions.db");
  writeFileSync(file, "");
  chmodSync(file, 0o640);
  const store = await openAt(file);
  await store.create(session());
  expect(statSync(file).mode & 0o777).toBe(0o640);
});

test("a database that was copied without its WAL, or taken out of WAL mode, is opened", async () => {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const given = session({}, [entry("kept")]);
  await (await openAt(file)).create(given);
  const client = new Sqlite(file);
  client.prepare("VACUUM INTO ?").run(join(folder, "backup.db"));
  client.close();
  expect((await (await openAt(join(folder, "backup.db"))).get(given.metadata.id)).entries).toHaveLength(1);
});

test.each([
  ["removed", () => {}],
  ["replaced", (file: string) => writeFileSync(file, "another file")],
])("a file that was %s under the store takes no more writes", async (_, replace) => {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  renameSync(file, join(folder, "elsewhere.db"));
  replace(file);
  await expect(store.append(metadata.id, [entry("lost")], { at: 1 })).rejects.toMatchObject({
    code: "io",
    message: expect.stringContaining("removed or replaced"),
  });
});

test("a newer version that changes the tables under an open store stops its writes", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const newer = new Sqlite(file);
  newer.pragma(`user_version = ${knownMigrations().length + 1}`);
  newer.close();
  await expect(store.create(session())).rejects.toMatchObject({
    code: "unsupported",
    details: { path: file },
  });
});

test("a closed store releases the file and its WAL", async () => {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const store = await openAt(file);
  const given = session();
  // The call under way is waited for.
  const creating = store.create(given);
  await store.close();
  await creating;
  expect(readdirSync(folder)).toEqual(["sessions.db"]);
  mkdirSync(join(folder, "moved"));
  renameSync(file, join(folder, "moved", "sessions.db"));
  const moved = await openAt(join(folder, "moved", "sessions.db"));
  expect((await moved.head(given.metadata.id)).metadata).toEqual(given.metadata);
});
