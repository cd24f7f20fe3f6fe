import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, linkSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { FileClock } from "../../src/disk/file-clock.ts";
import { fileStoreMaintenance, inspectStore } from "../../src/index.ts";
import { newOwner } from "../../src/lock/lock-owner.ts";
import { SessionLocks } from "../../src/lock/session-locks.ts";
import { temporaryFolder } from "../temporary-folder.ts";

// Locks of processes that are not seen from here: in another container, on another machine, before the last
// start.

const NAME = "aaaaaaaa-0000-4000-8000-000000000001";
const TOKEN = "00000000000000cc";
const ON_LINUX = process.platform === "linux";
const CAN_UNSHARE = ON_LINUX && spawnSync("unshare", ["-u", "-p", "-f", "--mount-proc", "true"]).status === 0;

/** A lock of a process in another container, as it looks from here. */
function leaveLock(folder: string, owner: object = {}): string {
  const locks = join(folder, ".locks");
  mkdirSync(locks, { recursive: true });
  const fileSystem = statfsSync(folder).type >>> 0;
  const elsewhere = { host: "ctr1/pid:[4026532179]", pid: 3, started: "1", token: TOKEN };
  const ownerFile = join(locks, `owner-${TOKEN}`);
  writeFileSync(
    ownerFile,
    JSON.stringify({ ...newOwner(), ...elsewhere, listens: true, fileSystem, ...owner }),
  );
  linkSync(ownerFile, join(locks, `${NAME}.lock`));
  return join(locks, `${NAME}.lock`);
}

const socketIn = (folder: string) => join(folder, ".locks", `owner-${TOKEN}.alive`);

/** A process that listens as the owner of a lock does. */
async function listenIn(folder: string): Promise<ChildProcess> {
  const script = `require("net").createServer().listen(${JSON.stringify(socketIn(folder))}, () => console.log("listens"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout as Readable, "data");
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

function hold(folder: string, timeoutMs = 50): Promise<string> {
  const locks = new SessionLocks(folder, timeoutMs, new FileClock());
  return locks.hold(NAME, async () => "done").finally(() => locks.close());
}

test.skipIf(!ON_LINUX)(
  "the lock of a process that is not seen is kept while it lives, and taken over then",
  async () => {
    const folder = temporaryFolder();
    leaveLock(folder, { boot: "of another container" });
    const child = await listenIn(folder);
    await expect(hold(folder)).rejects.toMatchObject({ code: "busy" });
    // Stopped, it still holds its lock.
    child.kill("SIGSTOP");
    await expect(hold(folder)).rejects.toMatchObject({ code: "busy" });
    child.kill("SIGCONT");
    await end(child);
    expect(await hold(folder)).toBe("done");
    const locks = new SessionLocks(folder, 50, new FileClock());
    await locks.clearAbandoned();
    locks.close();
    expect(readdirSync(join(folder, ".locks"))).toEqual([".gitignore"]);
  },
);

test.skipIf(!ON_LINUX).each([
  ["that did not listen", { listens: false }],
  ["that has found the folder on another file system", { fileSystem: 0x6969 }],
  ["that has found the folder on a file system of several machines", { fileSystem: null }],
])("nothing is certain of a process %s", async (_, owner) => {
  const folder = temporaryFolder();
  leaveLock(folder, owner);
  await end(await listenIn(folder));
  await expect(hold(folder)).rejects.toMatchObject({
    code: "busy",
    message: expect.stringContaining("thulp-sessions unlock"),
  });
});

test.skipIf(!ON_LINUX)("nothing is certain of a process whose socket is gone, or is none", async () => {
  const folder = temporaryFolder();
  leaveLock(folder);
  await expect(hold(folder)).rejects.toMatchObject({ code: "busy" });
  // The kernel refuses connections to such a file too.
  writeFileSync(socketIn(folder), "");
  await expect(hold(folder)).rejects.toMatchObject({ code: "busy" });
});

test.skipIf(!ON_LINUX)("a folder with a path that is too long for a socket has one", async () => {
  const folder = join(temporaryFolder(), "d".repeat(120));
  mkdirSync(folder);
  const locks = new SessionLocks(folder, 50, new FileClock());
  await locks.hold(NAME, async () => {
    expect(readdirSync(join(folder, ".locks")).filter((name) => name.endsWith(".alive"))).toHaveLength(1);
  });
  locks.close();
  expect(readdirSync(join(folder, ".locks"))).toEqual([".gitignore"]);
});

test.skipIf(!ON_LINUX)(
  "a socket that a process has left before it was of use goes with the next open",
  async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, ".locks"));
    const early = `${socketIn(folder)}.new`;
    const script = `require("net").createServer().listen(${JSON.stringify(early)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
    expect(existsSync(early)).toBe(true);
    const locks = new SessionLocks(folder, 50, new FileClock());
    await locks.clearAbandoned();
    locks.close();
    expect(existsSync(early)).toBe(false);
  },
);

test.skipIf(!ON_LINUX)(
  "who cleans up the locks under a running process makes it say again that it lives",
  async () => {
    const folder = temporaryFolder();
    const locks = new SessionLocks(folder, 50, new FileClock());
    await locks.hold(NAME, async () => {});
    await new Promise((resolve) => setImmediate(resolve));
    rmSync(join(folder, ".locks"), { recursive: true });
    await locks.hold(NAME, async () => {
      expect(readdirSync(join(folder, ".locks")).filter((name) => name.endsWith(".alive"))).toHaveLength(1);
    });
    locks.close();
  },
);

test.skipIf(!CAN_UNSHARE)(
  "(where a container can be made) a container that is killed while it writes holds nobody up",
  async () => {
    const folder = temporaryFolder();
    const holder = join(import.meta.dirname, "..", "holder-process.mjs");
    const command = ["-u", "-p", "-f", "--mount-proc", "sh", "-c"];
    const script = `hostname ctr1; exec ${process.execPath} ${holder} ${folder} ${NAME}`;
    const child = spawn("unshare", [...command, script], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout as Readable, "data");
    await expect(hold(folder)).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining("on ctr1/pid:"),
    });
    // The first process of a container takes all others along.
    spawnSync("pkill", ["-KILL", "-P", String(child.pid)]);
    await once(child, "exit");
    expect(await hold(folder, 2_000)).toBe("done");
  },
);

