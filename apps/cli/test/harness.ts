import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

export const MAIN = join(import.meta.dirname, "..", "dist", "main.js");

/** An empty folder that is gone after the test. */
export function tempFolder(): string {
  const folder = makeTempFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * For what many tests of a file begin with and several commands make: they run once, and every call gives a
 * test a copy of the folder that they were run in. Call it outside of tests.
 */
export function preparedFolder(make: (cwd: string) => void): () => string {
  let prepared: string | undefined;
  afterAll(() => {
    if (prepared !== undefined) rmSync(prepared, { recursive: true, force: true });
  });
  return () => {
    if (prepared === undefined) {
      const folder = makeTempFolder();
      make(folder);
      prepared = folder;
    }
    const folder = tempFolder();
    cpSync(prepared, folder, { recursive: true });
    return folder;
  };
}

export function makeTempFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "thulp-cli-")));
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

function environment(env: RunOptions["env"] = {}): Record<string, string> {
  const { PATH = "" } = process.env;
  return { PATH, TZ: "UTC", ...env };
}

/**
 * Runs the command as it was built, to its end, with nothing of this process's environment that concerns it.
 */
export function cli({ cwd, env, input = "" }: RunOptions, ...args: readonly string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    env: environment(env),
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { code: status, stdout, stderr };
}

/** The same, for what has to succeed: its output without the last line end. */
export function ok(options: RunOptions, ...args: readonly string[]): string {
  const { code, stdout, stderr } = cli(options, ...args);
  if (code !== 0) throw new Error(`thulp-sessions ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout.replace(/\n$/, "");
}

/** Starts the command and leaves it running until the test ends. */
export function start({ cwd, env }: RunOptions, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: environment(env) });
  onTestFinished(() => void child.kill("SIGKILL"));
  const told = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    told.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    told.stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, told, ended };
}

/** Asks again until the condition holds; for what nothing tells of. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Why there is no pseudo-terminal here, or null. */
export const NO_TERMINAL = hasPython() ? null : "no python3 with the pty module";

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import pty"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs the command on a pseudo-terminal; each step waits for a text and types another. */
export function onTerminal(
  { cwd, env }: RunOptions,
  {
    columns = 80,
    steps = [],
  }: { readonly columns?: number; readonly steps?: readonly (readonly [string, string])[] },
  ...args: readonly string[]
): Result {
  const { status, stdout, stderr } = spawnSync(
    "python3",
    [
      join(import.meta.dirname, "terminal.py"),
      String(columns),
      JSON.stringify(steps),
      process.execPath,
      MAIN,
      ...args,
    ],
    { cwd, env: environment({ TERM: "xterm", PAGER: "cat", ...env }), encoding: "utf8" },
  );
  return { code: status, stdout, stderr };
}
