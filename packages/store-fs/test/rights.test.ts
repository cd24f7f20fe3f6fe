import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, existsSync, lstatSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EntryId, Session, SessionEntry, SessionId } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { openFileStore } from "../src/index.ts";
import { saveMetadataCache } from "../src/list/metadata-cache.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const USER = 65_534;
const AS_ROOT = process.geteuid?.() === 0;
/** Only root can start a process as another user, who has to reach this code. */
const CAN_BE_OTHERS =
  AS_ROOT &&
  spawnSync(process.execPath, ["-e", `fs.readdirSync(${JSON.stringify(import.meta.dirname)})`], {
    uid: USER,
    gid: USER,
  }).status === 0;
const READER = join(import.meta.dirname, "reader-process.mjs");

/** Where a file system can be mounted read-only, in a name space that ends with the process. */
const CAN_MOUNT = AS_ROOT && spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "x", "/mnt"]).status === 0;

function session(name: string): Session {
  return {
    metadata: {
      id: randomUUID() as SessionId,
      name,
      sessionType: { type: "conversation", purpose: "" },
      createdAt: 1,
      updatedAt: 1,
      status: "active",
      tags: [],
      parentSession: null,
    },
    entries: [],
    context: {},
  };
}

const needle = (): SessionEntry => ({
  id: randomUUID() as string as EntryId,
  timestamp: 1,
  entryType: { type: "user_message" },
  content: "a needle",
});

/** A folder with two sessions, one with an entry. */
async function folderWithSessions(): Promise<{ dir: string; id: string }> {
  const dir = join(temporaryFolder(), "sessions");
  const store = await openFileStore({ dir });
  const [one, two] = [session("one"), session("two")];
  await store.create(one);
  await store.create(two);
  await store.append(one.metadata.id, [needle()], { at: 2 });
  await store.close();
  return { dir, id: one.metadata.id };
}

/** What stands in a folder, with everything that a write would change. */
function snapshot(folder: string): unknown[] {
  return ["", ...(readdirSync(folder, { recursive: true }) as string[])].sort().map((name) => {
    const { uid, gid, mode, ino, size, mtimeNs, ctimeNs } = lstatSync(join(folder, name), { bigint: true });
    return { name, uid, gid, mode, ino, size, mtimeNs, ctimeNs };
  });
}

function owners(folder: string): Record<string, number> {
  const names = ["", ...(readdirSync(folder, { recursive: true }) as string[])];
  return Object.fromEntries(names.map((name) => [name, lstatSync(join(folder, name)).uid]));
}

function giveTo(uid: number, folder: string): void {
  for (const name of Object.keys(owners(folder))) chownSync(join(folder, name), uid, uid);
}

interface Found {
  readonly writable: boolean;
  readonly names: readonly string[];
  readonly entryCounts: readonly number[];
  readonly hits: number;
  readonly append: string | null;
  readonly warnings: readonly string[];
}

