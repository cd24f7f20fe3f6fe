import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { SERVER } from "./command-process.ts";
import { tempFolder, until } from "./harness.ts";

const RUNNER = pathToFileURL(join(import.meta.dirname, "../../../scripts/run-server.mjs")).href;

interface Chain {
  readonly parent: ChildProcess;
  readonly serverPid: number;
  readonly url: string;
  readonly said: () => string;
  /** The exit code of the parent, once both are gone. */
  readonly ended: Promise<number | null>;
}

/** What `npm start` runs, in a group of its own: a script that runs the server. */
async function chain(): Promise<Chain> {
  const cwd = tempFolder();
  const script = join(cwd, "start.mjs");
  writeFileSync(
    script,
    `import { runServer } from ${JSON.stringify(RUNNER)}; runServer(process.argv[2], process.argv.slice(3), process.env);`,
  );
  const args = [script, SERVER, "--port", "0", "--store", "sqlite:s.db"];
  const { PATH = "" } = process.env;
  const parent = spawn(process.execPath, args, {
    cwd,
    env: { PATH },
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
  return { parent, serverPid: await childOf(parent.pid as number), url, said: () => said, ended };
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

  it.each(["SIGINT", "SIGTERM"] as const)("%s to the server alone", async (signal) => {
    const { serverPid, said, ended } = await chain();
    process.kill(serverPid, signal);
    expect(await ended).toBe(0);
    expect(stops(said())).toEqual([expect.stringContaining('"clean":true')]);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s to all of them, as a terminal and npm do", async (signal) => {
    const { parent, url, said, ended } = await chain();
    // A call that is under way, so that stopping takes its time: a second signal would cut it off.
    const half = connect(Number(new URL(url).port), "127.0.0.1");
    half.on("error", () => {});
    const body = "{}";
    half.write(
      `POST /trpc/server.info HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n{`,
    );
    await fetch(`${url}/health`);
    process.kill(-(parent.pid as number), signal);
    parent.kill(signal);
    await until(
      async () => !(await fetch(`${url}/health`).catch(() => null)),
      "it takes no more connections",
    );
    half.end("}");
    expect(await ended).toBe(0);
    expect(stops(said())).toEqual([expect.stringContaining('"clean":true')]);
  });

  it("a second one to all of them does not wait", async () => {
    const { parent, url, ended } = await chain();
    const half = connect(Number(new URL(url).port), "127.0.0.1");
    half.on("error", () => {});
    half.write(
      "POST /trpc/server.info HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{",
    );
    await fetch(`${url}/health`);
    process.kill(-(parent.pid as number), "SIGINT");
    await until(
      async () => !(await fetch(`${url}/health`).catch(() => null)),
      "it takes no more connections",
    );
    process.kill(-(parent.pid as number), "SIGINT");
    expect(await ended).toBe(1);
    half.destroy();
  });
});
