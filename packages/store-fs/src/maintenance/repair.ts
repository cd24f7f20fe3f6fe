import { resolve } from "node:path";
import { parseSessionId, SessionError, type SessionId } from "@thulp-sessions/core";
import { nextUpdatedAt, notFound } from "@thulp-sessions/core/store";
import { sameStamp, stampOf } from "../disk/file-stamp.ts";
import { changedMeanwhile } from "../disk/io-error.ts";
import { keepAside } from "../disk/quarantine.ts";
import { readBytes } from "../disk/read-file.ts";
import { type Durability, replaceFile } from "../disk/write-file.ts";
import { rewrite } from "../format/encode-file.ts";
import { scanSession } from "../format/file-scan.ts";
import { Damage } from "../format/format-error.ts";
import { madeUpMetadata, NO_CONTEXT, recover } from "../format/salvage.ts";
import { LockFolder } from "../lock/session-lock.ts";
import { SessionFiles } from "../session/session-cache.ts";

export interface RepairOptions {
  readonly durability?: Durability | undefined;
  /** How long to wait for the session's lock; 5000 ms when absent. */
  readonly lockTimeoutMs?: number | undefined;
}

export interface RepairReport {
  readonly id: SessionId;
  /** The file that holds the damaged bytes as they were. */
  readonly kept: string;
  /** How many entries were recovered. */
  readonly entryCount: number;
  /** How many whole entries were left out, since one with their id stands before them. */
  readonly repeated: number;
  /** Where the damage began, in bytes from the start of the file, and what it was. */
  readonly offset: number;
  readonly reason: string;
  /** `made_up`: it could not be read; what follows from the name and the entries stands there, with the tag `recovered`. */
  readonly metadata: "kept" | "made_up";
  /** `lost`: there was none that could be read; it is empty now. */
  readonly context: "kept" | "lost";
}

const DEFAULT_LOCK_TIMEOUT_MS = 5_000;

/**
 * Recovers what is whole in a damaged session file: the entries before and after what is damaged keep their bytes. The
 * file as it was is kept beside it as `{id}.json.damaged-{time}`. Never runs by itself.
 *
 * @returns `null` when the file is not damaged; a torn tail is no damage, the next write cuts it off.
 * @throws {SessionError} not_found; unsupported when the file is whole but holds what JavaScript cannot hold; corrupt when
 *   nothing in it can be recovered; busy, io.
 */
export async function repairFile(
  dir: string,
  id: string,
  options: RepairOptions = {},
): Promise<RepairReport | null> {
  const { durability = "full", lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS } = options;
  const sessionId = parseSessionId(id);
  const files = new SessionFiles(resolve(dir));
  const path = files.pathOf(sessionId);
  if (!stampOf(path)) throw notFound(sessionId);
  const locks = new LockFolder(files.folder, lockTimeoutMs);
  try {
    return await locks.hold(sessionId, () => repair(files, sessionId, path, durability, locks.exactTimes));
  } finally {
    locks.close();
  }
}

async function repair(
  files: SessionFiles,
  id: SessionId,
  path: string,
  durability: Durability,
  exactTimes: boolean,
): Promise<RepairReport | null> {
  const before = files.stamp(id);
  const read = readBytes(path);
  if (!read) throw notFound(id);
  const damage = damageOf(read.bytes);
  if (!damage) return null;
  if (damage.code === "unsupported") {
    throw new SessionError("unsupported", `${path} is not damaged: ${damage.message}. It is left as it is.`, {
      details: { sessionId: id, path, offset: damage.offset },
    });
  }
  const found = recover(read.bytes);
  if (!found.metadata && found.entries.length === 0) {
    throw new SessionError("corrupt", `Nothing in ${path} can be recovered. It is left as it is.`, {
      details: { sessionId: id, path },
    });
  }
  const made = madeUpMetadata(id, found.entries);
  const metadata = found.metadata ?? { value: made, fields: new Map(), unknown: [] };
  const context = found.context ?? NO_CONTEXT;
  const { entries, repeated } = found;
  const scan = {
    metadata,
    context,
    unknown: [],
    entries,
    entriesStart: 0,
    ours: false,
    torn: null,
    damage: null,
  };
  const updatedAt = nextUpdatedAt({ id, updatedAt: metadata.value.updatedAt }, 0);
  const repaired = rewrite(read.bytes, scan, {
    metadata: { ...metadata.value, updatedAt },
    context: context.value,
    keep: entries.length,
    add: [],
  });
  if (!sameStamp(before, read.stamp)) throw changedMeanwhile(path);
  const kept = await keepAside(`${path}.damaged-`, read.bytes, durability);
  await replaceFile(path, repaired, { mode: before.mode, durability, exactTimes });
  return {
    id,
    kept,
    entryCount: entries.length,
    repeated,
    offset: damage.offset,
    reason: damage.message,
    metadata: found.metadata ? "kept" : "made_up",
    context: found.context ? "kept" : "lost",
  };
}

function damageOf(bytes: Buffer): Damage | null {
  try {
    return scanSession(bytes).damage;
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
}
