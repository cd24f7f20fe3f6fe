import { join } from "node:path";
import { localFileSystemOf } from "../disk/file-system.ts";
import { isListenedTo } from "./alive-socket.ts";
import { isDead, isHere, type LockOwner } from "./lock-owner.ts";

/**
 * What is certain of the owner of a lock: that it lives, or has ended. `unknown`: it is of another container
 * or machine, and nothing in the folder says more.
 *
 * @param locks the folder of locks in which it is named.
 */
export async function lifeOf(locks: string, owner: LockOwner): Promise<"lives" | "ended" | "unknown"> {
  if (isHere(owner)) return isDead(owner) ? "ended" : "lives";
  // The socket says it of the processes of this kernel. Where both have found the folder on the same local
  // file system, another kernel was that of this machine before its last start.
  const isOfThisKernel = owner.fileSystem !== null && owner.fileSystem === localFileSystemOf(locks);
  if (!owner.listens || !isOfThisKernel) return "unknown";
  const listens = await isListenedTo(socketOf(join(locks, `owner-${owner.token}`)));
  return listens === null ? "unknown" : listens ? "lives" : "ended";
}

export const SOCKET_ENDING = ".alive";

/** Of the owner whose file it is. */
export function socketOf(ownerFile: string): string {
  return ownerFile + SOCKET_ENDING;
}
