import fs, { chmodSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  newUuid,
  type SessionEntry,
  SessionManager,
  type SessionMetadata,
  type StoreWarning,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

// Longer than most files: each regression tells its story from the beginning.

// Regressions: what other programs, other calls of the same moment and a failing disk once did to a store.

const ID = "aaaaaaaa-0000-4000-8000-000000000001";

async function openSession(durability: "full" | "relaxed" = "relaxed") {
  const dir = join(temporaryFolder(), "sessions");
  const store = await openFileStore({ dir, durability });
  onTestFinished(() => store.close());
  await new SessionManager(store).createSession("s", { type: "agent", agentName: "a" }, { id: ID });
  return { dir, store, path: join(dir, `${ID}.json`) };
}

function entry(text: string): SessionEntry {
  return { id: newUuid(), timestamp: 1, ...userMessage(text) } as SessionEntry;
}

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(["full", "relaxed"] as const)(
  "a head between two appends at %s does not count the second one twice",
  async (durability) => {
    const { store } = await openSession(durability);
    await store.append(ID, [entry("hi")], { at: 1 });
    const limits = { maxEntries: 1000, action: "end_session" } as const;
    const first = store.append(ID, [entry("first")], { at: 2 });
    // May not go out with the first: it is written right after it, in the same turn.
    const second = store.append(ID, [entry("second")], { at: 2, limits });
    await first;
    await store.head(ID);
    await second;
    const { entries } = await store.append(ID, [entry("third")], { at: 3 });
    expect(entries.map(({ seq }) => seq)).toEqual([3]);
    expect((await store.readEntries(ID)).items.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  },
);

describe("one lost byte in what was acknowledged is damage, not a torn tail", () => {
  const layouts: [string, (text: string) => string][] = [
    ["of our own layout", (text) => text],
    ["of compact entries", (text) => JSON.stringify(JSON.parse(text))],
    [
      "of entries with other keys first",
      (text) => {
        const session = JSON.parse(text);
        session.entries = session.entries.map(({ id, ...rest }: { id: string }) => ({ ...rest, id }));
        return JSON.stringify(session, null, 2);
      },
    ],
  ];
  test.each(layouts)("%s", async (_, layOut) => {
    const { dir, store, path } = await openSession();
    for (let i = 0; i < 10; i++) await store.append(ID, [entry(`entry number ${i}`)], { at: i });
    writeFileSync(path, layOut(readFileSync(path, "utf8")));
    await store.update(ID, { status: "paused" }, { at: 99 });
    await store.close();
    const bytes = readFileSync(path);
    for (const seq of [1, 5, 8]) {
      const damaged = Buffer.from(bytes);
      damaged[damaged.indexOf(`entry number ${seq}`)] = 0;
      writeFileSync(path, damaged);
      const again = await openFileStore({ dir, durability: "relaxed" });
      await expect(again.append(ID, [entry("next")], { at: 100 })).rejects.toMatchObject({ code: "corrupt" });
      expect(readFileSync(path)).toEqual(damaged);
      await again.close();
    }
  });
});

test("a file that somebody cuts short while it is served is damaged: entries that were there are missing", async () => {
  const { store, path } = await openSession();
  for (let i = 0; i < 10; i++) await store.append(ID, [entry(`entry number ${i}`)], { at: i });
  truncateSync(path, 900);
  const bytes = readFileSync(path);
  await expect(store.head(ID)).rejects.toMatchObject({
    code: "corrupt",
    message: expect.stringContaining("of 10 entries are missing"),
  });
  await expect(store.append(ID, [entry("next")], { at: 99 })).rejects.toMatchObject({ code: "corrupt" });
  expect(readFileSync(path)).toEqual(bytes);
});

test.each(["full", "relaxed"] as const)(
  "appends one after the other at %s let timers run, repeats too",
  async (durability) => {
    const { store } = await openSession(durability);
    const again = entry("again");
    for (const next of [() => entry("new"), () => again]) {
      let fired = false;
      setTimeout(() => {
        fired = true;
      }, 50);
      // Far more than it takes; without a turn for others it would never end.
      const deadline = performance.now() + 5_000;
      while (!fired && performance.now() < deadline) await store.append(ID, [next()], { at: 1 });
      expect(fired).toBe(true);
    }
  },
);

test("a session that is appended to while it is read, every time, is read all the same", async () => {
  const { dir, store, path } = await openSession();
  for (let i = 0; i < 5; i++) await store.append(ID, [entry(`entry number ${i}`)], { at: i });
  const other = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => other.close());
  await other.head(ID);
  const read = fs.readSync;
  let appended = 0;
  vi.spyOn(fs, "readSync").mockImplementation(((descriptor: number, ...rest: [Buffer]) => {
    const bytes = readFileSync(path, "utf8").slice(0, -"\n  ]\n}".length);
    const last = bytes.slice(bytes.lastIndexOf(",\n    {"));
    const text = `${last.replace(/"id": "[^"]*"/, `"id": "${newUuid()}"`)}\n  ]\n}`;
    const file = fs.openSync(path, "r+");
    fs.writeSync(file, text, bytes.length);
    fs.closeSync(file);
    appended++;
    return read(descriptor, ...rest);
  }) as never);
  const { entries } = await other.get(ID);
  expect(entries.length).toBeGreaterThanOrEqual(5);
  expect((await other.readEntries(ID, { last: 3 })).items).toHaveLength(3);
  expect((await other.head(ID)).entryCount).toBeGreaterThanOrEqual(entries.length);
  expect(appended).toBeGreaterThan(2);
  vi.restoreAllMocks();
  expect((await other.get(ID)).entries).toHaveLength(5 + appended);
});

test("a folder that is taken away is not made anew by a write", async () => {
  const { dir, store } = await openSession();
  renameSync(dir, `${dir}-away`);
  await expect(store.list()).rejects.toMatchObject({ code: "io" });
  const create = new SessionManager(store).createSession("t", { type: "agent", agentName: "a" });
  await expect(create).rejects.toMatchObject({ code: "io" });
  expect(fs.existsSync(dir)).toBe(false);
});

test("a file that is replaced while its folder is synced is the one that is read", async () => {
  const { store, path } = await openSession("full");
  const foreign = readFileSync(path, "utf8").replace('"name": "s"', '"name": "foreign"');
  const fsync = fs.fsync;
  let syncs = 0;
  vi.spyOn(fs, "fsync").mockImplementation(((descriptor: number, done: (error: Error | null) => void) => {
    // The new file first, then the folder.
    if (++syncs === 2) {
      writeFileSync(`${path}.other`, foreign);
      renameSync(`${path}.other`, path);
    }
    fsync(descriptor, done as never);
  }) as never);
  await store.update(ID, { status: "paused" }, { at: 1 });
  vi.restoreAllMocks();
  expect((await store.head(ID)).metadata.name).toBe("foreign");
});

describe("a sync that fails", () => {
  test("is told, leaves valid JSON without the entry, and no later call rests on it", async () => {
    const { store, path } = await openSession("full");
    await store.append(ID, [entry("first")], { at: 1 });
    vi.spyOn(fs, "fdatasync").mockImplementationOnce(((_: number, done: (error: Error) => void) =>
      done(Object.assign(new Error("EIO: i/o error"), { code: "EIO" }))) as never);
    const second = entry("second");
    const calls = [
      store.append(ID, [second], { at: 2 }),
      // Refused because of an entry that is not there in the end: that would be a lie.
      store.append(ID, [{ ...second, content: "other" }], { at: 2 }),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "io", details: { path } });
    expect(JSON.parse(readFileSync(path, "utf8")).entries).toHaveLength(1);
    const fsync = vi.spyOn(fs, "fsync");
    const repeated = await store.append(ID, [second], { at: 2 });
    expect(repeated.entries).toMatchObject([{ seq: 1, added: true }]);
    // By a new file: of the old one the system may believe that it is on the disk.
    expect(fsync).toHaveBeenCalled();
    expect((await store.get(ID)).entries).toHaveLength(2);
  });
});

