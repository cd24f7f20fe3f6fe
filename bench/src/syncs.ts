import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = "THULP_BENCH_SYNCS";
const SOURCE = join(import.meta.dirname, "..", "native", "count-syncs.c");

/** Why syncs are not counted, where they are not. */
export const UNCOUNTED = process.env["THULP_BENCH_UNCOUNTED"];

/**
 * The syncs that a process has finished so far; undefined where they are not counted. Its children count for themselves.
 */
export function syncsOf(pid: number): number | undefined {
  const folder = process.env[FOLDER];
  return folder === undefined ? undefined : countIn(folder, pid);
}

export function countIn(folder: string, pid: number): number {
  return Number(readFileSync(join(folder, `${pid}`)).readBigUInt64LE());
}

/**
 * Runs this program once more so that its syncs, and those of all processes it starts, are counted; gives its exit code. In
 * the run itself, gives undefined. Where they cannot be counted (another system than Linux, no C compiler) the run knows why.
 */
export function rerunCounted(): number | undefined {
  if (process.env[FOLDER] !== undefined || UNCOUNTED !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "thulp-bench-syncs-"));
  try {
    const shim = join(folder, "count-syncs.so");
    const why = compile(shim);
    const env = why === undefined ? { LD_PRELOAD: shim, [FOLDER]: folder } : { THULP_BENCH_UNCOUNTED: why };
    const args = [...process.execArgv, ...process.argv.slice(1)];
    const { status } = spawnSync(process.execPath, args, {
      stdio: "inherit",
      env: { ...process.env, ...env },
    });
    return status ?? 1;
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
