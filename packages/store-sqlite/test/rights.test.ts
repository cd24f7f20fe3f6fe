// Longer than most files: each way in which a database may only be read.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { StoreWarning } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openSqliteStore, recoverSqliteFile, sqliteMaintenance } from "../src/index.ts";
import { bundleChild, CAN_BE_NOBODY, NOBODY } from "./child-process.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

const AS_ROOT = process.geteuid?.() === 0;
/** Where a file system can be mounted read-only, in a name space that ends with the process. */
const CAN_MOUNT = AS_ROOT && spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "x", "/mnt"]).status === 0;

let child: Awaited<ReturnType<typeof bundleChild>>;
beforeAll(async () => {
  child = await bundleChild("reader");
  // So that another user can run it.
  spawnSync("chmod", ["-R", "a+rX", join(child.script, "..", "..")]);
});
afterAll(() => child.remove());

const ONE = session({ name: "one" }, [entry("a needle")]);
const ID = ONE.metadata.id;

/**
 * A database with one session in a folder of its own that others may look into, with nobody that has it open.
 */
async function database(): Promise<{ folder: string; file: string }> {
  const folder = join(await tempFolder(), "store");
  mkdirSync(folder);
  const file = join(folder, "s.db");
  const store = await openSqliteStore({ file });
  await store.create(ONE);
  expect((await store.search({ text: "needle" })).items).toHaveLength(1);
  await store.close();
  return { folder, file };
}

/** As a power cut leaves it: a log with another session, and no index of it. */
async function withLeftLog(): Promise<{ folder: string; file: string }> {
  const { file } = await database();
  const store = await openAt(file);
  await store.create(session({ name: "two" }));
  const folder = join(await tempFolder(), "left");
  mkdirSync(folder);
  const left = join(folder, "s.db");
  for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, left + suffix);
  return { folder, file: left };
}

/** What stands in a folder, with everything that a write would change. */
function snapshot(folder: string): unknown[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { uid, gid, mode, ino, size, mtimeNs, ctimeNs } = lstatSync(join(folder, name), { bigint: true });
      return { name, uid, gid, mode, ino, size, mtimeNs, ctimeNs };
    });
}

function letOthersRead(folder: string): void {
  chmodSync(join(folder, ".."), 0o755);
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
}

interface Found {
  readonly capabilities: { readonly writable: boolean; readonly shared: boolean };
  readonly names: readonly string[];
  readonly entries: number;
  readonly hits: number;
  readonly damage: number;
  readonly append: string;
  readonly warnings: readonly string[];
}

