import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { onTestFinished } from "vitest";
import { tempFolder, until } from "./harness.ts";

/** The server as it was built. */
export const SERVER = join(import.meta.dirname, "..", "dist", "main.js");

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** The command as it was built, with nothing of this process's environment that concerns it. */
export function command(args: readonly string[], options: CommandOptions = {}) {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [SERVER, ...args], {
    cwd: options.cwd ?? tempFolder(),
    env: { PATH, ...options.env },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const told = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    told.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    told.stderr += chunk;
  });
  const exited = once(child, "close").then(([code, signal]) => ({ code, signal, ...told }));
  return { child, told, exited };
}

/** The same, once it serves. */
export async function serving(args: readonly string[], options: CommandOptions = {}) {
  const started = command(["--port", "0", ...args], options);
  await until(() => started.told.stdout.includes("Ctrl-C") || started.child.exitCode !== null, "it serves");
  const [, url] = /address +(\S+)/.exec(started.told.stdout) ?? [];
  if (url === undefined) throw new Error(`it does not serve: ${started.told.stderr}`);
  return { ...started, url, client: createClient({ url }) };
}
