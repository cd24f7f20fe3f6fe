import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { availableMemory } from "node:process";

const SHARED_MEMORY = "/dev/shm";
/** The largest tests that run beside each other hold half of it. */
const NEEDED_BYTES = 6 * 1024 ** 3;

let folder: string | undefined;

/**
 * A folder in memory for the temporary files of tests, gone with this process. It is that of the system where
 * there is no such file system with room enough, and with `npm run soak`, which tests on a disk.
 */
export function memoryFolder(): string {
  folder ??= hasRoom() ? makeFolder() : tmpdir();
  return folder;
}

function hasRoom(): boolean {
  if (process.env["SOAK"] === "1" || process.platform !== "linux") return false;
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize >= NEEDED_BYTES && availableMemory() >= NEEDED_BYTES;
  } catch {
    return false;
  }
}

function makeFolder(): string {
  const made = mkdtempSync(`${SHARED_MEMORY}/thulp-tests-`);
  // As /tmp: some tests run programs as another user.
  chmodSync(made, 0o1777);
  process.once("exit", () => rmSync(made, { recursive: true, force: true, maxRetries: 3 }));
  return made;
}
