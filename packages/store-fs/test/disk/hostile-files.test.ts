import { spawnSync } from "node:child_process";
import fs, { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import {
  isSessionError,
  newUuid,
  type SessionEntry,
  SessionManager,
  type StoreWarning,
  userMessage,
} from "@thulp-sessions/core";
import { inspectStore, openFileStore, repairFile } from "@thulp-sessions/store-fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder, useFoldersInMemory } from "../temporary-folder.ts";

// A file that is no session, or a monstrous one, costs its own session only: nothing blocks, nothing else
// fails, and what is said of it is a SessionError that names it.

useFoldersInMemory();

const BAD = "aaaaaaaa-0000-4000-8000-000000000001";

const agent = { type: "agent", agentName: "a" } as const;
const entry = (text: string) => ({ id: newUuid(), timestamp: 1, ...userMessage(text) }) as SessionEntry;

afterEach(() => {
  vi.restoreAllMocks();
});

async function openFolder() {
  const dir = temporaryFolder();
  const warnings: StoreWarning[] = [];
  const onWarning = (warning: StoreWarning) => void warnings.push(warning);
  const store = await openFileStore({ dir, durability: "relaxed", lockTimeoutMs: 500, onWarning });
  onTestFinished(() => store.close());
  const manager = new SessionManager(store);
  const { metadata } = await manager.createSession("good", agent);
  await store.append(metadata.id, [entry("a good word")], { at: 1 });
  return { dir, store, manager, warnings, good: metadata.id as string, bad: join(dir, `${BAD}.json`) };
}

const isWindows = process.platform === "win32";
const canMakeDevices = !isWindows && process.getuid?.() === 0;

const monsters: readonly [what: string, make: (path: string) => unknown, possible: boolean][] = [
  ["a pipe", (path) => spawnSync("mkfifo", [path]), !isWindows],
  ["a socket", (path) => net.createServer().listen(path).unref(), !isWindows],
  ["a device", (path) => spawnSync("mknod", [path, "c", "1", "5"]), canMakeDevices],
  ["a folder", (path) => mkdirSync(path), true],
  ["a link to itself", (path) => symlinkSync(path, path), !isWindows],
  [
    "a link to a pipe",
    (path) => {
      spawnSync("mkfifo", [`${path}.pipe`]);
      symlinkSync(`${path}.pipe`, path);
    },
    !isWindows,
  ],
];

describe.each(monsters.filter(([, , possible]) => possible))("%s named like a session", (_, make) => {
  test("is unsupported, and all else works", { timeout: 20_000 }, async () => {
    const { dir, store, warnings, good, bad } = await openFolder();
    await make(bad);
    await vi.waitFor(() => expect(fs.lstatSync(bad)).toBeDefined());
    for (const call of [
      () => store.get(BAD),
      () => store.head(BAD),
      () => store.readEntries(BAD),
      () => store.append(BAD, [entry("x")], { at: 1 }),
      () => store.update(BAD, { name: "x" }, { at: 1 }),
      () => store.truncate(BAD, 0, { at: 1 }),
      () => store.delete(BAD),
    ])
      await expect(call()).rejects.toMatchObject({ code: "unsupported", details: { path: bad } });
    expect((await store.list()).items.map(({ id }) => id)).toEqual([good]);
    expect(await store.count()).toBe(1);
    expect((await store.search({ text: "good" })).items).toHaveLength(2);
    await store.append(good, [entry("y")], { at: 2 });
    expect(warnings.filter(({ path }) => path === bad)).toHaveLength(1);
    const found = (await inspectStore(dir)).filter(({ path }) => path === bad);
    expect(found).toMatchObject([{ kind: "unsupported", sessionId: BAD }]);
    await expect(repairFile(dir, BAD)).rejects.toMatchObject({ code: "unsupported" });
    expect(fs.lstatSync(bad).isFile()).toBe(false);
  });
});

test.skipIf(isWindows)(
  "pipes among the locks and in the cache block nothing",
  { timeout: 20_000 },
  async () => {
    const { dir, store, good } = await openFolder();
    await store.close();
    spawnSync("mkfifo", [join(dir, ".locks", `${good}.lock`)]);
    spawnSync("mkfifo", [join(dir, ".locks", "owner-0123456789abcdef")]);
    mkdirSync(join(dir, ".cache"), { recursive: true });
    spawnSync("mkfifo", [join(dir, ".cache", "heads-2")]);
    const again = await openFileStore({ dir, durability: "relaxed", lockTimeoutMs: 100 });
    onTestFinished(() => again.close());
    expect((await again.list()).items).toHaveLength(1);
    await expect(again.append(good, [entry("x")], { at: 1 })).rejects.toMatchObject({ code: "busy" });
    await new SessionManager(again).createSession("new", agent);
  },
);

/** A file with a hole, so that it takes no room. */
function grow(path: string, size: number): void {
  fs.truncateSync(path, size);
}

describe("a monstrous file", () => {
  test("of five gigabytes of nothing is damaged, and all else works", { timeout: 60_000 }, async () => {
    const { dir, store, warnings, good, bad } = await openFolder();
    writeFileSync(bad, "");
    grow(bad, 5 * 1024 ** 3);
    for (const call of [() => store.get(BAD), () => store.append(BAD, [entry("x")], { at: 1 })])
      await expect(call()).rejects.toMatchObject({ code: "corrupt", details: { path: bad } });
    expect((await store.list()).items.map(({ id }) => id)).toEqual([good]);
    expect((await store.search({ text: "good" })).items).toHaveLength(2);
    expect(warnings.filter(({ path }) => path === bad)).toHaveLength(1);
    expect(await inspectStore(dir)).toMatchObject([{ kind: "damaged", sessionId: BAD }]);
    await expect(repairFile(dir, BAD)).rejects.toMatchObject({ code: "unsupported", details: { path: bad } });
    expect(fs.statSync(bad).size).toBe(5 * 1024 ** 3);
  });

  test("with a gigabyte of zeros behind it is torn: read, kept aside, and written to", {
    timeout: 120_000,
  }, async () => {
    const { dir, store, good } = await openFolder();
    const path = join(dir, `${good}.json`);
    const { size } = fs.statSync(path);
    grow(path, 1024 ** 3);
    const before = process.memoryUsage().rss;
    expect((await store.get(good)).entries).toHaveLength(1);
    expect((await store.list()).items).toHaveLength(1);
    expect(await inspectStore(dir)).toMatchObject([{ kind: "torn", sessionId: good }]);
    await store.append(good, [entry("x")], { at: 2 });
    expect((await store.get(good)).entries).toHaveLength(2);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 ** 2);
    const kept = fs.readdirSync(dir).find((name) => name.includes(".torn-")) as string;
    expect(fs.statSync(join(dir, kept)).size).toBeGreaterThan(1024 ** 3 - size);
    rmSync(join(dir, kept));
  });

  test("with a text that never ends is an error of its own", { timeout: 120_000 }, async () => {
    const { dir, store, good } = await openFolder();
    const path = join(dir, `${good}.json`);
    const text = readFileSync(path, "utf8");
    const chunk = Buffer.alloc(64 * 1024 ** 2, "x");
    const file = fs.openSync(path, "r+");
    const at = text.indexOf("a good word");
    for (let i = 0; i < 3; i++) fs.writeSync(file, chunk, 0, chunk.length, at + i * chunk.length);
    fs.closeSync(file);
    const error = await store.get(good).catch((reason: unknown) => reason);
    expect(isSessionError(error), String(error)).toBe(true);
    expect((await store.list()).items).toHaveLength(1);
    const inspected = await inspectStore(dir);
    expect(inspected).toHaveLength(1);
    const other = await new SessionManager(store).createSession("other", agent);
    await store.append(other.metadata.id, [entry("x")], { at: 1 });
  });
});

test("a file that is changed whenever it is read is an error, or a state that it had", async () => {
  const { store, good, bad } = await openFolder();
  writeFileSync(bad, readFileSync(bad.replace(BAD, good)));
  const read = fs.readSync;
  let changes = 0;
  vi.spyOn(fs, "readSync").mockImplementation(((descriptor: number, ...rest: [Buffer]) => {
    fs.appendFileSync(bad, changes++ % 2 === 0 ? " " : "\n");
    return read(descriptor, ...rest);
  }) as never);
  const outcome = await store.get(BAD).then(
    ({ entries }) => entries.length,
    (error) => error.code,
  );
  expect([1, "busy", "corrupt"]).toContain(outcome);
  expect((await store.head(good)).entryCount).toBe(1);
});
