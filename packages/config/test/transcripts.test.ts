import { execFile } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { SessionStore, StoreWarning } from "@thulp-sessions/core";
import { INSTALLED_AGENT_NAMES } from "@thulp-sessions/transcripts/agents";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { loadConfig, openStore, parseStoreUrl, runningServerToken, serverToken } from "../src/index.ts";
import { AGENTS } from "../src/schemes/transcripts.ts";
import { formatStoreUrl } from "../src/store-url.ts";
import { withCacheLock } from "../src/transcripts/cache-lock.ts";
import { tempFolder } from "./temp-folder.ts";

const run = promisify(execFile);
const CHILD = join(import.meta.dirname, "transcripts-child.mjs");
const SESSION = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";
const [DAY, FOREVER] = [24 * 60 * 60, new AbortController().signal];

const line = (uuid: string, content: string) =>
  `${JSON.stringify({ type: "user", uuid, timestamp: "2026-03-01T09:00:00Z", message: { role: "user", content } })}\n`;

/** A home with a history of Claude Code, where this process lives until the test ends. */
function machine() {
  const home = tempFolder();
  const cacheHome = join(home, "cache");
  const env = { HOME: home, USERPROFILE: home, LOCALAPPDATA: cacheHome, XDG_CACHE_HOME: cacheHome };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const path = join(home, ".claude/projects/-home-ada", `${SESSION}.jsonl`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, line("u1", "Count the cogs"));
  return { home, env, path, cacheHome, folder: join(cacheHome, "thulp-sessions") };
}

async function open(url = "transcripts:claude-code") {
  const warnings: StoreWarning[] = [];
  const store = await openStore(url, { onWarning: (warning) => void warnings.push(warning) });
  onTestFinished(() => store.close());
  return { store, warnings };
}

async function prompts(store: SessionStore): Promise<readonly string[]> {
  const { entries } = await store.get(SESSION);
  return entries.map(
    ({ content }) => (content as { record: { message: { content: string } } }).record.message.content,
  );
}

describe("a URL of transcripts", () => {
  it("knows the agents that the readers are for", () => {
    expect(AGENTS).toEqual(INSTALLED_AGENT_NAMES);
  });

  it.each([
    ["transcripts:", null],
    ["transcripts:claude-code", ["claude-code"]],
    ["Transcripts:codex, Claude-Code,codex", ["claude-code", "codex"]],
  ])("%s", (text, agents) => {
    const location = parseStoreUrl(text, "/base");
    expect(location).toEqual({ kind: "transcripts", agents });
    expect(parseStoreUrl(formatStoreUrl(location), "/")).toEqual(location);
  });

  it.each([
    [
      "transcripts:claud",
      'no agent is called "claud": expected transcripts: for all, or some of claude-code, codex, ',
    ],
    ["transcripts:codex,", "the name of an agent is missing"],
    // These lie where somebody has put them.
    ["transcripts:messages", 'no agent is called "messages"'],
  ])("%j is refused", (text, reason) => {
    expect(() => parseStoreUrl(text, "/base")).toThrow(
      expect.objectContaining({ code: "invalid_input", message: expect.stringContaining(reason) }),
    );
  });

  it("is not taken from a file, which may have come with a cloned repository", () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "thulp-sessions.config.json"), '{ "store": "transcripts:" }');
    expect(() => loadConfig({ env: {}, cwd })).toThrow(
      "the histories of your agents take effect only from a flag",
    );
    expect(loadConfig({ flags: { store: "transcripts:" }, env: {}, cwd }).store).toBe("transcripts:");
  });
});