/** What a process of that user finds. */
function readAs(uid: number | undefined, file: string, ...options: string[]): Found {
  const user = uid === undefined ? {} : { uid, gid: uid };
  const argv = [child.script, file, ID, ...options];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { ...user, encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Found;
}

async function openToRead(file: string) {
  const warnings: StoreWarning[] = [];
  const store = await openAt(file, { readOnly: true, onWarning: (warning) => warnings.push(warning) });
  return { store, warnings };
}

const COPIED = expect.stringContaining("read from a private copy");

test("opened to be only read, a database at rest is as it was, and others' writes are seen meanwhile", async () => {
  const { folder, file } = await database();
  const before = snapshot(folder);
  const { store, warnings } = await openToRead(file);
  expect(store.capabilities).toMatchObject({ writable: false, shared: true });
  expect((await store.get(ID)).entries).toHaveLength(1);
  await expect(store.vacuum()).rejects.toMatchObject({ code: "unsupported" });
  await store.close();
  expect(snapshot(folder)).toEqual(before);
  expect(warnings).toEqual([]);

  const again = await openToRead(file);
  const writer = await openSqliteStore({ file });
  const watching = await again.store.watch();
  await writer.create(session({ name: "two" }, [entry("another needle")]));
  expect((await watching.next()).value).toMatchObject({ type: "created" });
  expect((await again.store.list()).items).toHaveLength(2);
  // Not in the index yet.
  expect((await again.store.search({ text: "needle" })).items).toHaveLength(2);
  await writer.close();
  expect((await again.store.list()).items).toHaveLength(2);
  await again.store.close();
  // What the writer has left for the next one is not the reader's to write into the database.
  const next = await openSqliteStore({ file });
  expect((await next.list()).items).toHaveLength(2);
  await next.close();
  expect(readdirSync(folder)).toEqual(["s.db"]);
});

test("a log that was left is read with its database, from a copy, and both stay as they are", async () => {
  const { folder, file } = await withLeftLog();
  const before = snapshot(folder);
  // Other processes have copies of their own.
  const temporary = await tempFolder();
  vi.stubEnv("TMPDIR", temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { store, warnings } = await openToRead(file);
  expect(store.capabilities).toEqual({
    persistent: true,
    shared: false,
    exactNumbers: false,
    writable: false,
  });
  expect((await store.list()).items.map(({ name }) => name).sort()).toEqual(["one", "two"]);
  expect((await store.search({ text: "needle" })).items).toHaveLength(1);
  expect(warnings).toMatchObject([{ code: "unsupported", message: COPIED, path: file }]);
  const copy = join(folder, "..", "backup.db");
  await store.backup(copy);
  await store.close();
  expect(snapshot(folder)).toEqual(before);
  expect(readdirSync(temporary)).toEqual([]);
  expect((await (await openAt(copy)).list()).items).toHaveLength(2);
});

test("a log that is another's is refused where nothing may be written too", async () => {
  const { folder, file } = await withLeftLog();
  const other = await database();
  copyFileSync(other.file, file);
  const later = new Date(Date.now() + 5000);
  utimesSync(file, later, later);
  const before = snapshot(folder);
  await expect(openSqliteStore({ file, readOnly: true })).rejects.toMatchObject({
    code: "corrupt",
    message: expect.stringContaining(`${file}-wal does not belong to ${file}`),
  });
  expect(snapshot(folder)).toEqual(before);
});

test("tables of an earlier version, and lost ones for search, are read from a copy that has them", async () => {
  const folder = await tempFolder();
  const file = join(folder, "s.db");
  copyFileSync(join(import.meta.dirname, "fixtures", "schema-1.db"), file);
  const before = snapshot(folder);
  const old = await openToRead(file);
  expect((await old.store.list()).items.length).toBeGreaterThan(0);
  expect(old.warnings).toMatchObject([{ message: COPIED }]);
  await old.store.close();
  expect(snapshot(folder)).toEqual(before);

  const lost = await database();
  const client = new Sqlite(lost.file);
  client.exec("DROP TABLE search_progress");
  client.close();
  const { store } = await openToRead(lost.file);
  expect((await store.search({ text: "needle" })).items).toHaveLength(1);
  await store.close();
  const after = new Sqlite(lost.file, { readonly: true });
  expect(after.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'search_progress'").get()).toBeUndefined();
  after.close();
});

test("a damaged index for search is neither rebuilt nor used where nothing may be written", async () => {
  const { folder, file } = await database();
  const client = new Sqlite(file);
  client.unsafeMode();
  client.exec("DELETE FROM search_index_data WHERE id > 1");
  client.close();
  const before = snapshot(folder);
  const { store } = await openToRead(file);
  expect((await store.search({ text: "needle" })).items).toHaveLength(1);
  await store.close();
  expect(snapshot(folder)).toEqual(before);
});

test("opened to be only read, a database that is missing is not made, nor are folders", async () => {
  const folder = await tempFolder();
  const file = join(folder, "none", "s.db");
  await expect(openSqliteStore({ file, readOnly: true })).rejects.toMatchObject({
    code: "io",
    message: expect.stringContaining("There is no file"),
  });
  expect(readdirSync(folder)).toEqual([]);
});

test("maintenance that was told to only read checks, backs up and recovers, and changes nothing", async () => {
  const { folder, file } = await withLeftLog();
  const before = snapshot(folder);
  const maintenance = sqliteMaintenance({ file, readOnly: true });
  expect(await maintenance.check()).toEqual([]);
  const to = join(await tempFolder(), "b.db");
  expect(await maintenance.backup(to)).toMatchObject({ sessions: 2, findings: [] });
  expect(await maintenance.recover(`${to}.2`)).toMatchObject({ sessions: 2, entries: 1 });
  await expect(maintenance.vacuum()).rejects.toMatchObject({ code: "unsupported" });
  await expect(maintenance.restore(to)).rejects.toMatchObject({ code: "unsupported" });
  expect(snapshot(folder)).toEqual(before);
});

test.skipIf(AS_ROOT)(
  "a database that is write-protected is read, and says why it is not written to",
  async () => {
    const { folder, file } = await database();
    chmodSync(file, 0o400);
    chmodSync(folder, 0o500);
    const { append, ...found } = readAs(undefined, file);
    chmodSync(folder, 0o700);
    expect(found).toMatchObject({ names: ["one"], entries: 1, hits: 1, damage: 0, warnings: [COPIED] });
    expect(append).toMatch(/^unsupported: .*write-protected/);
  },
);

test.skipIf(!CAN_BE_NOBODY)(
  "(as root, where others reach this folder) another user reads a database that only its owner may write",
  async () => {
    const { folder, file } = await database();
    letOthersRead(folder);
    const before = snapshot(folder);
    const { append, ...found } = readAs(NOBODY, file);
    expect(found).toMatchObject({ names: ["one"], entries: 1, hits: 1, damage: 0, warnings: [COPIED] });
    expect(append).toMatch(
      /^unsupported: .*may only be read: .*s\.db belongs to user 0.*Nothing was changed/,
    );
    expect(snapshot(folder)).toEqual(before);
  },
);

test.skipIf(!CAN_BE_NOBODY)(
  "(as root, where others reach this folder) another user reads a database that its owner has open, where it is",
  async () => {
    const { folder, file } = await database();
    const store = await openAt(file);
    await store.create(session({ name: "two" }));
    letOthersRead(folder);
    const found = readAs(NOBODY, file);
    expect(found).toMatchObject({ names: ["one", "two"], hits: 1, damage: 0, warnings: [] });
    expect(found.capabilities).toMatchObject({ writable: false, shared: true });
    await store.create(session({ name: "three" }));
  },
);

test.skipIf(!CAN_BE_NOBODY)(
  "(as root, where others reach this folder) what another user may only read is recovered into his own folder",
  async () => {
    const { folder, file } = await withLeftLog();
    letOthersRead(folder);
    // Its process is another user's; here it is enough that nothing may be written.
    const before = snapshot(folder);
    const to = join(await tempFolder(), "r.db");
    expect(await recoverSqliteFile({ from: file, to, readOnly: true })).toMatchObject({ sessions: 2 });
    expect(snapshot(folder)).toEqual(before);
  },
);

test.skipIf(!CAN_BE_NOBODY)(
  "(as root, where others reach this folder) another user reads what a killed process of its owner has left, index included",
  async () => {
    const { folder, file } = await database();
    const { file: left } = await withLeftLog();
    for (const suffix of ["", "-wal"]) copyFileSync(left + suffix, file + suffix);
    // Of no use, as of a process that was killed while it made it.
    writeFileSync(`${file}-shm`, Buffer.alloc(32_768));
    letOthersRead(folder);
    const before = snapshot(folder);
    const found = readAs(NOBODY, file);
    expect(found).toMatchObject({ names: ["one", "two"], hits: 1, damage: 0 });
    expect(found.capabilities.writable).toBe(false);
    expect(snapshot(folder)).toEqual(before);
  },
);

test.skipIf(!CAN_MOUNT)(
  "(where a mount is allowed) a read-only mount is read by the superuser too",
  async () => {
    for (const { folder, file } of [await database(), await withLeftLog()]) {
      const mount = `mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder}`;
      const script = `${mount} && exec ${process.execPath} ${child.script} ${file} ${ID}`;
      const { stdout, stderr } = spawnSync("unshare", ["-m", "sh", "-c", script], { encoding: "utf8" });
      expect(stderr).toBe("");
      const { append, ...found } = JSON.parse(stdout) as Found;
      expect(found).toMatchObject({ entries: 1, hits: 1, damage: 0, warnings: [COPIED] });
      expect(append).toMatch(/^unsupported: .*mounted read-only/);
    }
  },
);

test.skipIf(!CAN_BE_NOBODY)(
  "(as root, where others reach this folder) what the superuser makes belongs to the owner of the folder",
  async () => {
    const home = await tempFolder();
    chownSync(home, NOBODY, NOBODY);
    const file = join(home, ".thulp", "s.db");
    const store = await openSqliteStore({ file });
    await store.create(ONE);
    await store.backup(join(home, "backup.db"));
    const owners = () =>
      Object.fromEntries(
        (readdirSync(home, { recursive: true }) as string[]).map((name) => [
          name,
          statSync(join(home, name)).uid,
        ]),
      );
    expect(owners()).toEqual({
      ".thulp": NOBODY,
      ".thulp/s.db": NOBODY,
      ".thulp/s.db-shm": NOBODY,
      ".thulp/s.db-wal": NOBODY,
      "backup.db": NOBODY,
    });
    await store.close();
    const { append, capabilities } = readAs(NOBODY, file);
    expect([append, capabilities.writable]).toEqual(["done", true]);
    await sqliteMaintenance({ file: join(home, "restored", "s.db") }).restore(join(home, "backup.db"));
    const old = join(home, "old.db");
    writeFileSync(old, readFileSync(join(import.meta.dirname, "fixtures", "schema-1.db")));
    await (await openSqliteStore({ file: old })).close();
    chownSync(old, NOBODY, NOBODY);
    expect(new Set(Object.values(owners()))).toEqual(new Set([NOBODY]));
    expect(readdirSync(home).some((name) => name.startsWith("old.db.schema-1-"))).toBe(true);
    expect(existsSync(join(home, "restored", "s.db"))).toBe(true);
  },
);
