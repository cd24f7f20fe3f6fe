import fs from "node:fs";

/** What statfs(2) calls file systems that other machines share. FUSE may be anything, and is not named. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x01021997, "9P"],
]);

/**
 * File systems of one machine, on which the kernel reports every change: ext, XFS, Btrfs, tmpfs, F2FS, ZFS,
 * overlayfs.
 */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0xf2f52010, 0x2fc12fc1, 0x794c7630,
]);

/** What kind of network drive the folder is on, as far as the system says; `null` for none that is known. */
export function networkDriveOf(folder: string): string | null {
  if (process.platform === "win32") return folder.startsWith("\\\\") ? "a network share" : null;
  return NETWORK_TYPES.get(typeOf(folder)) ?? null;
}

/**
 * Does the system report every change of a file in the folder, whoever makes it? False where that is not
 * certain.
 */
export function reportsEveryChange(folder: string): boolean {
  return LOCAL_TYPES.has(typeOf(folder));
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
