import { randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { schemeOf } from "./schemes/store-schemes.ts";
import { parseStoreUrl, placeOf } from "./store-url.ts";

/** As a value of the setting: the token that lies beside the store. */
export const AUTO = "auto";

/** No token of ours is longer. */
const MAX_BYTES = 1024;

/**
 * Where the token of a store lies: beside it, or where its scheme says; `null` for a store without a place on
 * this machine.
 */
export function autoTokenPath(store: string): string | null {
  const location = parseStoreUrl(store, "");
  const place = placeOf(location) ?? schemeOf(location).tokenBeside?.() ?? null;
  return place === null ? null : `${place}.token`;
}

/**
 * The token that lies there; `undefined` where there is none.
 *
 * @throws {SessionError} io for a file that others may read, or that holds no token.
 */
export function readAutoToken(path: string): string | undefined {
  let descriptor: number;
  try {
    // Neither a link nor a pipe that somebody else has put there.
    descriptor = openSync(path, constants.O_RDONLY | NO_LINK | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unusable(path, (error as Error).message, error);
  }
  try {
    const stats = fstatSync(descriptor);
    if (process.platform !== "win32" && (stats.mode & 0o077) !== 0)
      throw unusable(path, "others may read or change it: delete it, and a new one is made");
    // On some file systems a folder is as short as a token.
    if (!stats.isFile() || stats.size > MAX_BYTES)
      throw unusable(path, "it is no token: delete it, and a new one is made");
    const token = readFileSync(descriptor, "latin1").trim();
    if (/^[\x21-\x7e]{16,}$/.test(token)) return token;
    throw unusable(path, "it is no token: delete it, and a new one is made");
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The token that lies there, made where there is none: 256 bits, for the owner of the store only. Servers
 * that start at the same time get the same one.
 *
 * @throws {SessionError} io
 */
export function makeAutoToken(path: string): string {
  const found = readAutoToken(path);
  if (found !== undefined) return found;
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    writeDraft(draft, path);
    try {
      // In one step, and only if nobody was quicker: a reader never sees half of a token.
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      unlinkSync(draft);
    }
  } catch (error) {
    throw new SessionError("io", `${path}: the token cannot be written: ${(error as Error).message}.`, {
      cause: error,
      details: { path },
    });
  }
  const made = readAutoToken(path);
  if (made === undefined) throw unusable(path, "it was deleted while it was made");
  return made;
}

function writeDraft(draft: string, path: string): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_LINK;
  const descriptor = openSync(draft, flags, 0o600);
  try {
    writeFileSync(descriptor, `${randomBytes(32).toString("base64url")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  giveToOwner(draft, dirname(path));
}

/** One command with sudo must lock nobody out: what the superuser makes is the folder's owner's. */
function giveToOwner(file: string, folder: string): void {
  if (process.geteuid?.() !== 0) return;
  try {
    const { uid, gid } = statSync(folder);
    chownSync(file, uid, gid);
  } catch {
    // Not allowed, e.g. on a network drive that maps root to nobody: then it stays as it is.
  }
}

const NO_LINK = constants.O_NOFOLLOW ?? 0;

function unusable(path: string, reason: string, cause?: unknown): SessionError {
  return new SessionError("io", `${path}: the token cannot be used: ${reason}.`, {
    cause,
    details: { path },
  });
}
