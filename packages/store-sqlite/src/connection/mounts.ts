import { readFileSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, sep } from "node:path";
import type { StoreWarning } from "@thulp-sessions/core";
import { NETWORK_FILE_SYSTEMS } from "@thulp-sessions/core/store";
import { refused } from "./application-id.ts";
import { realPath } from "./real-path.ts";

const OVERLAY_TYPE = 0x794c7630;
const FUSE_TYPE = 0x65735546;

/**
 * A single file that is mounted into a container: its WAL would be beside the place where it is mounted, in
 * the container, and be lost with it.
 *
 * @throws {SessionError} unsupported
 */
export function refuseMountedFile(file: string): void {
  if (!isMountPoint(file)) return;
  throw refused(
    file,
    "is mounted here by itself: SQLite keeps its write-ahead log beside it, in another place than the file comes from, where " +
      "other programs do not find it and where the newest sessions are lost with a container. Mount its folder instead",
  );
}

/** What should be known of where the file is; `null` for a disk like any other. */
export function placeWarning(file: string): StoreWarning | null {
  const problem = problemOfType(typeOf(dirname(file)), file);
  return problem === null ? null : { code: "unsupported", message: `${file} ${problem}`, path: file };
}

/** @param type what statfs(2) says, on Linux. */
export function problemOfType(type: number, file: string): string | null {
  const network = file.startsWith("\\\\") ? "a network share" : NETWORK_FILE_SYSTEMS.get(type);
  if (network !== undefined)
    return (
      `is on a network drive (${network}): the locks and the shared memory of SQLite do not work between machines, and two of ` +
      "them that have it open damage it. Keep it on a local disk, and serve it to other machines through the API."
    );
  if (type === FUSE_TYPE)
    return (
      "is on a FUSE drive, such as a folder that a virtual machine or a container shares with its host: have it open on one " +
      "side only, and better keep it on a volume."
    );
  // What is in the folder for temporary files is meant to go.
  if (type === OVERLAY_TYPE && !file.startsWith(realPath(tmpdir()) + sep))
    return "is in the layers of a container (overlayfs), and goes with it. Put its folder on a volume.";
  return null;
}

/** 0 where the system does not say. */
function typeOf(folder: string): number {
  if (process.platform !== "linux") return 0;
  try {
    // As the kernel has it: some systems hand the upper half on with a sign.
    return statfsSync(folder).type >>> 0;
  } catch {
    return 0;
  }
}

function isMountPoint(file: string): boolean {
  if (process.platform !== "linux") return false;
  try {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    // Number, parent, device, root, where it is mounted, with white space in octal.
    return mounts.some((line) => line.split(" ", 5)[4]?.replace(/\\([0-7]{3})/g, octal) === file);
  } catch {
    return false;
  }
}

function octal(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8));
}