test("at full nothing is acknowledged without a sync; a repeat of somebody else's write neither", async () => {
  const { dir, store, path } = await openSession("relaxed");
  const first = entry("first");
  await store.append(ID, [first], { at: 1 });
  const full = await openFileStore({ dir });
  onTestFinished(() => full.close());
  const fdatasync = vi.spyOn(fs, "fdatasync");
  const fsync = vi.spyOn(fs, "fsync");
  expect((await full.append(ID, [first], { at: 1 })).entries).toMatchObject([{ added: false }]);
  expect([fdatasync.mock.calls.length, fsync.mock.calls.length]).toEqual([
    1,
    process.platform === "win32" ? 0 : 1,
  ]);
  fdatasync.mockClear();
  await full.append(ID, [entry("second")], { at: 1 });
  expect(fdatasync).toHaveBeenCalledTimes(1);
  expect(JSON.parse(readFileSync(path, "utf8")).entries).toHaveLength(2);
});

test("one session that cannot be read takes no other out of list and search", async () => {
  const { dir, store } = await openSession();
  await store.append(ID, [entry("heliotrope")], { at: 1 });
  const other = "bbbbbbbb-0000-4000-8000-000000000001";
  const session = JSON.parse(readFileSync(join(dir, `${ID}.json`), "utf8"));
  session.entries[0].entry_type.type = "unknown";
  // With the entries first their damage comes before the metadata.
  const { metadata, entries, context } = session;
  writeFileSync(
    join(dir, `${other}.json`),
    JSON.stringify({ entries, metadata: { ...metadata, id: other }, context }),
  );
  const warnings: string[] = [];
  store.warnings.listen(({ sessionId }) => warnings.push(sessionId ?? ""));
  const { items } = await store.search({ text: "heliotrope" });
  expect(items.map(({ sessionId }) => sessionId)).toEqual([ID]);
  expect(warnings).toEqual([other]);
  const unreadable = "cccccccc-0000-4000-8000-000000000001";
  writeFileSync(join(dir, `${unreadable}.json`), "{}");
  vi.spyOn(fs, "openSync").mockImplementation(((path: string) => {
    throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: "EACCES" });
  }) as never);
  expect((await store.list()).items.map(({ id }) => id)).not.toContain(unreadable);
  expect(warnings).toContain(unreadable);
});