/** What a process of that user finds. */
function readAs(uid: number | undefined, ...argv: readonly string[]): Found {
  const options = uid === undefined ? {} : { uid, gid: uid };
  const { stdout, stderr } = spawnSync(process.execPath, [READER, ...argv], { ...options, encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Found;
}

const ALL_READ = { writable: false, names: ["one", "two"], hits: 1, warnings: [] };

test("opened to be only read, nothing in the folder changes, not even what dead processes have left", async () => {
  const { dir, id } = await folderWithSessions();
  const dead = { host: "h", boot: null, pid: 1, started: null, token: "00000000000000aa" };
  writeFileSync(join(dir, ".locks", `${id}.lock`), JSON.stringify(dead));
  writeFileSync(join(dir, `${id}.json.tmp-1-abc`), "left");
  const before = snapshot(dir);
  const store = await openFileStore({ dir, readOnly: true });
  expect(store.capabilities.writable).toBe(false);
  expect((await store.list()).items).toHaveLength(2);
  expect((await store.get(id)).entries).toHaveLength(1);
  const watching = await store.watch();
  await watching.return?.();
  await expect(store.delete(id)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("opened with readOnly"),
  });
  await store.close();
  expect(snapshot(dir)).toEqual(before);
});

test("opened to be only read, a folder that is missing is not made", async () => {
  const dir = join(temporaryFolder(), "none");
  await expect(openFileStore({ dir, readOnly: true })).rejects.toMatchObject({
    code: "io",
    details: { path: dir },
  });
  expect(existsSync(dir)).toBe(false);
});

test("a session is not copied as bytes into a folder that may only be read", async () => {
  const [from, to] = [await folderWithSessions(), await folderWithSessions()];
  const source = await openFileStore({ dir: from.dir });
  const target = await openFileStore({ dir: to.dir, readOnly: true });
  await expect(source.copyRaw(from.id as SessionId, target)).rejects.toMatchObject({ code: "unsupported" });
  await source.close();
  await target.close();
});

test.skipIf(AS_ROOT)(
  "a folder that is write-protected is read, and says why it is not written to",
  async () => {
    const { dir, id } = await folderWithSessions();
    chmodSync(dir, 0o500);
    const { append, ...found } = readAs(undefined, dir, id);
    chmodSync(dir, 0o700);
    expect(found).toMatchObject(ALL_READ);
    expect(append).toMatch(/^unsupported: .*write-protected/);
  },
);

test.skipIf(!CAN_BE_OTHERS)(
  "(as root, where others reach this folder) another user reads a folder in which only its owner may write",
  async () => {
    const { dir, id } = await folderWithSessions();
    chmodSync(join(dir, ".."), 0o755);
    chmodSync(dir, 0o755);
    for (const name of readdirSync(dir)) if (name.endsWith(".json")) chmodSync(join(dir, name), 0o644);
    const before = snapshot(dir);
    const { append, ...found } = readAs(USER, dir, id);
    expect(found).toMatchObject(ALL_READ);
    expect([...found.entryCounts].sort()).toEqual([0, 1]);
    expect(append).toMatch(
      /^unsupported: .*may only be read: the folder belongs to user 0.*Nothing was changed/,
    );
    expect(snapshot(dir)).toEqual(before);
  },
);

test.skipIf(!CAN_BE_OTHERS)(
  "(as root, where others reach this folder) a file that another user may not read costs its own session only, and a lock folder that he may not open no reader",
  async () => {
    const { dir } = await folderWithSessions();
    chmodSync(join(dir, ".."), 0o755);
    giveTo(USER, dir);
    const [first = ""] = readdirSync(dir).filter((name) => name.endsWith(".json"));
    chownSync(join(dir, first), 0, 0);
    chownSync(join(dir, ".locks"), 0, 0);
    const found = readAs(USER, dir);
    expect(found.writable).toBe(false);
    expect(found.names).toHaveLength(1);
    expect(found.warnings).toEqual([
      expect.stringMatching(new RegExp(`${first}.*belongs to user 0, and this is user ${USER}`)),
    ]);
    const id = readdirSync(dir).find((name) => name.endsWith(".json") && name !== first) as string;
    expect(readAs(USER, dir, id.slice(0, 36)).append).toMatch(
      /^unsupported: .*its folder \.locks belongs to user 0.*sudo chown/,
    );
  },
);

test.skipIf(!CAN_MOUNT)(
  "(where a mount is allowed) a read-only mount is read by the superuser too",
  async () => {
    const { dir, id } = await folderWithSessions();
    const script = `mount --bind ${dir} ${dir} && mount -o remount,ro,bind ${dir} && exec ${process.execPath} ${READER} ${dir} ${id}`;
    const { stdout, stderr } = spawnSync("unshare", ["-m", "sh", "-c", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    const { append, ...found } = JSON.parse(stdout) as Found;
    expect(found).toMatchObject(ALL_READ);
    expect(append).toMatch(/^unsupported: .*mounted read-only/);
  },
);

test.skipIf(!CAN_BE_OTHERS)(
  "(as root, where others reach this folder) what the superuser writes belongs to whom the folder belongs",
  async () => {
    const { dir, id } = await folderWithSessions();
    chmodSync(join(dir, ".."), 0o755);
    giveTo(USER, dir);
    // Everything that a write may make: the lock folder too.
    spawnSync("rm", ["-rf", join(dir, ".locks")]);
    const path = join(dir, `${id}.json`);
    chmodSync(path, 0o640);
    chownSync(path, USER, 12_345);
    const store = await openFileStore({ dir });
    await store.update(id, { status: "completed" }, { at: 5 });
    await store.append(id, [needle()], { at: 6 });
    const made = session("made");
    await store.create(made);
    await store.replace({ ...made, context: { a: 1 } });
    await saveMetadataCache(dir, []);
    // While the store is open: its lock file is there, and its socket, which nobody needs to remove.
    const { [`.locks/${socketIn(dir)}`]: _, ...all } = owners(dir);
    expect(Object.entries(all).filter(([, uid]) => uid !== USER)).toEqual([]);
    expect(Object.keys(all)).toEqual(expect.arrayContaining([".locks", ".locks/.gitignore", ".cache"]));
    expect(statSync(path)).toMatchObject({ uid: USER, gid: 12_345 });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    await store.close();
    const found = readAs(USER, dir, id);
    expect(found).toMatchObject({
      writable: true,
      names: ["made", "one", "two"],
      append: "done",
      warnings: [],
    });
  },
);

function socketIn(dir: string): string {
  return readdirSync(join(dir, ".locks")).find((name) => name.endsWith(".alive")) ?? "none";
}

test.skipIf(!AS_ROOT)(
  "(as root) folders that the superuser makes belong to the owner of the one above",
  async () => {
    const home = temporaryFolder();
    chownSync(home, USER, USER);
    const store = await openFileStore({ workspace: home });
    await store.create(session("one"));
    await store.close();
    expect(new Set(Object.values(owners(home)))).toEqual(new Set([USER]));
  },
);
