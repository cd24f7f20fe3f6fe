import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newUuid, type SessionId } from "@thulp-sessions/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { allocateIndexBlocks } from "../src/connection/index-blocks.ts";
import type { SqliteStore } from "../src/index.ts";
import { bundleChild, startChild } from "./child-process.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** Whether a file system of one's own can be made here: root on Linux, with loop devices. */
function canMount(folder: string): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const image = join(folder, "try.img");
  writeFileSync(image, Buffer.alloc(2 << 20));
  mkdirSync(join(folder, "try"));
  const isMounted = run("mkfs.ext4", "-q", image) && run("mount", "-o", "loop", image, join(folder, "try"));
  if (isMounted) run("umount", join(folder, "try"));
  return isMounted;
}

/** A small disk of ext4, gone after the test. */
async function smallDisk(blockBytes: number): Promise<string> {
  const folder = await tempFolder();
  const [image, disk] = [join(folder, "disk.img"), join(folder, "disk")];
  writeFileSync(image, Buffer.alloc(6 << 20));
  mkdirSync(disk);
  run("mkfs.ext4", "-q", "-O", "^has_journal", "-b", String(blockBytes), image);
  expect(run("mount", "-o", "loop", image, disk)).toBe(true);
  onTestFinished(() => {
    run("umount", disk);
  });
  return disk;
}

