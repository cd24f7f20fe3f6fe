import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = makeFolder();
  onTestFinished(() => removeFolder(folder));
  return folder;
}

/** For files whose tests look at bytes, or at a disk that they have made up: their folders lie in memory. */
export function useFoldersInMemory(): void {
  process.env["TMPDIR"] = process.env["MEMORY_TMPDIR"] ?? tmpdir();
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "thulp-fs-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
