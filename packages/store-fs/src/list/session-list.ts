import { isUtf8 } from "node:buffer";
import { join, sep } from "node:path";
import {
  isSessionError,
  type SessionError,
  type SessionId,
  type SessionMetadata,
} from "@thulp-sessions/core";
import { deepFreeze, isCanonicalUuid, type Warnings, Yielder } from "@thulp-sessions/core/store";
import type { FolderNames } from "../disk/directory-names.ts";
import { isPast } from "../disk/file-clock.ts";
import { type CoarseStamp, isStill, stampOf } from "../disk/file-stamp.ts";
import { readBytes, readHead } from "../disk/read-file.ts";
import { isTimeLost } from "../format/canonical-layout.ts";
import { readLaidOutMetadata } from "../format/canonical-metadata.ts";
import { type DecodedMetadata, decodeMetadata } from "../format/codec.ts";
import { scanSession } from "../format/file-scan.ts";
import { Damage } from "../format/format-error.ts";
import { COLON, COMMA, JsonScanner, OPEN_ARRAY, OPEN_OBJECT } from "../format/json-scanner.ts";
import { damageError } from "../session/session-state.ts";
import { type RememberedHead, recallHeads, rememberHeads } from "./metadata-cache.ts";

/** The metadata of most sessions ends within this many bytes; that of nearly all others within these. */
const HEAD_BYTES = 1024;
const LONG_HEAD_BYTES = 64 * 1024;

/** Of so many heads that had to be read in the first look, and this share of all, it is worth to leave them to later processes. */
const WORTH_REMEMBERING = { heads: 100, share: 0.1 };

/** After so many files the clock is looked at, and others get their turn if it is time. */
const FILES_PER_LOOK = 64;

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
  readonly #names: FolderNames;
  readonly #warnings: Warnings;
  readonly #listed = new Map<string, Listed>();
  readonly #warned = new Set<string>();
  /** What is read last: of no use beyond that file. */
  readonly #head = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #look = 0;
  /** How many heads were read, and not used again. */
  #headsRead = 0;
  /** They are left to later processes soon. */
  #leaving: NodeJS.Immediate | undefined;
  /** What stands in the folder under the names that were read last. */
  #inFolder: { readonly names: readonly string[]; readonly listed: readonly Listed[] } | undefined;

  constructor(folder: string, names: FolderNames, warnings: Warnings) {
    this.#folder = folder;
    this.#names = names;
    this.#warnings = warnings;
  }

  /** In no order. A session whose metadata cannot be read is left out, with one warning for each state of its file. */
  async all(): Promise<SessionMetadata[]> {
    const look = ++this.#look;
    if (look === 1) this.#recall();
    const found: SessionMetadata[] = [];
    let met = 0;
    let now = Date.now();
    const yielder = new Yielder();
    for (const listed of this.#listedNow()) {
      if (met++ % FILES_PER_LOOK === 0) {
        await yielder.yieldIfDue();
        now = Date.now();
      }
      listed.look = look;
      if (this.#lookAt(listed, now) && listed.metadata) found.push(listed.metadata);
    }
    // Unless another look has begun meanwhile, what was not met is gone.
    if (look === this.#look && this.#listed.size > met)
      for (const [name, listed] of this.#listed) if (listed.look !== look) this.#listed.delete(name);
    // Whoever waits for the list does not wait for that.
    if (look === 1) this.#leaving = setImmediate(() => this.#leaveToOthers());
    return found;
  }

  close(): void {
    if (this.#leaving) this.#leaveToOthers();
  }

  /** What a process before this one has read is looked at like what was read here. */
  #recall(): void {
    for (const { metadata, stamp } of recallHeads(this.#folder)) {
      const listed = this.#enter(`${metadata.id}.json`);
      if (!listed) continue;
      listed.metadata = metadata;
      listed.stamp = stamp;
      listed.settled = true;
    }
  }

  #leaveToOthers(): void {
    clearImmediate(this.#leaving);
    this.#leaving = undefined;
    const { heads, share } = WORTH_REMEMBERING;
    if (this.#headsRead < heads || this.#headsRead < this.#listed.size * share) return;
    const lasting: RememberedHead[] = [];
    for (const { metadata, stamp, settled } of this.#listed.values()) {
      // A file system that keeps whole milliseconds or less is not trusted for longer than a process lives.
      if (metadata && stamp && settled && !Number.isInteger(stamp.ctimeMs)) lasting.push({ metadata, stamp });
    }
    rememberHeads(this.#folder, lasting);
  }

  #listedNow(): readonly Listed[] {
    const names = this.#names.read();
    if (this.#inFolder?.names === names) return this.#inFolder.listed;
    const listed: Listed[] = [];
    for (const name of names) {
      const each = this.#listed.get(name) ?? this.#enter(name);
      if (each) listed.push(each);
    }
    this.#inFolder = { names, listed };
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

  /** False when it cannot be looked at, or is not there. @param now not later than now. */
  #lookAt(listed: Listed, now: number): boolean {
    try {
      return this.#readAnew(listed, now);
    } catch (error) {
      // One file that cannot be read takes no other with it.
      if (!isSessionError(error)) throw error;
      this.#warn(listed.path, error.code, error.message, listed.id, error.code);
      return false;
    }
  }

  #readAnew(listed: Listed, now: number): boolean {
    const { id, path } = listed;
    if (listed.settled && listed.stamp && isStill(path, listed.stamp)) return true;
    const head = readHead(path, this.#head);
    if (!head) {
      this.#warnOfKind(id, path);
      listed.stamp = undefined;
      return false;
    }
    const { stamp, bytes } = head;
    this.#headsRead++;
    listed.stamp = stamp;
    listed.settled = isPast(stamp.ctimeMs, now);
    try {
      listed.metadata = readLaidOutMetadata(bytes, id) ?? readMetadata(path, id, head);
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

/** The metadata at the head of a file that is laid out otherwise than we do: if need be all of it is read. Throws {@link Damage}. */
function readMetadata(
  path: string,
  id: SessionId,
  { bytes, stamp }: { bytes: Buffer; stamp: CoarseStamp },
): SessionMetadata {
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
