import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {} from "vitest";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder for what the files of one run share. */
    sharedFolder: string;
  }
}

let folder: string | undefined;

/** For `globalSetup` of Vitest. */
export function setup(project: TestProject): void {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "thulp-shared-")));
  project.provide("sharedFolder", folder);
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
