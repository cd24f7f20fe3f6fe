import { isUtf8 } from "node:buffer";
import fs from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  deepFreeze,
  isCanonicalUuid,
  isSessionError,
  type SessionError,
  type SessionId,
  type SessionMetadata,
  type Warnings,
} from "@thulp-sessions/core";
import { type DecodedMetadata, decodeMetadata } from "./codec.ts";
import { Damage } from "./damage.ts";
import { type FileStamp, io, readBytes, readHead, sameStamp, stampOf } from "./disk.ts";
import { isPast } from "./file-times.ts";
import { COLON, COMMA, JsonScanner, OPEN_ARRAY, OPEN_OBJECT } from "./json-scanner.ts";
import { damageError } from "./session-state.ts";

/** The metadata of most sessions ends within this many bytes. */
const HEAD_BYTES = 2048;

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
    try {
      return this.#lookAt(id, path);
    } catch (error) {
      // One file that cannot be read takes no other with it.
      if (!isSessionError(error)) throw error;
      this.#warn(path, error.code, error.message, id, error.code);
      return undefined;
    }
  }

  #lookAt(id: SessionId, path: string): Listed | undefined {
    const known = this.#listed.get(`${id}.json`);
    if (known?.settled) {
      const stamp = stampOf(path);
      if (stamp && sameStamp(known.stamp, stamp)) return known;
    }
    const head = readHead(path, HEAD_BYTES);
    if (!head) {
      this.#warnOfKind(id, path);
      return undefined;
    }
    const { stamp } = head;
    const settled = isPast(stamp.changedNs);
    try {
      return { stamp, settled, metadata: deepFreeze({ ...readMetadata(path, head), id }) };
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const { code, message } = damageError(path, id, error);
      this.#warn(path, `${stamp.size} ${stamp.changedNs}`, message, id, code);
      return { stamp, settled, metadata: null };
    }
  }

  /** Unless it was removed since the folder was read. */
  #warnOfKind(id: SessionId, path: string): void {
    const stamp = stampOf(path);
    if (!stamp || stamp.kind === "file") return;
    this.#warn(
      path,
      "",
      `${path} is left out: it is ${stamp.kind === "link" ? "a symbolic link" : "no regular file"}.`,
      id,
    );
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
function readMetadata(path: string, { bytes, stamp }: { bytes: Buffer; stamp: FileStamp }): SessionMetadata {
  try {
    return metadataIn(bytes).value;
  } catch (error) {
    if (!(error instanceof Damage) || stamp.size <= bytes.length) throw error;
  }
  return metadataIn(readBytes(path)?.bytes ?? Buffer.alloc(0)).value;
}

/** Stops behind the metadata: what follows may be damaged. */
function metadataIn(bytes: Buffer): DecodedMetadata {
  const scanner = new JsonScanner(bytes);
  const inArray = scanner.peek() === OPEN_ARRAY;
  scanner.expect(inArray ? OPEN_ARRAY : OPEN_OBJECT, "expected an object");
  if (!inArray) passToMember(scanner, "metadata");
  scanner.peek();
  const metadata = decodeMetadata(scanner);
  if (!isUtf8(bytes.subarray(0, scanner.position))) scanner.fail("not UTF-8", 0);
  return metadata;
}

/** From behind the opening brace to the value of the member. */
function passToMember(scanner: JsonScanner, wanted: string): void {
  for (;;) {
    const key = scanner.string(`expected the field "${wanted}"`);
    scanner.expect(COLON, "expected ':'");
    if (key === wanted) return;
    scanner.skip("ignored");
    scanner.expect(COMMA, `expected the field "${wanted}"`);
  }
}
