import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { join } from "node:path";
import { installedPeers } from "./peer-packages.ts";
import { UNCOUNTED } from "./syncs.ts";

/** Where something was measured. */
export interface Environment {
  readonly commit: string;
  readonly node: string;
  readonly sqlite: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Of the folder that the stores lie in. */
  readonly fileSystem: string;
  /** How syncs are counted, or why not. */
  readonly syncs: string;
  readonly packages: Readonly<Record<string, string>>;
}

export function environment(): Environment {
  const cpus = os.cpus();
  return {
    commit: commit(),
    node: process.version,
    sqlite: `${sqliteVersion()} (better-sqlite3 ${versionOf("better-sqlite3")})`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    fileSystem: fileSystemOf(os.tmpdir()),
    syncs: UNCOUNTED ?? "counted by native/count-syncs.c",
    packages: {
      ...installedPeers(),
      autocannon: versionOf("autocannon"),
      "@trpc/server": versionOf("@trpc/server"),
    },
  };
}

function versionOf(name: string): string {
  const path = join(import.meta.dirname, "..", "..", "node_modules", name, "package.json");
  return JSON.parse(readFileSync(path, "utf8")).version;
}

function sqliteVersion(): string {
  const Database = createRequire(import.meta.url)("better-sqlite3");
  const db = new Database(":memory:");
  const version: string = db.prepare("SELECT sqlite_version()").pluck().get();
  db.close();
  return version;
}

/** The commit, and whether the files were changed since. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    // Results and the page change by the run itself.
    const changed =
      git(
        "status",
        "--porcelain",
        "--",
        ":/",
        ":!/bench/results",
        ":!/bench/PERFORMANCE.md",
        ":!/bench/plots",
      ).trim() !== "";
    return `${git("rev-parse", "--short", "HEAD").trim()}${changed ? " with changes" : ""}`;
  } catch {
    return "unknown";
  }
}

function fileSystemOf(folder: string): string {
  try {
    const [, ...lines] = execFileSync("df", ["-PT", folder], { encoding: "utf8" }).trim().split("\n");
    return lines[0]?.split(/\s+/)[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