it("what agents keep on this machine is opened, and kept for the next time where only its owner looks", async () => {
  const { folder, path } = machine();
  const { store, warnings } = await open("transcripts:");
  expect(store).toMatchObject({ kind: "transcripts", location: "transcripts:" });
  expect(await prompts(store)).toEqual(["Count the cogs"]);
  await expect(store.delete(SESSION)).rejects.toThrow("thulp-sessions import --from auto ");
  await store.close();
  const names = readdirSync(folder);
  expect(names.map((name) => name.replace(/[0-9a-f]{32}/, "x")).sort()).toEqual([
    "transcripts-x.db",
    "transcripts-x.json",
  ]);
  if (process.platform !== "win32") {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
  appendFileSync(path, line("u2", "and the wheels"));
  expect(await prompts((await open("transcripts:")).store)).toEqual(["Count the cogs", "and the wheels"]);
  expect(warnings).toEqual([]);
});

it("the token of a server over it lies in the user's own data folder", async () => {
  const { home, env } = machine();
  vi.stubEnv("XDG_DATA_HOME", join(home, "data"));
  const config = loadConfig({ flags: { store: "transcripts:", token: "auto" }, env, cwd: home });
  const token = serverToken(config);
  expect(token).toMatch(/^[\w-]{43}$/);
  const remote = loadConfig({ flags: { store: "transcripts:codex" }, env, cwd: home });
  expect(runningServerToken(remote)).toBe(token);
  const folder = process.platform === "win32" ? env.LOCALAPPDATA : join(home, "data");
  expect(readdirSync(join(folder, "thulp-sessions"))).toContain("transcripts.token");
});

describe("what was kept is made again", () => {
  it.each<[string, (folder: string, name: string) => void]>([
    ["is no database", (folder, name) => writeFileSync(join(folder, name), "garbage".repeat(1000))],
    [
      "was cut",
      (folder, name) => writeFileSync(join(folder, name), readFileSync(join(folder, name)).subarray(0, 5000)),
    ],
    ["is empty", (folder, name) => writeFileSync(join(folder, name), "")],
    ["is gone", (folder, name) => rmSync(join(folder, name))],
    [
      "was found to be damaged before",
      (folder, name) => writeFileSync(join(folder, name.replace(".db", ".damaged")), ""),
    ],
    [
      "is of another version",
      (folder, name) => {
        const bytes = readFileSync(join(folder, name));
        bytes.writeUInt32BE(4711, 60);
        writeFileSync(join(folder, name), bytes);
      },
    ],
    [
      "has a list of files that is none",
      (folder, name) => writeFileSync(join(folder, name.replace(".db", ".json")), "["),
    ],
  ])("where it %s", async (_, damage) => {
    const { folder } = machine();
    await (await open()).store.close();
    const [name = ""] = readdirSync(folder).filter((each) => each.endsWith(".db"));
    damage(folder, name);
    const { store, warnings } = await open();
    expect(await prompts(store)).toEqual(["Count the cogs"]);
    expect(warnings).toEqual([]);
    await store.close();
    expect(readdirSync(folder).some((each) => each.endsWith(".damaged"))).toBe(false);
  });
});

it("what nobody has used for a month goes, and nothing else", async () => {
  const { folder } = machine();
  await (await open()).store.close();
  const used = readdirSync(folder);
  const age = (name: string, days: number) => {
    writeFileSync(join(folder, name), "");
    const time = Date.now() / 1000 - days * DAY;
    utimesSync(join(folder, name), time, time);
  };
  const [old, newer] = ["0", "1"].map((digit) => `transcripts-${digit.repeat(32)}`);
  for (const ending of [".db", ".db-wal", ".json"]) age(old + ending, 31);
  age(`${newer}.db`, 31);
  age(`${newer}.json`, 29);
  age("something.db", 31);
  for (const name of used) age(name, 31);
  await (await open()).store.close();
  expect(readdirSync(folder).sort()).toEqual(
    [`${newer}.db`, `${newer}.json`, "something.db", ...used].sort(),
  );
});

it("where nothing can be kept it is read each time, and a warning says so", async () => {
  const { cacheHome } = machine();
  writeFileSync(cacheHome, "a file");
  const { store, warnings } = await open();
  expect(await prompts(store)).toEqual(["Count the cogs"]);
  expect(warnings).toMatchObject([
    { code: "io", message: expect.stringContaining(join(cacheHome, "thulp-sessions")) },
  ]);
});

describe("processes", () => {
  it("that begin at the same moment all have everything", async () => {
    const { env, path, folder } = machine();
    const long = Array.from({ length: 1200 }, (_, i) => line(`v${i}`, `cog ${i}`)).join("");
    for (let i = 10; i < 16; i++) writeFileSync(path.replace("3b0f6c1e", `3b0f6c${i}`), long);
    const children = Array.from({ length: 3 }, () =>
      run(process.execPath, [CHILD, "transcripts:claude-code", "close"], { env: { ...process.env, ...env } }),
    );
    for (const child of await Promise.all(children)) expect(child).toEqual({ stdout: "7\n", stderr: "" });
    const { store } = await open();
    for (const { id } of (await store.list()).items)
      if (id !== SESSION) expect((await store.head(id)).entryCount).toBe(1200);
    await store.close();
    expect(readdirSync(folder).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  it.each(["close", "nothing", "watch"])("end by themselves: %s", async (how) => {
    const { env } = machine();
    const ended = await run(process.execPath, [CHILD, "transcripts:", how], {
      env: { ...process.env, ...env },
    });
    expect(ended).toEqual({ stdout: "1\n", stderr: "" });
  });
});

describe("the lock of a cache", () => {
  it("lets one after the other, and takes that of a process that is gone", async () => {
    const path = join(tempFolder(), "x.lock");
    writeFileSync(path, `${2 ** 30} ${(await import("node:os")).hostname()} x`);
    const order: string[] = [];
    const work = (name: string) =>
      withCacheLock(
        path,
        async () => {
          order.push(`${name} begins`);
          await new Promise((resolve) => setImmediate(resolve));
          order.push(`${name} ends`);
        },
        // Sooner than one counts as stale that a process might still hold.
        AbortSignal.timeout(10_000),
      );
    await Promise.all([work("a"), work("b"), work("c")]);
    const names = order.filter((each) => each.endsWith("begins")).map(([name]) => name);
    expect(order).toEqual(names.flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(existsSync(path)).toBe(false);
  });

  it("takes one that nobody holds any more, and waits for one that is held until it is told not to", async () => {
    const path = join(tempFolder(), "x.lock");
    writeFileSync(path, `${process.pid} elsewhere x`);
    const ending = new AbortController();
    const waiting = withCacheLock(path, async () => "never", ending.signal);
    ending.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow();
    const time = Date.now() / 1000 - 60;
    utimesSync(path, time, time);
    expect(await withCacheLock(path, async () => "done", FOREVER)).toBe("done");
  });
});
