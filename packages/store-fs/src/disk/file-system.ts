import fs from "node:fs";
import { LOCAL_FILE_SYSTEMS, NETWORK_FILE_SYSTEMS } from "@thulp-sessions/core/store";

/** What kind of network drive the folder is on, as far as the system says; `null` for none that is known. */
export function networkDriveOf(folder: string): string | null {
  if (process.platform === "win32") return folder.startsWith("\\\\") ? "a network share" : null;
  return NETWORK_FILE_SYSTEMS.get(typeOf(folder)) ?? null;
}

/**
 * Does the system report every change of a file in the folder, whoever makes it? False where that is not
 * certain.
 */
export function reportsEveryChange(folder: string): boolean {
  return LOCAL_FILE_SYSTEMS.has(typeOf(folder));
}

/** The type of the file system, where this machine's kernel alone has it mounted; else `null`. */
export function localFileSystemOf(folder: string): number | null {
  const type = typeOf(folder);
  return LOCAL_FILE_SYSTEMS.has(type) ? type : null;
}

/** 0 where the system does not say. */
function typeOf(folder: string): number {
  if (process.platform !== "linux") return 0;
  try {
    // As the kernel has it: some systems hand the upper half on with a sign.
    return fs.statfsSync(folder).type >>> 0;
  } catch {
    return 0;
  }
}