test("a check tells of a lock of which nothing is known, and unlock removes it", async () => {
  const folder = temporaryFolder();
  const lock = leaveLock(folder, { listens: false });
  expect(await inspectStore(folder)).toMatchObject([
    {
      kind: "locked",
      path: lock,
      sessionId: NAME,
      reason: expect.stringMatching(/^held by process 3 on ctr1.*thulp-sessions unlock/),
    },
  ]);
  const maintenance = fileStoreMaintenance({ dir: folder });
  expect(await maintenance.locks()).toMatchObject([{ sessionId: NAME, owner: "unknown", isHere: false }]);
  expect(await maintenance.unlock(NAME.toUpperCase())).toMatchObject({ path: lock, owner: "unknown" });
  expect(existsSync(lock)).toBe(false);
  expect(await maintenance.unlock(NAME)).toBeNull();
  expect(await inspectStore(folder)).toEqual([]);
  expect(await hold(folder)).toBe("done");
});

test.skipIf(!ON_LINUX)("a lock of another container that lives is told of, and not removed", async () => {
  const folder = temporaryFolder();
  const lock = leaveLock(folder);
  await listenIn(folder);
  expect(await inspectStore(folder)).toMatchObject([{ kind: "in_use", path: lock }]);
  const maintenance = fileStoreMaintenance({ dir: folder });
  await expect(maintenance.unlock(NAME)).rejects.toMatchObject({ code: "busy", details: { path: lock } });
  expect(existsSync(lock)).toBe(true);
});

test("a lock of a living process is not removed, and no finding", async () => {
  const folder = temporaryFolder();
  const locks = new SessionLocks(folder, 50, new FileClock());
  const maintenance = fileStoreMaintenance({ dir: folder });
  await locks.hold(NAME, async () => {
    await expect(maintenance.unlock(NAME)).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await inspectStore(folder)).toEqual([]);
  });
  locks.close();
});
