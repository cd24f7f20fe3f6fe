import fs from "node:fs";

/** What statfs(2) tells of file systems that other machines share. FUSE may be anything, and is not told of. */
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

/** What kind of network drive the folder is on, as far as the system tells; `null` for none that is known. */
export function networkDriveOf(folder: string): string | null {
  if (process.platform === "win32") return folder.startsWith("\\\\") ? "a network share" : null;
  if (process.platform !== "linux") return null;
  try {
    // As the kernel has it: some systems hand the upper half on with a sign.
    return NETWORK_TYPES.get(fs.statfsSync(folder).type >>> 0) ?? null;
  } catch {
    return null;
  }
}
