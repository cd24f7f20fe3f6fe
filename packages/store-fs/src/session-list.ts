import { isUtf8 } from "node:buffer";
import fs from "node:fs";
import { join, sep } from "node:path";
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
import { type CoarseStamp, isStill, stampOf, stampOfFolder } from "./file-stamp.ts";
import { isPastMs } from "./file-times.ts";
import { io } from "./io-error.ts";
import { COLON, COMMA, JsonScanner, OPEN_ARRAY, OPEN_OBJECT } from "./json-scanner.ts";
import { readLaidOutMetadata } from "./laid-out-metadata.ts";
import { isTimeLost } from "./layout.ts";
import { readBytes, readHead } from "./read-file.ts";
import { type RememberedHead, recallHeads, rememberHeads } from "./remembered-heads.ts";
import { scanSession } from "./session-scan.ts";
import { damageError } from "./session-state.ts";

/** The metadata of most sessions ends within this many bytes; that of nearly all others within these. */
const HEAD_BYTES = 1024;
const LONG_HEAD_BYTES = 64 * 1024;

/** Of so many heads that had to be read in the first look, and this share of all, it is worth to leave them to later processes. */
const WORTH_REMEMBERING = { heads: 100, share: 0.1 };

/** After so many files the event loop gets its turn. */
const FILES_PER_TURN = 256;

interface Listed {
  readonly id: SessionId;
  readonly path: string;
  stamp: CoarseStamp | undefined;
  settled: boolean;
  /** `null` when it cannot be read. */
  metadata: SessionMetadata | null;
  /** Of the last look at the folder in which it was there. */
  look: number;
}

/** The metadata of all sessions of a folder; what was read before is used again while the file is what it was. */
export class SessionList {
  readonly #folder: string;
  readonly #warnings: Warnings;
  readonly #listed = new Map<string, Listed>();
  readonly #warned = new Set<string>();
  /** What is read last: of no use beyond that file. */
  readonly #head = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #look = 0;
  /** How many heads were read, and not used again. */
  #headsRead = 0;
  /** What was in the folder when it was read last, unless something may have come since under the same time. */
  #names: { readonly stamp: CoarseStamp; readonly listed: Listed[] } | undefined;

  constructor(folder: string, warnings: Warnings) {
    this.#folder = folder;
    this.#warnings = warnings;
  }

  /** In no order. A session whose metadata cannot be read is left out, with one warning for each state of its file. */
  async all(): Promise<SessionMetadata[]> {
    const look = ++this.#look;
    if (look === 1) this.#recall();
    const found: SessionMetadata[] = [];
    let turn = 0;
    for (const listed of this.#inFolder()) {
      if (++turn % FILES_PER_TURN === 0) await setImmediate();
      listed.look = look;
      if (this.#lookAt(listed) && listed.metadata) found.push(listed.metadata);
    }
    // Unless another look has begun meanwhile, what was not met is gone.
    if (look === this.#look && this.#listed.size > turn)
      for (const [name, listed] of this.#listed) if (listed.look !== look) this.#listed.delete(name);
    if (look === 1) this.#leaveToOthers();
    return found;
  }

  /** What a process before this one has read is looked at like what was read here. */
  #recall(): void {
    for (const { metadata, stamp } of recallHeads(this.#folder)) {
      const listed = this.#enter(`${metadata.id}.json`);
      if (listed) Object.assign(listed, { metadata, stamp, settled: true });
    }
  }

  #leaveToOthers(): void {
    const { heads, share } = WORTH_REMEMBERING;
    if (this.#headsRead < heads || this.#headsRead < this.#listed.size * share) return;
    const lasting: RememberedHead[] = [];
    for (const { metadata, stamp, settled } of this.#listed.values()) {
      // A file system that keeps whole milliseconds or less is not trusted for longer than a process lives.
      if (metadata && stamp && settled && !Number.isInteger(stamp.ctimeMs)) lasting.push({ metadata, stamp });
    }
    rememberHeads(this.#folder, lasting);
  }

  /** Names are read anew only if the folder was written to. */
  #inFolder(): Listed[] {
    const stamp = stampOfFolder(this.#folder);
    if (this.#names && sameNames(this.#names.stamp, stamp)) return this.#names.listed;
    const names = io(this.#folder, "list", () => fs.readdirSync(this.#folder));
    const listed = names.flatMap((name) => this.#listed.get(name) ?? this.#enter(name) ?? []);
    // Some file systems, those that keep whole seconds, do not mark a folder.
    const marked = !Number.isInteger(stamp.mtimeMs) && isPastMs(stamp.mtimeMs) && isPastMs(stamp.ctimeMs);
    this.#names = marked ? { stamp, listed } : undefined;
    return listed;
  }

  #enter(name: string): Listed | null {
    const id = this.#sessionIdOf(name);
    if (id === null) return null;
    const path = this.#folder + sep + name;
    const listed = { id, path, stamp: undefined, settled: false, metadata: null, look: 0 };
    this.#listed.set(name, listed);
    return listed;
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

  /** False when it cannot be looked at, or is not there. */
  #lookAt(listed: Listed): boolean {
    try {
      return this.#readAnew(listed);
    } catch (error) {
      // One file that cannot be read takes no other with it.
      if (!isSessionError(error)) throw error;
      this.#warn(listed.path, error.code, error.message, listed.id, error.code);
      return false;
    }
  }

  #readAnew(listed: Listed): boolean {
    const { id, path } = listed;
    if (listed.settled && listed.stamp && isStill(path, listed.stamp)) return true;
    const head = readHead(path, this.#head);
    if (!head) {
      this.#warnOfKind(id, path);
      listed.stamp = undefined;
      return false;
    }
    const { stamp } = head;
    this.#headsRead++;
    listed.stamp = stamp;
    listed.settled = isPastMs(stamp.ctimeMs);
    try {
      listed.metadata = readMetadata(path, id, head);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const { code, message } = damageError(path, id, error);
      this.#warn(path, `${stamp.size} ${stamp.ctimeMs}`, message, id, code);
      listed.metadata = null;
    }
    return true;
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

function sameNames(a: CoarseStamp, b: CoarseStamp): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

/** The metadata at the head of a file; of one that is laid out otherwise all of it is read. Throws {@link Damage}. */
function readMetadata(
  path: string,
  id: SessionId,
  { bytes, stamp }: { bytes: Buffer; stamp: CoarseStamp },
): SessionMetadata {
  const ours = readLaidOutMetadata(bytes, id);
  if (ours) return ours;
  if (isTimeLost(bytes) && bytes.length >= stamp.size)
    return deepFreeze({ ...scanSession(bytes).metadata.value, id });
  for (let head = bytes, more = LONG_HEAD_BYTES; ; more = Number.POSITIVE_INFINITY) {
    try {
      return deepFreeze({ ...metadataIn(head).value, id });
    } catch (error) {
      if (!(error instanceof Damage) || stamp.size <= head.length) throw error;
    }
    const longer =
      readBytes(path, 0, isTimeLost(head) ? Number.POSITIVE_INFINITY : more)?.bytes ?? Buffer.alloc(0);
    if (isTimeLost(longer)) return deepFreeze({ ...scanSession(longer).metadata.value, id });
    // It has been cut short meanwhile.
    if (longer.length <= head.length) return deepFreeze({ ...metadataIn(longer).value, id });
    head = longer;
  }
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
