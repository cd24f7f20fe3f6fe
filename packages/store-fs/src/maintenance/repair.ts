import { join, resolve } from "node:path";
import { parseSessionId, SessionError, type SessionId } from "@thulp-sessions/core";
import {
  type Durability,
  firstEpoch,
  nextUpdatedAt,
  notFound,
  type RepairReport,
} from "@thulp-sessions/core/store";
import { SequentialWriter } from "../disk/copy-range.ts";
import { FileClock } from "../disk/file-clock.ts";
import { infoOf } from "../disk/file-stamp.ts";
import { quarantine } from "../disk/quarantine.ts";
import { readBytes } from "../disk/read-file.ts";
import { replaceFile } from "../disk/write-file.ts";
import { epochNumber } from "../file-text/epoch-number.ts";
import { CLOSING, FIRST_SEPARATOR, SEPARATOR } from "../file-text/layout.ts";
import { encodeHeader } from "../format/encode-header.ts";
import type { DecodedEntry } from "../format/serde/codec.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { SessionLocks } from "../lock/session-locks.ts";
import { loadState } from "../session/load-state.ts";
import { withoutMore } from "../session/rewrite-file.ts";
import { NO_CONTEXT, placeholderMetadata, salvage } from "./salvage.ts";

export interface RepairOptions {
  readonly durability?: Durability | undefined;
  /** How long to wait for the session's lock; 5000 ms when absent. */
  readonly lockTimeoutMs?: number | undefined;
}

const DEFAULT_LOCK_TIMEOUT_MS = 5_000;

/**
 * Recovers what is whole in a damaged session file: the entries before and after what is damaged keep their
 * bytes. The file as it was is kept beside it as `{id}.json.damaged-{time}`. Never runs by itself.
 *
 * @returns `null` when the file is not damaged; a torn tail is no damage, the next write cuts it off.
 * @throws {SessionError} not_found; unsupported when the file is whole but holds what JavaScript cannot hold,
 * or is larger
 *   than 1 GiB; corrupt when nothing in it can be recovered; busy, io.
 */
export async function repairFile(
  dir: string,
  id: string,
  options: RepairOptions = {},
): Promise<RepairReport | null> {
  const { durability = "full", lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS } = options;
  const sessionId = parseSessionId(id);
  const folder = resolve(dir);
  const path = join(folder, `${sessionId}.json`);
  const info = infoOf(path);
  if (!info) throw notFound(sessionId);
  if (info.kind !== "file") {
    throw new SessionError("unsupported", `${path} is no regular file: there is nothing to repair.`, {
      details: { sessionId, path },
    });
  }
  const clock = new FileClock();
  const locks = new SessionLocks(folder, lockTimeoutMs, clock);
  try {
    return await locks.hold(sessionId, () => repair(path, sessionId, durability, clock));
  } finally {
    locks.close();
  }
}

async function repair(
  path: string,
  id: SessionId,
  durability: Durability,
  clock: FileClock,
): Promise<RepairReport | null> {
  const damage = damageOf(path, id);
  if (!damage) return null;
  if (damage.code === "unsupported") {
    throw new SessionError("unsupported", `${path} is not damaged: ${damage.message}. It is left as it is.`, {
      details: { sessionId: id, path, offset: damage.offset },
    });
  }
  const read = readBytes(path);
  if (!read) throw notFound(id);
  const { bytes, info } = read;
  const found = salvage(bytes);
  const { entries, repeated } = found;
  if (!found.metadata && entries.length === 0) {
    throw new SessionError("corrupt", `Nothing in ${path} can be recovered. It is left as it is.`, {
      details: { sessionId: id, path },
    });
  }
  const metadata = found.metadata ?? {
    value: placeholderMetadata(id, entries),
    fields: new Map(),
    unknown: [],
  };
  const context = found.context ?? NO_CONTEXT;
  const updatedAt = nextUpdatedAt({ id, updatedAt: metadata.value.updatedAt }, 0);
  const envelope = { bytes, metadata, context, unknown: [] };
  const header = encodeHeader(
    {
      metadata: { ...metadata.value, updatedAt },
      context: context.value,
      // What follows the damage may be gone.
      epoch: firstEpoch(epochNumber()),
    },
    envelope,
  );
  const kept = await quarantine(path, ".damaged-", { start: 0, end: info.size }, info, durability);
  const body = Buffer.concat(entries.flatMap((entry, i) => [separator(i), bytesOfEntry(bytes, entry)]));
  header.setEntriesEnd(header.bytes.length + body.length);
  const fill = (descriptor: number): void => {
    const writer = new SequentialWriter(path, descriptor);
    for (const part of [header.bytes, body, Buffer.from(CLOSING)]) writer.write(part);
  };
  await replaceFile(path, fill, { mode: info.mode, durability, clock });
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

function separator(place: number): Buffer {
  return Buffer.from(place === 0 ? FIRST_SEPARATOR : SEPARATOR);
}

function bytesOfEntry(bytes: Buffer, entry: DecodedEntry): Buffer {
  const own = bytes.subarray(entry.start, entry.end);
  return entry.more ? withoutMore(own, { ...entry, moreAt: entry.moreAt - entry.start }) : own;
}

function damageOf(path: string, id: SessionId): FormatError | null {
  try {
    const state = loadState(path, id);
    if (!state) throw notFound(id);
    return state.damage;
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}
