import fs from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { isSessionError, type SessionId } from "@thulp-sessions/core";
import { isCanonicalUuid, type StoreFinding } from "@thulp-sessions/core/store";
import { infoOf } from "../disk/file-stamp.ts";
import { io } from "../disk/io-error.ts";
import { LABEL_FILE, LOCKS_FOLDER } from "../disk/names.ts";
import { withReadableFile } from "../disk/read-file.ts";
import { type ByteSource, ByteWindow } from "../format/byte-window.ts";
import { skipCanonicalEntry } from "../format/canonical-entry.ts";
import { FileWalker } from "../format/file-walker.ts";
import { decodeEntry, type EntrySpan } from "../format/serde/codec.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { CACHE_FOLDER } from "../list/metadata-cache.ts";
import { whyNot } from "../lock/access.ts";
import { loadState } from "../session/load-state.ts";
import { readLocks } from "./locks.ts";

/** What is worth knowing of one file. */
export interface FileFinding extends StoreFinding {
  readonly path: string;
  /**
   * - `damaged`: cannot be read from `offset` on; `repairFile` recovers what is whole.
   * - `unsupported`: the original can read it, JavaScript cannot hold a number in it; or it is no regular
   *   file.
   * - `torn`: a crash has left part of a write behind `offset`; the next write to the session cuts it off.
   * - `other_id`: says another id than its name, under which it is served.
   * - `repeated_entry_id`: holds an entry id more than once.
   * - `misnamed`: its name is a UUID in another spelling, so it is not served.
   * - `temporary`: left by a killed process; the next open removes it.
   * - `kept_bytes`: bytes that were cut off or replaced, kept for a person to look at.
   * - `in_use`: a process of another container holds the lock of the session, and lives.
   * - `locked`: a process of another machine or container holds the lock of the session. Whether it lives
   *   cannot be told; if not, nobody can write to the session until the lock is removed.
   * - `foreign`: not ours, and never touched.
   * - `unreadable`: the system could not read it.
   */
  readonly kind:
    | "damaged"
    | "unsupported"
    | "torn"
    | "other_id"
    | "repeated_entry_id"
    | "misnamed"
    | "temporary"
    | "kept_bytes"
    | "in_use"
    | "locked"
    | "foreign"
    | "unreadable";
}

/**
 * Looks at every file of a folder of sessions, and changes nothing. Healthy sessions are not reported. A file
 * that cannot be read is a finding of its own and stops nothing.
 *
 * @returns in the order of the names.
 * @throws {SessionError} io when the folder cannot be read.
 */
export async function inspectStore(dir: string): Promise<FileFinding[]> {
  const folder = resolve(dir);
  const findings: FileFinding[] = [];
  for (const name of io(folder, "list", () => fs.readdirSync(folder)).sort()) {
    if (name === CACHE_FOLDER || name === LABEL_FILE) continue;
    findings.push(
      ...(name === LOCKS_FOLDER ? await inspectLocks(folder) : inspectFile(join(folder, name), name)),
    );
    await setImmediate();
  }
  return findings;
}

async function inspectLocks(folder: string): Promise<FileFinding[]> {
  try {
    return (await readLocks(folder))
      .filter(({ owner, isHere }) => owner !== "ended" && !isHere)
      .map(({ path, sessionId, holder, owner }) => ({
        path,
        kind: owner === "lives" ? "in_use" : "locked",
        sessionId,
        reason:
          owner === "lives"
            ? `held by ${holder}, which lives`
            : `held by ${holder}, of which nothing is known here: if no program writes there, thulp-sessions unlock ${sessionId}`,
      }));
  } catch (error) {
    if (!isSessionError(error)) throw error;
    // Another user's: nobody here could hold a lock, or be held up by one.
    if (whyNot(folder) !== null) return [];
    return [{ path: join(folder, LOCKS_FOLDER), kind: "unreadable", reason: error.message }];
  }
}

function inspectFile(path: string, name: string): FileFinding[] {
  const [, stem = "", rest = ""] = /^(.*?)\.json(.*)$/s.exec(name) ?? [];
  if (isCanonicalUuid(stem)) {
    const sessionId = stem as SessionId;
    if (rest === "") return inspectReadable(path, sessionId);
    if (/^\.tmp-\d+-[0-9a-z]+$/.test(rest)) {
      const reason = "left by a process that was killed while it wrote";
      return [{ path, kind: "temporary", sessionId, reason }];
    }
    if (/^\.(torn|damaged)-\d+$/.test(rest)) {
      const reason = "bytes that were cut off or replaced; remove it when nothing in it is missed";
      return [{ path, kind: "kept_bytes", sessionId, reason }];
    }
  }
  if (rest === "" && isCanonicalUuid(stem.toLowerCase())) {
    const reason = "the name of a session is its id in lower case; rename it to serve it";
    return [{ path, kind: "misnamed", reason }];
  }
  return [{ path, kind: "foreign", reason: "not a session" }];
}

function inspectReadable(path: string, sessionId: SessionId): FileFinding[] {
  try {
    return inspectSession(path, sessionId);
  } catch (error) {
    if (!isSessionError(error)) throw error;
    return [{ path, kind: "unreadable", sessionId, reason: error.message }];
  }
}

function inspectSession(path: string, sessionId: SessionId): FileFinding[] {
  const info = infoOf(path);
  if (!info) return [];
  if (info.kind !== "file") {
    const reason = info.kind === "link" ? "a symbolic link" : "no regular file";
    return [{ path, kind: "unsupported", sessionId, reason }];
  }
  const found = (kind: FileFinding["kind"], reason: string, offset?: number): FileFinding => ({
    path,
    kind,
    sessionId,
    ...(offset === undefined ? {} : { offset }),
    reason,
  });
  const damaged = ({ code, message, offset }: FormatError) =>
    found(code === "corrupt" ? "damaged" : "unsupported", message, offset);
  try {
    const state = loadState(path, sessionId);
    if (!state) return [];
    const findings: FileFinding[] = state.damage ? [damaged(state.damage)] : [];
    const { tail } = state;
    if (tail?.kind === "torn")
      findings.push(found("torn", `${tail.end - tail.start} bytes of an interrupted write`, tail.start));
    const { ownId, repeated } = withReadableFile(path, idsIn) ?? { ownId: sessionId, repeated: undefined };
    if (ownId !== sessionId) findings.push(found("other_id", `says the id ${ownId}`));
    if (repeated)
      findings.push(
        found("repeated_entry_id", `the entry ${repeated.id} stands there again`, repeated.start),
      );
    return findings;
  } catch (error) {
    if (error instanceof FormatError) return [damaged(error)];
    throw error;
  }
}

/**
 * The id that a file says it has, and the first entry whose id stands there before, as far as the file can be
 * read.
 */
function idsIn(source: ByteSource): { ownId: string | undefined; repeated: EntrySpan | undefined } {
  const seen = new Set<string>();
  const window = new ByteWindow(source);
  let repeated: EntrySpan | undefined;
  const walker = new FileWalker(window, {
    readEntry: (scanner): EntrySpan => skipCanonicalEntry(scanner) ?? decodeEntry(scanner),
    onEntry: (entry) => {
      if (!repeated && seen.has(entry.id)) repeated = { ...entry, start: window.base + entry.start };
      seen.add(entry.id);
    },
  });
  walker.run();
  return { ownId: walker.metadata?.value.id, repeated };
}
