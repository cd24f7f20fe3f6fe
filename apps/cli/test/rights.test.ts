import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { claudeLine, FILES, machineWith } from "./agent-machine.ts";
import { cli, MAIN, NO_TERMINAL, ok, onTerminal, type RunOptions, tempFolder } from "./harness.ts";

const OTHER = "11111111-2222-4333-8444-555555555555";
const USER = 65_534;
const AS_ROOT = process.geteuid?.() === 0;
/** Only root can start a process as another user, who has to reach this code. */
const CAN_BE_OTHERS =
  AS_ROOT &&
  spawnSync(process.execPath, ["-e", `fs.readdirSync(${JSON.stringify(import.meta.dirname)})`], {
    uid: USER,
    gid: USER,
  }).status === 0;
const STORES = ["fs:store/sessions", "sqlite:store/s.db"] as const;

/** A store with one session, and its id. */
function filled(store: string): { options: RunOptions; id: string; folder: string } {
  const cwd = tempFolder();
  mkdirSync(join(cwd, "store"));
  const options = { cwd, env: { THULP_SESSIONS_STORE: store } };
  const id = ok(options, "create", "mine");
  ok(options, "append", id, "a needle");
  return { options, id, folder: join(cwd, "store") };
}

function snapshot(folder: string): unknown[] {
  return (readdirSync(folder, { recursive: true }) as string[]).sort().map((name) => {
    const { uid, gid, mode, ino, size, mtimeNs, ctimeNs } = lstatSync(join(folder, name), { bigint: true });
    // SQLite makes its log beside a database for as long as it reads it.
    return {
      name,
      uid,
      gid,
      mode,
      ino,
      size,
      ...(size > 0n && name !== "sessions" ? { mtimeNs, ctimeNs } : {}),
    };
  });
}

const reading = (id: string, backup: string) => [
  ["list"],
  ["list", "--json"],
  ["show", id.slice(0, 8)],
  ["tail", id],
  ["search", "needle"],
  ["tree", id],
  ["stats"],
  ["check"],
  ["info"],
  ["export", id],
  ["tag", id],
  ["backup", backup],
];

const writing = (id: string) => [
  ["create", "x"],
  ["append", id, "hi"],
  ["complete", id],
  ["tag", id, "--add", "x"],
  ["rename", id, "x"],
  ["fork", id],
  ["rewind", id, "0", "--yes"],
  ["delete", id, "--yes"],
  ["prune", "--older-than", "90d", "--yes", "--vacuum"],
  ["vacuum"],
];

describe.each(STORES)("%s with --read-only", (store) => {
  it("is looked at by every command that looks, and changed by none", () => {
    const { options, id, folder } = filled(store);
    const before = snapshot(folder);
    for (const command of reading(id, `${store.slice(0, store.indexOf(":"))}:backup`))
      expect(cli(options, "--read-only", ...command), command.join(" ")).toMatchObject({
        code: 0,
        stderr: "",
      });
    for (const command of writing(id)) {
      const { code, stderr } = cli(options, ...command, "--read-only");
      expect(code, command.join(" ")).toBe(1);
      expect(stderr).toMatch(
        /may only be read: it was opened with readOnly \(--read-only\)\. Nothing was changed/,
      );
    }
    expect(snapshot(folder)).toEqual(before);
    expect(JSON.parse(ok(options, "info", "--json", "--read-only"))).toMatchObject({ writable: false });
    expect(ok(options, "info", "--read-only")).toMatch(/^access +may only be read$/m);
    expect(JSON.parse(ok(options, "info", "--json"))).toMatchObject({ writable: true });
  });

  it("is not made", () => {
    const options = {
      cwd: tempFolder(),
      env: { THULP_SESSIONS_STORE: store, THULP_SESSIONS_READ_ONLY: "true" },
    };
    const { code, stderr } = cli(options, "create", "x");
    expect([code, stderr]).toEqual([1, expect.stringContaining("There is no store at")]);
    expect(readdirSync(options.cwd)).toEqual([]);
  });

  it("is the source of a copy, and not its target", () => {
    const { options, id } = filled(store);
    ok(options, "copy", store, "fs:elsewhere", "--read-only");
    expect(ok(options, "show", id, "--store", "fs:elsewhere")).toContain("needle");
    expect(cli(options, "copy", "fs:elsewhere", store, "--read-only").code).toBe(0);
    ok(options, "append", id, "more", "--store", "fs:elsewhere");
    const refused = cli(options, "copy", "fs:elsewhere", store, "--read-only", "--on-conflict", "replace");
    expect([refused.code, refused.stdout + refused.stderr]).toEqual([
      1,
      expect.stringContaining("may only be read"),
    ]);
  });
});