/** Fills the disk up to that many KiB. */
function fill(disk: string, left: number): void {
  const fd = openSync(join(disk, "full"), "w");
  let bytes = 0;
  try {
    for (;;) bytes += writeSync(fd, Buffer.alloc(1024));
  } catch {
    ftruncateSync(fd, Math.max(0, bytes - left * 1024));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const folder = mkdtempSync(join(tmpdir(), "store-sqlite-mount-"));
const isPossible = canMount(folder);
rmSync(folder, { recursive: true, force: true });

describe.skipIf(!isPossible)("on a full disk (needs root on Linux, and loop devices)", () => {
  let child: Awaited<ReturnType<typeof bundleChild>>;
  let writer: Awaited<ReturnType<typeof bundleChild>>;
  beforeAll(async () => {
    [child, writer] = [await bundleChild("full-disk"), await bundleChild("writer")];
  }, 60_000);
  afterAll(async () => {
    await child.remove();
    await writer.remove();
  });

  /** What a killed program leaves; the index of its WAL was removed, or never was on this disk. */
  async function crashed(): Promise<{ file: string; id: string }> {
    const [file, id] = [join(await tempFolder(), "sessions.db"), newUuid()];
    const killed = startChild(writer.script, file, "relaxed", "0", "1", id);
    await killed.printed(100);
    killed.process.kill("SIGKILL");
    await killed.ended;
    return { file, id };
  }

  // Up to 32 KiB the index of the WAL has room for its length, and not for all of what is in it.
  test.each([1024, 4096])(
    "with blocks of %i bytes no process is ended by it, and reads go on",
    { timeout: 120_000 },
    async (blockBytes) => {
      const disk = await smallDisk(blockBytes);
      const { file, id } = await crashed();
      const own = join(disk, "sessions.db");
      for (const left of [0, 12, 28]) {
        for (const suffix of ["", "-wal", "-shm"]) rmSync(own + suffix, { force: true });
        rmSync(join(disk, "full"), { force: true });
        copyFileSync(file, own);
        copyFileSync(`${file}-wal`, `${own}-wal`);
        fill(disk, left);
        const opened = startChild(child.script, own, id);
        expect(await opened.ended, `${left} KiB left`).toBe(0);
        expect(opened.lines).toEqual(expect.arrayContaining(["open 1 1", "append io", "closed"]));
        // With room again everything is as ever.
        rmSync(join(disk, "full"));
        const again = startChild(child.script, own, id);
        expect(await again.ended).toBe(0);
        expect(again.lines.filter((line) => line.startsWith("warning"))).toEqual([]);
      }
    },
  );

  test("that fills up under an open store no process is ended either", { timeout: 60_000 }, async () => {
    const own = join(await smallDisk(1024), "sessions.db");
    const store = await openAt(own);
    const { metadata } = await store.create(session());
    // All of it has its place: what is written into it needs no room any more.
    expect(statSync(`${own}-shm`).blocks * 512).toBeGreaterThanOrEqual(4 * 32 * 1024);
    await store.close();
    fill(join(own, ".."), 700);
    const opened = startChild(child.script, own, metadata.id);
    expect(await opened.ended).toBe(0);
    expect(opened.lines).toEqual(expect.arrayContaining(["open 1 0", "append io", "create io", "closed"]));
  });
});

/** Whether a small file system in memory can be made here. */
function canMountMemory(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const place = mkdtempSync(join(tmpdir(), "store-sqlite-mount-"));
  const isMounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place);
  if (isMounted) run("umount", place);
  rmSync(place, { recursive: true, force: true });
  return isMounted;
}

describe.skipIf(!canMountMemory())("on a full disk (needs root on Linux, and tmpfs)", () => {
  async function memoryDisk(): Promise<string> {
    const place = await tempFolder();
    expect(run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place)).toBe(true);
    onTestFinished(() => {
      run("umount", "-l", place);
    });
    return place;
  }

  /** Sessions of 20 entries, until no more is taken. */
  async function filled(store: SqliteStore) {
    const ids: SessionId[] = [];
    let failure: unknown;
    while (failure === undefined) {
      const { metadata } = session();
      const entries = Array.from({ length: 20 }, (_, i) => entry(`${i} ${"word ".repeat(800)}`));
      await store.create({ metadata, entries: [], context: {} }).then(
        () => ids.push(metadata.id),
        (error) => {
          failure = error;
        },
      );
      for (const each of failure ? [] : entries)
        failure ??= await store.append(metadata.id, [each], { at: 2000 }).then(
          () => undefined,
          (error) => error,
        );
    }
    return { ids, failure };
  }

  test("what deleting needs is kept free: sessions are deleted, changed and cut, and vacuum gives room", async () => {
    const place = await memoryDisk();
    const store = await openAt(join(place, "sessions.db"), { busyTimeoutMs: 200 });
    const { ids, failure } = await filled(store);
    expect(failure).toMatchObject({ code: "io", message: expect.stringContaining("Make room") });
    const [first = "", second = "", third = "", ...rest] = ids;
    await store.update(first, { status: "completed" }, { at: 3000 });
    expect((await store.truncate(second, 2, { at: 3000 })).entryCount).toBe(2);
    expect(await store.delete(third)).toBe(true);
    expect((await store.search({ text: "word", limit: 1 })).items).toHaveLength(1);
    for (const id of rest) expect(await store.delete(id)).toBe(true);
    expect((await store.vacuum()).bytesFreed).toBeGreaterThan(0);
    // The room is looked at a few times a second.
    await vi.waitFor(() => store.append(first, [entry("again")], { at: 4000 }), 5000);
    expect(await store.checkIntegrity()).toEqual([]);
    await store.close();
  });

  test("that others have filled to the last byte sessions are deleted in the place that the WAL has", async () => {
    const place = await memoryDisk();
    const store = await openAt(join(place, "sessions.db"), { busyTimeoutMs: 200 });
    const ids: SessionId[] = [];
    for (let i = 0; i < 30; i++) {
      const made = session({}, [entry("x".repeat(20_000)), entry("y".repeat(20_000))]);
      ids.push((await store.create(made)).metadata.id);
    }
    // All of it is in the database: writing the WAL there makes nothing longer.
    await store.vacuum();
    for (const id of ids.slice(0, 10)) await store.update(id, { name: "changed" }, { at: 3000 });
    fill(place, 0);
    for (const id of ids) expect(await store.delete(id)).toBe(true);
    expect(await store.count()).toBe(0);
    expect(await store.checkIntegrity()).toEqual([]);
    await store.close();
  });
});

test.skipIf(process.platform === "win32")(
  "the blocks of a WAL's index get their places, and keep what is in them",
  async () => {
    const file = join(await tempFolder(), "sessions.db");
    const store = await openAt(file);
    for (let i = 0; i < 5; i++) await store.create(session());
    // A copy: closing a descriptor of the one that is in use would take the locks of this process.
    copyFileSync(`${file}-shm`, `${file}.index`);
    const before = readFileSync(`${file}.index`);
    const blocks = allocateIndexBlocks(`${file}.index`);
    blocks.close();
    expect(blocks.areAllocated).toBe(true);
    const after = readFileSync(`${file}.index`);
    expect(after).toHaveLength(4 * 32 * 1024);
    expect(after.subarray(0, before.length).equals(before)).toBe(true);
  },
);
