import { isUtf8 } from "node:buffer";
import fs from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  deepFreeze,
  isCanonicalUuid,
  type SessionError,
  type SessionId,
  type SessionMetadata,
  type Warnings,
} from "@thulp-sessions/core";
import { type DecodedMetadata, decodeMetadata } from "./codec.ts";
import { Damage } from "./damage.ts";
import { type FileStamp, io, readBytes, sameStamp, stampOf } from "./disk.ts";
import { JsonScanner, OPEN_ARRAY } from "./json-scanner.ts";
import { damageError, isSettled } from "./session-state.ts";

/** The metadata of most sessions ends within this many bytes. */
const HEAD_BYTES = 4096;

/** After so many files the event loop gets its turn. */
const FILES_PER_TURN = 256;

interface Listed {
  readonly stamp: FileStamp;
  readonly settled: boolean;
  /** `null` when it cannot be read. */
  readonly metadata: SessionMetadata | null;
}

/** The metadata of all sessions of a folder; what was read before is used again while the file is what it was. */
export class SessionList {
  readonly #folder: string;
  readonly #warnings: Warnings;
  #listed = new Map<string, Listed>();
  readonly #warned = new Set<string>();

  constructor(folder: string, warnings: Warnings) {
    this.#folder = folder;
    this.#warnings = warnings;
  }

  /** In no order. A session whose metadata cannot be read is left out, with one warning for each state of its file. */
  async all(): Promise<SessionMetadata[]> {
    const names = io(this.#folder, "list", () => fs.readdirSync(this.#folder));
    const listed = new Map<string, Listed>();
    let turn = 0;
    for (const name of names) {
      const id = this.#sessionIdOf(name);
      if (id === null) continue;
      if (++turn % FILES_PER_TURN === 0) await setImmediate();
      const now = this.#look(id, join(this.#folder, name));
      if (now) listed.set(name, now);
    }
    this.#listed = listed;
    return [...listed.values()].flatMap(({ metadata }) => metadata ?? []);
  }

  #sessionIdOf(name: string): SessionId | null {
    if (!name.endsWith(".json")) return null;
    const stem = name.slice(0, -".json".length);
    if (isCanonicalUuid(stem)) return stem as SessionId;
    if (isCanonicalUuid(stem.toLowerCase())) {
      const path = join(this.#folder, name);
      this.#warn(
        path,
        "",
        `${path} is left out: the name of a session is its id in lower case. Rename it to serve it.`,
      );
    }
    return null;
  }

  #look(id: SessionId, path: string): Listed | undefined {
    const stamp = stampOf(path);
    // Removed since the folder was read.
    if (!stamp) return undefined;
    if (stamp.kind !== "file") {
      this.#warn(
        path,
        "",
        `${path} is left out: it is ${stamp.kind === "link" ? "a symbolic link" : "no regular file"}.`,
        id,
      );
      return undefined;
    }
    const known = this.#listed.get(`${id}.json`);
    if (known?.settled && sameStamp(known.stamp, stamp)) return known;
    try {
      const read = readMetadata(path);
      if (!read) return undefined;
      const metadata = deepFreeze({ ...read.metadata, id });
      return { stamp: read.stamp, settled: isSettled(read.stamp), metadata };
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const { code, message } = damageError(path, id, error);
      this.#warn(path, `${stamp.size} ${stamp.changedNs}`, message, id, code);
      return { stamp, settled: isSettled(stamp), metadata: null };
    }
  }

  #warn(
    path: string,
    state: string,
    message: string,
    sessionId?: SessionId,
    code: SessionError["code"] = "unsupported",
  ): void {
    const key = `${path} ${state}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#warnings.emit({ code, message, path, ...(sessionId ? { sessionId } : {}) });
  }
}

/** The metadata at the head of a file; of one that is laid out otherwise all of it is read. Throws {@link Damage}. */
function readMetadata(path: string): { metadata: SessionMetadata; stamp: FileStamp } | undefined {
  const head = readBytes(path, 0, HEAD_BYTES);
  if (!head) return undefined;
  try {
    return { metadata: metadataIn(head.bytes).value, stamp: head.stamp };
  } catch (error) {
    if (!(error instanceof Damage) || head.stamp.size <= head.bytes.length) throw error;
  }
  const whole = readBytes(path);
  return whole && { metadata: metadataIn(whole.bytes).value, stamp: whole.stamp };
}

/** Stops behind the metadata: what follows may be damaged. */
function metadataIn(bytes: Buffer): DecodedMetadata {
  const scanner = new JsonScanner(bytes);
  if (scanner.peek() === OPEN_ARRAY) {
    scanner.position++;
    scanner.peek();
    return checkedUtf8(scanner, decodeMetadata(scanner));
  }
  const found: { metadata?: DecodedMetadata } = {};
  try {
    scanner.object((key) => {
      if (key !== "metadata") return scanner.skip("ignored");
      found.metadata = checkedUtf8(scanner, decodeMetadata(scanner));
      throw new Found();
    });
  } catch (error) {
    if (!(error instanceof Found)) throw error;
  }
  return found.metadata ?? scanner.fail('session: field "metadata" is missing', 0);
}

/** Ends the walk over the members: the rest of the file is of no interest. */
class Found extends Error {}

function checkedUtf8(scanner: JsonScanner, metadata: DecodedMetadata): DecodedMetadata {
  if (!isUtf8(scanner.bytes.subarray(0, scanner.position))) scanner.fail("not UTF-8", 0);
  return metadata;
}