describe.skipIf(!CAN_BE_OTHERS)(
  "(as root, where others reach this folder) what belongs to another user",
  () => {
    it.each(STORES)("%s: every command that looks ends with 0, and nothing changes", (store) => {
      const { options, id, folder } = filled(store);
      ok(options, "search", "needle");
      // The folders of locks and caches stay as they are made: nobody else sees into them.
      for (const path of [options.cwd, folder, join(folder, "sessions")])
        if (existsSync(path)) chmodSync(path, 0o755);
      for (const name of readdirSync(folder, { recursive: true }) as string[])
        if (/\.(json|db)$/.test(name)) chmodSync(join(folder, name), 0o644);
      const before = snapshot(folder);
      for (const command of reading(id, "fs:/dev/null/x").slice(0, -1)) {
        const { status, stderr } = spawnSync(process.execPath, [MAIN, ...command], {
          cwd: options.cwd,
          env: { PATH: process.env["PATH"], ...options.env },
          uid: USER,
          gid: USER,
          encoding: "utf8",
        });
        expect([status, stderr.replace(/^warning: .*private copy.*\n$/, "")], command.join(" ")).toEqual([
          0,
          "",
        ]);
      }
      expect(snapshot(folder)).toEqual(before);
    });
  },
);

describe.skipIf(!CAN_BE_OTHERS)("(as root, where others reach this folder) histories", () => {
  it("that may not be read, files and folders, are told of by name; the others are imported", () => {
    const others = [`.claude/projects/p/${OTHER}.jsonl`, `.claude/projects/closed/${OTHER}.jsonl`];
    const text = claudeLine("u9", "Nobody sees this");
    const at = machineWith({ ...FILES, ...Object.fromEntries(others.map((path) => [path, text])) });
    const [file, folder] = [join(at.home, others[0] as string), join(at.home, ".claude/projects/closed")];
    for (const name of readdirSync(at.home, { recursive: true }) as string[])
      chownSync(join(at.home, name), USER, USER);
    for (const path of [at.cwd, at.home]) chownSync(path, USER, USER);
    chmodSync(file, 0);
    chmodSync(folder, 0);
    const asUser = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, ...args, "--store", "sqlite:kept.db"], {
        cwd: at.cwd,
        env: { PATH: process.env["PATH"], ...at.env },
        uid: USER,
        gid: USER,
        encoding: "utf8",
      });
    const { status, stdout, stderr } = asUser("import", "--from", "claude-code");
    expect([status, stderr]).toEqual([1, ""]);
    for (const path of [file, folder]) expect(stdout).toContain(`${path}: no permission to read it`);
    expect(stdout).toContain("4 files: 2 new, 2 failed");
    const sessions = JSON.parse(asUser("list", "--json").stdout) as { items: unknown[] };
    expect(sessions.items).toHaveLength(2);
  });
});

describe("unlock", () => {
  /** A lock of a process in a container of which nothing is known. */
  function locked(): { options: RunOptions; id: string; lock: string } {
    const { options, id, folder } = filled(STORES[0]);
    const owner = { host: "ctr1/pid:[1]", boot: null, pid: 3, started: null, token: "00000000000000aa" };
    const lock = join(folder, "sessions", ".locks", `${id}.lock`);
    writeFileSync(lock, JSON.stringify(owner));
    return { options, id, lock };
  }

  it("removes a lock of which nothing is known, which check tells of, when it is told to", () => {
    const { options, id, lock } = locked();
    const check = cli(options, "check");
    expect([check.code, check.stdout]).toEqual([
      1,
      expect.stringMatching(/^locked .*held by process 3 on ctr1.*thulp-sessions unlock/m),
    ]);
    const unasked = cli(options, "unlock", id);
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining("--yes")]);
    const readOnly = cli(options, "unlock", id, "--yes", "--read-only");
    expect([readOnly.code, existsSync(lock)]).toEqual([1, true]);
    expect(JSON.parse(ok(options, "unlock", id, "--yes", "--json"))).toMatchObject({
      path: lock,
      owner: "unknown",
    });
    expect(existsSync(lock)).toBe(false);
    expect(ok(options, "unlock", id)).toBe(`${id} is not locked; nothing was changed`);
    ok(options, "append", id, "more");
    ok(options, "check");
  });

  it.skipIf(NO_TERMINAL)("asks", () => {
    const { options, id, lock } = locked();
    const no = onTerminal(options, { steps: [["[y/N]", "n\n"]] }, "unlock", id);
    expect([no.code, no.stdout, existsSync(lock)]).toEqual([1, expect.stringContaining("ctr1"), true]);
    const yes = onTerminal(options, { steps: [["[y/N]", "y\n"]] }, "unlock", id);
    expect([yes.code, existsSync(lock)]).toEqual([0, false]);
  });

  it("is not for a sqlite: store, nor for what is no id", () => {
    const { options, id } = filled(STORES[1]);
    expect(cli(options, "unlock", id)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("fs: store"),
    });
    expect(cli({ ...options, env: { THULP_SESSIONS_STORE: "fs:." } }, "unlock", "x").code).toBe(2);
  });
});
