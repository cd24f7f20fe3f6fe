import fs from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { SessionId } from "@thulp-sessions/core";
import { isCanonicalUuid } from "@thulp-sessions/core/store";
import { stampOf } from "../disk/file-stamp.ts";
import { io } from "../disk/io-error.ts";
import { readBytes } from "../disk/read-file.ts";
import { scanSession } from "../format/file-scan.ts";
import { Damage } from "../format/format-error.ts";
import { CACHE_FOLDER } from "../list/metadata-cache.ts";

/** What is worth knowing of one file. */
export interface Finding {
  readonly path: string;
  /**
   * - `damaged`: cannot be read from `offset` on; `repairFile` recovers what is whole.
   * - `unsupported`: the original can read it, JavaScript cannot hold a number in it; or it is no regular file.
   * - `torn`: a crash has left part of a write behind `offset`; the next write to the session cuts it off.
   * - `other_id`: says another id than its name, under which it is served.
   * - `repeated_entry_id`: holds an entry id more than once.
   * - `misnamed`: its name is a UUID in another spelling, so it is not served.
   * - `temporary`: left by a killed process; the next open removes it.
   * - `kept_bytes`: bytes that were cut off or replaced, kept for a person to look at.
   * - `foreign`: not ours, and never touched.
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
    | "foreign";
  readonly sessionId?: SessionId;
  /** In bytes from the start of the file. */
  readonly offset?: number;
  /** For people. */
  readonly reason: string;
}

/**
 * Looks at every file of a folder of sessions, and changes nothing. Healthy sessions are not told of.
 *
 * @returns in the order of the names.
 * @throws {SessionError} io when the folder or a file cannot be read.
 */
export async function inspectStore(dir: string): Promise<Finding[]> {
  const folder = resolve(dir);
  const findings: Finding[] = [];
  for (const name of io(folder, "list", () => fs.readdirSync(folder)).sort()) {
    if (name === ".locks" || name === CACHE_FOLDER) continue;
    findings.push(...inspectFile(join(folder, name), name));
    await setImmediate();
  }
  return findings;
}

function inspectFile(path: string, name: string): Finding[] {
  const [, stem = "", rest = ""] = /^(.*?)\.json(.*)$/s.exec(name) ?? [];
  if (isCanonicalUuid(stem)) {
    if (rest === "") return inspectSession(path, stem as SessionId);
    const sessionId = stem as SessionId;
    if (/^\.tmp-\d+-[0-9a-z]+$/.test(rest)) {
      return [
        { path, kind: "temporary", sessionId, reason: "left by a process that was killed while it wrote" },
      ];
    }
    if (/^\.(torn|damaged)-\d+$/.test(rest)) {
      return [
        {
          path,
          kind: "kept_bytes",
          sessionId,
          reason: "bytes that were cut off or replaced; remove it when nothing in it is missed",
        },
      ];
    }
  }
  if (rest === "" && isCanonicalUuid(stem.toLowerCase())) {
    return [
      {
        path,
        kind: "misnamed",
        reason: "the name of a session is its id in lower case; rename it to serve it",
      },
    ];
  }
  return [{ path, kind: "foreign", reason: "not a session" }];
}

function inspectSession(path: string, sessionId: SessionId): Finding[] {
  const stamp = stampOf(path);
  if (!stamp) return [];
  if (stamp.kind !== "file") {
    const reason = stamp.kind === "link" ? "a symbolic link" : "no regular file";
    return [{ path, kind: "unsupported", sessionId, reason }];
  }
  const read = readBytes(path);
  if (!read) return [];
  const found = (kind: Finding["kind"], reason: string, offset?: number): Finding => ({
    path,
    kind,
    sessionId,
    ...(offset === undefined ? {} : { offset }),
    reason,
  });
  const damaged = ({ code, message, offset }: Damage) =>
    found(code === "corrupt" ? "damaged" : "unsupported", message, offset);
  try {
    const { metadata, entries, damage, torn } = scanSession(read.bytes);
    const findings: Finding[] = damage ? [damaged(damage)] : [];
    if (torn)
      findings.push(found("torn", `${torn.end - torn.start} bytes of an interrupted write`, torn.start));
    if (metadata.value.id !== sessionId) findings.push(found("other_id", `says the id ${metadata.value.id}`));
    const seen = new Set<string>();
    const repeated = entries.find(({ id }) => seen.size === seen.add(id).size);
    if (repeated)
      findings.push(
        found("repeated_entry_id", `the entry ${repeated.id} stands there again`, repeated.start),
      );
    return findings;
  } catch (error) {
    if (error instanceof Damage) return [damaged(error)];
    throw error;
  }
}
