import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder that is gone after the test. */
export function tempFolder(): string {
  const folder = makeTempFolder();
  onTestFinished(() => removeTempFolder(folder));
  return folder;
}

export function makeTempFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "thulp-config-")));
}

export function removeTempFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
