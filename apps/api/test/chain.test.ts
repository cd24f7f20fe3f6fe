import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { SERVER } from "./command-process.ts";
import { halfRequest, tempFolder, until } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../../..");
const RUNNER = pathToFileURL(join(ROOT, "scripts", "run-server.mjs")).href;

interface Chain {
  readonly parent: ChildProcess;
  readonly url: string;
  readonly said: () => string;
  /** The exit code of the parent, once both are gone. */
  readonly ended: Promise<number | null>;
}

/**
 * What `npm start` runs, in a group of its own: a script that runs the server.
 *
 * @param byNpm `npm start` itself runs it, by the words that package.json has for it.
 */
async function chain({ byNpm = false } = {}): Promise<Chain> {
  const cwd = tempFolder();
  const script = join(cwd, "start.mjs");
  writeFileSync(
    script,
    `import { runServer } from ${JSON.stringify(RUNNER)}; runServer(process.argv[2], process.argv.slice(3), process.env);`,
  );
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ scripts: { start: startScript() } }));
  const [command, ...words] = byNpm
    ? (["npm", "start", "--"] as const)
    : ([process.execPath, script] as const);
  const { PATH = "" } = process.env;
  const parent = spawn(command, [...words, SERVER, "--port", "0", "--store", "sqlite:s.db"], {
    cwd,
    // Npm would ask its registry whether there is a newer one.
    env: { PATH, HOME: cwd, npm_config_update_notifier: "false" },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    try {
      if (parent.pid !== undefined) process.kill(-parent.pid, "SIGKILL");
    } catch {
      // Both are gone, as they should be.
    }
  });
  let said = "";
  for (const stream of [parent.stdout, parent.stderr])
    stream?.on("data", (chunk) => {
      said += chunk;
    });
  const closed = once(parent.stdout as NonNullable<typeof parent.stdout>, "close");
  const ended = Promise.all([once(parent, "exit"), closed]).then(([[code]]) => code as number | null);
  await until(() => said.includes("Ctrl-C"), "it serves");
  const [, url = ""] = /address +(\S+)/.exec(said) ?? [];
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain("process_");
  return { parent, url, said: () => said, ended };
}

/** The script of package.json, with what it runs in the place of ours. */
function startScript(): string {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const words = scripts.start.replace("scripts/bootstrap.mjs start", "start.mjs");
  expect(words).toContain("start.mjs");
  return words;
}

async function childOf(pid: number): Promise<number> {
  const ps = spawn("ps", ["-o", "pid=", "--ppid", String(pid)]);
  let text = "";
  ps.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await once(ps, "close");
  return Number(text.trim());
}

const stops = (said: string) => said.split("\n").filter((line) => line.includes('"stopped"'));

describe.skipIf(process.platform === "win32")("a signal stops the server once and cleanly", () => {
  const alone = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
  it.each(alone)("%s to the process that npm start runs", async (signal) => {
    const { parent, said, ended } = await chain();
    parent.kill(signal);
    expect(await ended).toBe(signal === "SIGKILL" ? null : 0);
    expect(stops(said())).toEqual([expect.stringContaining('"clean":true')]);
  });

  it.each(alone)("%s to npm alone", async (signal) => {
    const { parent, said, ended } = await chain({ byNpm: true });
    parent.kill(signal);
    await ended;
    expect(stops(said())).toEqual([expect.stringContaining('"clean":true')]);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s to the server alone", async (signal) => {
    const { parent, said, ended } = await chain();
    process.kill(await childOf(parent.pid as number), signal);
    expect(await ended).toBe(0);
    expect(stops(said())).toEqual([expect.stringContaining('"clean":true')]);
  });

  it.each([
    ["SIGINT", false],
    ["SIGTERM", false],
    ["SIGINT", true],
  ] as const)("%s to all of them, as a terminal and npm do (npm in front: %s)", async (signal, byNpm) => {
    const { parent, url, said, ended } = await chain({ byNpm });
    // A call that is under way, so that stopping takes its time: a second signal would cut it off.
    const half = await halfRequest(url, "/trpc/server.info", "{}");
    process.kill(-(parent.pid as number), signal);
    parent.kill(signal);
    await until(
      async () => !(await fetch(`${url}/health`).catch(() => null)),
      "it takes no more connections",
    );
    half.finish();
    const code = await ended;
    // Npm's own says which signal it got.
    if (!byNpm) expect(code).toBe(0);
    expect(stops(said())).toEqual([expect.stringContaining('"clean":true')]);
  });

  it("a second one to all of them does not wait", async () => {
    const { parent, url, ended } = await chain();
    await halfRequest(url, "/trpc/server.info", "{}");
    process.kill(-(parent.pid as number), "SIGINT");
    await until(
      async () => !(await fetch(`${url}/health`).catch(() => null)),
      "it takes no more connections",
    );
    process.kill(-(parent.pid as number), "SIGINT");
    expect(await ended).toBe(1);
  });
});
