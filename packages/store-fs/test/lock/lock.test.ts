import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { FileClock } from "../../src/disk/file-clock.ts";
import { newOwner } from "../../src/lock/lock-owner.ts";
import { SessionLocks } from "../../src/lock/session-locks.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const NAME = "aaaaaaaa-0000-4000-8000-000000000001";

const locksOf = (folder: string, timeoutMs: number) => new SessionLocks(folder, timeoutMs, new FileClock());

/** A lock as a process leaves it that was killed while it held it. */
function leaveLock(folder: string, owner: object): string {
  const locks = join(folder, ".locks");
  mkdirSync(locks, { recursive: true });
  const token = Math.random().toString(16).slice(2).padEnd(16, "0").slice(0, 16);
  const ownerFile = join(locks, `owner-${token}`);
  writeFileSync(ownerFile, JSON.stringify({ ...newOwner(), token, ...owner }));
  linkSync(ownerFile, join(locks, `${NAME}.lock`));
  return join(locks, `${NAME}.lock`);
}

/** The number of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

test("one holder at a time, in whatever order they come", async () => {
  const folder = temporaryFolder();
  const stores = Array.from({ length: 8 }, () => locksOf(folder, 10_000));
  let holders = 0;
  let most = 0;
  let turns = 0;
  const work = async () => {
    most = Math.max(most, ++holders);
    await new Promise((resolve) => setImmediate(resolve));
    holders--;
    turns++;
  };
  await Promise.all(stores.flatMap((locks) => Array.from({ length: 5 }, () => locks.hold(NAME, work))));
  expect({ most, turns }).toEqual({ most: 1, turns: 40 });
  for (const locks of stores) locks.close();
  expect(readdirSync(join(folder, ".locks"))).toEqual([".gitignore"]);
});

test("eight wait for the lock of a dead owner, 1,000 times: one of them takes it over", {
  timeout: 240_000,
}, async () => {
  const folder = temporaryFolder();
  const names = Array.from({ length: 1_000 }, () => randomUUID());
  const token = "00000000000000dd";
  const dead = JSON.stringify({ ...newOwner(), pid: deadPid(), started: "1", token });
  mkdirSync(join(folder, ".locks"));
  for (const name of names) writeFileSync(join(folder, ".locks", `${name}.lock`), dead);
  // How many are at the meeting, how many hold a lock, how often two did; then the takers of each lock.
  const shared = new SharedArrayBuffer(12 + names.length * 4);
  const threads = 8;
  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(join(import.meta.dirname, "..", "takeover-worker.mjs"), {
        workerData: { folder, names, threads, deadToken: token, shared },
        // Not with the conditions under which the tests see the sources.
        execArgv: [],
      }),
  );
  expect(await Promise.all(workers.map((worker) => once(worker, "exit")))).toEqual(workers.map(() => [0]));
  expect(new Int32Array(shared, 0, 3)[2]).toBe(0);
  expect([...new Int32Array(shared, 12)]).toEqual(names.map(() => 1));
  expect(readdirSync(join(folder, ".locks"))).toEqual([".gitignore"]);
});

test("a taker that dies while it takes over holds nobody up", async () => {
  const folder = temporaryFolder();
  const lock = leaveLock(folder, { pid: deadPid(), token: "00000000000000aa" });
  // The first taker had the right to take over, and was killed before he did.
  writeFileSync(
    `${lock}.00000000000000aa`,
    JSON.stringify({ ...newOwner(), pid: deadPid(), token: "00000000000000bb" }),
  );
  const locks = locksOf(folder, 1_000);
  expect(await locks.hold(NAME, async () => "done")).toBe("done");
});

test.skipIf(process.platform !== "linux")(
  "a killed process that its parent has not noticed yet holds nobody up",
  async () => {
    const folder = temporaryFolder();
    // The shell becomes something that does not ask for its child; only then does the child end.
    const parent = spawn("sh", ["-c", "cat <&3 & echo $!; exec sleep 60 3<&-"], {
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    const [line] = await once(parent.stdout as Readable, "data");
    const pid = Number(String(line));
    const nameOf = (process: number | undefined) => readFileSync(`/proc/${process}/comm`, "utf8").trim();
    await vi.waitFor(() => expect(nameOf(parent.pid)).toBe("sleep"), { timeout: 10_000 });
    (parent.stdio[3] as Writable).end();
    const state = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
    await vi.waitFor(() => expect(state()).toBe("Z"), { timeout: 10_000 });
    const started = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
    leaveLock(folder, { pid, started });
    expect(await locksOf(folder, 1_000).hold(NAME, async () => "done")).toBe("done");
    parent.kill("SIGKILL");
  },
);

test("a process that got the number of a dead one is not taken for it", async () => {
  const folder = temporaryFolder();
  // Our own number, but started at another time.
  leaveLock(folder, process.platform === "linux" ? { started: "1" } : { pid: deadPid() });
  expect(await locksOf(folder, 1_000).hold(NAME, async () => "done")).toBe("done");
});

test.skipIf(process.platform !== "linux")(
  "a lock from before the machine was started is nobody's, even where another process has its number now",
  async () => {
    const folder = temporaryFolder();
    leaveLock(folder, { boot: "00000000-0000-4000-8000-000000000000" });
    expect(await locksOf(folder, 1_000).hold(NAME, async () => "done")).toBe("done");
  },
);

test.each([
  ["a living process", {}],
  ["a process on another machine", { host: "elsewhere", pid: 1, boot: "other", started: "1" }],
])("the lock of %s is never taken over: busy, with its name", async (_, owner) => {
  const folder = temporaryFolder();
  const lock = leaveLock(folder, owner);
  const before = readFileSync(lock);
  const waiting = locksOf(folder, 30).hold(NAME, async () => "done");
  await expect(waiting).rejects.toMatchObject({ code: "busy", details: { path: lock } });
  expect(readFileSync(lock)).toEqual(before);
});

test("a lock that names nobody is taken over only if it is older than the machine's start", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, ".locks"));
  writeFileSync(join(folder, ".locks", `${NAME}.lock`), "");
  const waiting = locksOf(folder, 30).hold(NAME, async () => "done");
  await expect(waiting).rejects.toMatchObject({
    code: "busy",
    message: expect.stringContaining("remove that file"),
  });
});

test.skipIf(process.platform === "win32")(
  "a request that is a link is not followed: it may have come with a repository",
  async () => {
    const folder = temporaryFolder();
    const [holder, waiter] = [locksOf(folder, 10_000), locksOf(folder, 10_000)];
    const [target, dangling] = [join(folder, "target"), join(folder, "dangling")];
    writeFileSync(target, "kept");
    for (const linked of [target, dangling]) {
      const request = join(folder, ".locks", `${NAME}.lock.wanted`);
      const waited = await holder.hold(NAME, async () => {
        symlinkSync(linked, request);
        const waiting = waiter.hold(NAME, async () => {});
        // The lock is asked for at once; then the link is gone.
        await vi.waitFor(() => expect(readdirSync(join(folder, ".locks"))).toContain(`${NAME}.lock.wanted`));
        return { waiting };
      });
      await waited.waiting;
      expect(readFileSync(target, "utf8")).toBe("kept");
      expect(existsSync(dangling)).toBe(false);
    }
    holder.close();
    waiter.close();
  },
);

test("locks keep themselves out of version control, and lie in no folder that a link leads to", async () => {
  const folder = temporaryFolder();
  const locks = locksOf(folder, 1000);
  await locks.hold(NAME, async () => {});
  const ignored = join(folder, ".locks", ".gitignore");
  expect(readFileSync(ignored, "utf8")).toBe("*\n");
  locks.close();
  // As of a process that was killed before it wrote.
  writeFileSync(ignored, "");
  const next = locksOf(folder, 1000);
  await next.hold(NAME, async () => {});
  expect(readFileSync(ignored, "utf8")).toBe("*\n");
  next.close();
  const [other, elsewhere] = [temporaryFolder(), temporaryFolder()];
  symlinkSync(elsewhere, join(other, ".locks"), "junction");
  const linked = locksOf(other, 1000);
  await expect(Promise.resolve().then(() => linked.hold(NAME, async () => {}))).rejects.toMatchObject({
    code: "io",
  });
  expect(readdirSync(elsewhere)).toEqual([]);
});