test("a folder whose names are known is read again when one comes, goes or changes", async () => {
  const { dir, store, path } = await openSession();
  // Some time later: until then nobody trusts what was read.
  const now = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(now + 60_000);
  const readdir = vi.spyOn(fs, "readdirSync");
  const ids = async () => (await store.list()).items.map(({ id }) => id as string).sort();
  expect([await ids(), await ids(), readdir.mock.calls.length]).toEqual([[ID], [ID], 1]);
  const other = "bbbbbbbb-0000-4000-8000-000000000001";
  writeFileSync(join(dir, `${other}.json`), readFileSync(path));
  expect([await ids(), await ids(), readdir.mock.calls.length]).toEqual([[ID, other], [ID, other], 2]);
  const third = "cccccccc-0000-4000-8000-000000000001";
  renameSync(join(dir, `${other}.json`), join(dir, `${third}.json`));
  expect(await ids()).toEqual([ID, third]);
  fs.rmSync(join(dir, `${third}.json`));
  expect(await ids()).toEqual([ID]);
  await store.delete(ID);
  expect(await ids()).toEqual([]);
});

test.skipIf(process.platform !== "linux")("a network drive is named", async () => {
  const dir = temporaryFolder();
  const real = fs.statfsSync(dir);
  const warnings: StoreWarning[] = [];
  const open = async () => (await openFileStore({ dir, onWarning: (each) => warnings.push(each) })).close();
  await open();
  expect(warnings).toEqual([]);
  vi.spyOn(fs, "statfsSync").mockReturnValue({ ...real, type: 0x6969 } as never);
  await open();
  expect(warnings).toMatchObject([
    { code: "unsupported", path: dir, message: expect.stringContaining("NFS") },
  ]);
});

test("a lock that cannot be let go does not end the process, and is let go later", async () => {
  const { dir, store } = await openSession();
  const unlink = fs.unlinkSync;
  const spy = vi.spyOn(fs, "unlinkSync").mockImplementation((path) => {
    if (String(path).endsWith(".lock")) throw Object.assign(new Error("EROFS"), { code: "EROFS" });
    unlink(path);
  });
  await store.append(ID, [entry("first")], { at: 1 });
  await vi.waitFor(() => expect(spy).toHaveBeenCalled());
  vi.restoreAllMocks();
  await store.append(ID, [entry("second")], { at: 1 });
  await store.close();
  expect(readdirSync(join(dir, ".locks"))).toEqual([".gitignore"]);
  chmodSync(dir, 0o700);
});

test("a file that got the number of the one before it is not taken for it, though it begins and ends alike", async ({
  skip,
}) => {
  const dir = join(temporaryFolder(), "sessions");
  const [store, other] = [await openFileStore({ dir }), await openFileStore({ dir })];
  onTestFinished(async () => {
    await store.close();
    await other.close();
  });
  const quiet = (path: string) =>
    vi.waitFor(() => expect(Date.now() - fs.statSync(path).ctimeMs).toBeGreaterThan(25));
  let cameBack = 0;
  for (let i = 0; i < 10; i++) {
    const id = newUuid();
    const path = join(dir, `${id}.json`);
    const metadata = {
      id,
      name: "s",
      sessionType: { type: "agent", agentName: "a" },
      createdAt: 1,
      updatedAt: 1,
      status: "active",
      tags: [],
      parentSession: null,
    } as unknown as SessionMetadata;
    const [first, second] = [entry("aaaa"), entry("bbbb")];
    await other.create({ metadata, context: {}, entries: [first, second] });
    const inode = fs.statSync(path).ino;
    await quiet(path);
    await store.head(id);
    for (let replaced = 0; replaced < 6; replaced++) {
      await other.replace({
        metadata,
        context: {},
        entries: [{ ...first, content: { text: "zzzz" } }, second],
      });
      if (replaced === 0 || fs.statSync(path).ino !== inode) continue;
      cameBack++;
      break;
    }
    await other.append(id, [entry("cccc")], { at: 2 });
    await quiet(path);
    expect((await store.head(id)).version).toBe((await other.head(id)).version);
  }
  if (cameBack === 0) skip("this file system gave no number out again");
});
