import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

/** The user `nobody`, as whom tests run a process. */
export const NOBODY = 65_534;

/** Only root of Linux can start a process as another user, who has to reach this code. */
export const CAN_BE_NOBODY =
  process.platform === "linux" &&
  process.geteuid?.() === 0 &&
  spawnSync(
    process.execPath,
    ["-e", `fs.readdirSync(${JSON.stringify(join(packageFolder, "node_modules"))})`],
    { uid: NOBODY, gid: NOBODY },
  ).status === 0;

/**
 * Bundles a script of test/child from the sources, so that Node can run it in a process of its own and no
 * build of an earlier state is tested by mistake.
 */
export async function bundleChild(name: string): Promise<{ script: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "store-sqlite-child-"));
  // As in the built package: the migrations beside the folder of the code.
  await cp(join(packageFolder, "drizzle"), join(folder, "drizzle"), { recursive: true });
  await symlink(join(packageFolder, "node_modules"), join(folder, "node_modules"));
  await build({
    configFile: false,
    logLevel: "silent",
    root: packageFolder,
    ssr: {
      noExternal: true,
      external: ["better-sqlite3"],
      resolve: { conditions: ["@thulp-sessions/source", "module", "node"] },
    },
    build: {
      ssr: join(packageFolder, "test", "child", `${name}.ts`),
      outDir: join(folder, "dist"),
      rollupOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  });
  return {
    script: join(folder, "dist", `${name}.mjs`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface Child {
  readonly process: ChildProcess;
  /** What it has printed, line by line. A torn last line is left out. */
  readonly lines: string[];
  /** Resolves when it has printed that many lines, rejects when it ends before. */
  printed(count: number): Promise<void>;
  /** Its exit code, or the signal it died of. */
  readonly ended: Promise<number | string>;
}

export function startChild(script: string, ...args: string[]): Child {
  return startChildAs(undefined, script, ...args);
}

/** @param uid whose process it is; this one's when absent. */
export function startChildAs(uid: number | undefined, script: string, ...args: string[]): Child {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    ...(uid === undefined ? {} : { uid }),
  });
  const lines: string[] = [];
  const waiting: { count: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    for (const each of waiting) if (lines.length >= each.count) each.resolve();
  });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const each of waiting) each.reject(new Error(`The child ended (${code ?? signal}) too early.`));
      resolve(code ?? signal ?? "");
    });
  });
  return {
    process: child,
    lines,
    ended,
    printed: (count) =>
      new Promise((resolve, reject) => {
        if (lines.length >= count) resolve();
        else waiting.push({ count, resolve, reject });
      }),
  };
}
