import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const FOLDER = join(ROOT, "bench", "peers");
const STAMP = join(FOLDER, "node_modules", ".bench-stamp");

/**
 * Installs the packages of other people that candidates need, unless they are there: from their lockfile, by
 * the pnpm of this repository, without running any script of a package. Gives the reason if that fails.
 */
export function installPeers(): string | undefined {
  const hash = createHash("sha256").update(process.version);
  for (const name of ["package.json", "pnpm-lock.yaml"]) hash.update(readFileSync(join(FOLDER, name)));
  const stamp = hash.digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return undefined;
  console.log("installing the peers into bench/peers (some 400 MB, no part of the workspace)");
  const pnpm = join(ROOT, ".tools", "node_modules", "pnpm", "bin", "pnpm.cjs");
  const args = [
    pnpm,
    "install",
    "--frozen-lockfile",
    "--ignore-workspace",
    "--ignore-scripts",
    "--reporter=silent",
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: FOLDER,
    encoding: "utf8",
    env: { ...process.env, CI: "true" },
  });
  if (status !== 0) return `bench/peers cannot be installed: ${`${stdout}${stderr}`.trim().split("\n")[0]}`;
  writeFileSync(STAMP, stamp);
  return undefined;
}

/** The packages by name, and the versions that are there. */
export function installedPeers(): Record<string, string> {
  const { dependencies } = readJson(join(FOLDER, "package.json")) as { dependencies: Record<string, string> };
  return Object.fromEntries(
    Object.keys(dependencies)
      .map((name) => [name, join(FOLDER, "node_modules", name, "package.json")] as const)
      .filter(([, path]) => existsSync(path))
      .map(([name, path]) => [name, (readJson(path) as { version: string }).version]),
  );
}

/** Loads one of `peers.mjs`; the caller types the little that it uses. */
export async function loadPeer<T>(name: string): Promise<T> {
  const peers = await import(pathToFileURL(join(FOLDER, "peers.mjs")).href);
  return peers[name]();
}

/** A Node of at least this major version, for candidates that need one; undefined where there is none. */
export function nodeOfAtLeast(major: number): string | undefined {
  if (Number(process.versions.node.split(".")[0]) >= major) return process.execPath;
  const node24 = join(ROOT, "tooling", "other-nodes", "node_modules", "node-24", "bin", "node");
  return major <= 24 && existsSync(node24) ? node24 : undefined;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
