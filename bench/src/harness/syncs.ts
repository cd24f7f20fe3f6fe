import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = "THULP_BENCH_SYNCS";
const SOURCE = join(import.meta.dirname, "..", "..", "native", "count-syncs.c");

/** Why syncs are not counted, where they are not. */
export const UNCOUNTED = process.env["THULP_BENCH_UNCOUNTED"];

/**
 * The syncs that a process has finished so far; undefined where they are not counted. Its children count for
 * themselves.
 */
export function syncsOf(pid: number): number | undefined {
  const folder = process.env[FOLDER];
  return folder === undefined ? undefined : countIn(folder, pid);
}

/** The syncs of this process and of all its descendants so far. */
export function syncsOfAll(): number | undefined {
  const folder = process.env[FOLDER];
  if (folder === undefined) return undefined;
  const pids = readdirSync(folder).map(Number).filter(Number.isInteger);
  return pids.reduce((sum, pid) => sum + countIn(folder, pid), 0);
}

export function countIn(folder: string, pid: number): number {
  return Number(readFileSync(join(folder, `${pid}`)).readBigUInt64LE());
}

/**
 * Runs this program a second time with its syncs, and those of all processes it starts, counted; gives its
 * exit code. In the run itself, gives undefined. Where they cannot be counted (another system than Linux, no
 * C compiler) the run knows the reason.
 */
export async function rerunCounted(): Promise<number | undefined> {
  if (process.env[FOLDER] !== undefined || UNCOUNTED !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "thulp-bench-syncs-"));
  try {
    const shim = join(folder, "count-syncs.so");
    const why = compile(shim);
    const env = why === undefined ? countingEnv(shim, folder) : { THULP_BENCH_UNCOUNTED: why };
    const args = [...process.execArgv, ...process.argv.slice(1)];
    const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, ...env } });
    // A Ctrl-C reaches both processes; a signal to this one alone is passed on to the run.
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What makes a process and its children count into a folder. */
export function countingEnv(shim: string, folder: string): Record<string, string> {
  return { LD_PRELOAD: shim, [FOLDER]: folder };
}

/** Compiles what counts; gives what stands in the way, if anything does. */
export function compile(shim: string): string | undefined {
  if (process.platform !== "linux") return `syncs are counted on Linux only, this is ${process.platform}`;
  const compiler = process.env["CC"] ?? "cc";
  const { error, status, stderr } = spawnSync(compiler, ["-shared", "-fPIC", "-O1", "-o", shim, SOURCE], {
    encoding: "utf8",
  });
  if (error) return `the C compiler ${compiler} cannot be started`;
  return status === 0 ? undefined : `the C compiler ${compiler} fails: ${stderr.trim().split("\n")[0]}`;
}
