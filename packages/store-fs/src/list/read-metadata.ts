import { isUtf8 } from "node:buffer";
import fs from "node:fs";
import os from "node:os";
import { crc32 } from "node:zlib";
import type { SessionId, SessionMetadata } from "@thulp-sessions/core";
import { deepFreeze } from "@thulp-sessions/core/store";
import { type FileStamp, toStamp } from "../disk/file-stamp.ts";
import { ioError } from "../disk/io-error.ts";
import { closeFile, openRegular, readBytes, readFully } from "../disk/read-file.ts";
import { CLOSING, type FixedHeader } from "../file-text/layout.ts";
import { beginsWithPrefix, readFixedHeader } from "../format/canonical-layout.ts";
import { readCanonicalMetadata } from "../format/canonical-metadata.ts";
import { type DecodedMetadata, decodeMetadata } from "../format/serde/codec.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { JsonScanner } from "../format/serde/json-scanner.ts";
import { COLON, COMMA, OPEN_ARRAY, OPEN_OBJECT } from "../format/serde/json-tokens.ts";
import { withUpdatedAt } from "../session/grow-state.ts";
import { loadState } from "../session/load-state.ts";
import { timeOf } from "../session/session-state.ts";

/** The metadata of most sessions ends within this many bytes; that of nearly all others within these. */
const HEAD_BYTES = 1024;
const LONG_HEAD_BYTES = 64 * 1024;
/** What is longer is not read for a list. */
const LONGEST_HEAD_BYTES = 64 * 1024 * 1024;
/** An error so near to the end of what was read may come from that. */
const LONGEST_TOKEN_BYTES = 16;

/** The last write of most files is shorter. */
const TAIL_BYTES = 4096;
/** Its last lines, which say how long it is. */
const LAST_LINES_BYTES = 96;
const LAST_LINES = /,\n {6}"batch": "(0|[1-9]\d{0,15}) (\d{1,15}) ([0-9a-f]{1,8})"\n {4}\}\n {2}\]\n\}$/;

/** What was read last: of no use beyond that file. */
const headBuffer = Buffer.allocUnsafeSlow(HEAD_BYTES);
const tailBuffer = Buffer.allocUnsafeSlow(TAIL_BYTES);

export interface FoundMetadata {
  /** Not younger than the metadata. */
  readonly stamp: FileStamp;
  /** `null` where it cannot be read. */
  readonly metadata: SessionMetadata | null;
  readonly damage: FormatError | null;
}

/**
 * Reads the metadata of a session, from the first and the last bytes of its file where it is in our layout;
 * `undefined` when there is no regular file.
 *
 * @param startedMs when the machine was started.
 * @throws {SessionError} io
 */
export function readMetadata(path: string, id: SessionId, startedMs: number): FoundMetadata | undefined {
  const descriptor = openRegular(path);
  if (descriptor === undefined) return undefined;
  let stamp: FileStamp | undefined;
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    stamp = toStamp(stat);
    const length = fs.readSync(descriptor, headBuffer, 0, HEAD_BYTES, 0);
    const head = length === HEAD_BYTES ? headBuffer : headBuffer.subarray(0, length);
    const fixed = readFixedHeader(head);
    const found = fixed && readCanonicalMetadata(head, fixed, id);
    const open = { descriptor, stat, head, fixed, startedMs };
    const updatedAt = found && lastTime({ ...open, fixed });
    const metadata =
      found && updatedAt !== null ? withUpdatedAt(found, updatedAt) : decodedMetadata(path, id, open);
    return { stamp, metadata, damage: null };
  } catch (error) {
    if (!(error instanceof FormatError) || !stamp) throw ioError(path, "read", error);
    return { stamp, metadata: null, damage: error };
  } finally {
    closeFile(descriptor);
  }
}

/**
 * The id that a file says it has, whatever its name; `undefined` when there is no regular file.
 *
 * @throws {SessionError} io
 * @throws {FormatError} where its metadata cannot be read.
 */
export function readOwnId(path: string): SessionId | undefined {
  for (let most = LONG_HEAD_BYTES; ; most = LONGEST_HEAD_BYTES) {
    const read = readBytes(path, 0, most);
    if (!read) return undefined;
    try {
      return metadataIn(read.bytes).value.id;
    } catch (error) {
      const isCut = error instanceof FormatError && isNearEnd(error, read.bytes);
      if (!isCut || read.info.size <= read.bytes.length) throw error;
      if (most === LONGEST_HEAD_BYTES) throw tooLong();
    }
  }
}

function isNearEnd({ offset }: FormatError, bytes: Buffer): boolean {
  return offset > bytes.length - LONGEST_TOKEN_BYTES;
}

function tooLong(): FormatError {
  return new FormatError(`metadata of more than ${LONGEST_HEAD_BYTES} bytes`, 0, "unsupported");
}

/**
 * `updatedAt`, `null` where the whole file has to be read for it. The header says it, if the file has the
 * size that the header says: then the last write has come to its end. Only the loss of power may leave the
 * header of a write without its entries; of a file that was last changed before the machine was started the
 * end has to say the same.
 */
function lastTime({
  descriptor,
  head,
  stat,
  startedMs,
  fixed,
}: OpenHead & { fixed: FixedHeader }): number | null {
  const { size, ctimeMs } = stat;
  if (size === fixed.fileSize && ctimeMs > startedMs && !fixed.truncated) return fixed.updatedAt;
  const tail = size <= head.length ? head.subarray(0, size) : readTail(descriptor, size, tailBuffer);
  const lastLines = tail.toString("latin1", Math.max(0, tail.length - LAST_LINES_BYTES));
  const timeWith = (lastBatchTime: number) => timeOf(fixed, size, lastBatchTime);
  if (size === fixed.entriesEnd + CLOSING.length) return lastLines.endsWith(CLOSING) ? timeWith(-1) : null;
  const found = LAST_LINES.exec(lastLines);
  if (!found || size < fixed.entriesEnd) return null;
  const [lines, time, length] = [found[0], Number(found[1]), Number(found[2])];
  const written = length + lines.length;
  if (time < fixed.changedAt || !Number.isSafeInteger(time) || written > size) return null;
  const whole = written <= tail.length ? tail : readTail(descriptor, size, Buffer.allocUnsafe(written));
  const batch = whole.subarray(whole.length - written, whole.length - lines.length);
  return batch.length === length && crc32(batch).toString(16) === found[3] ? timeWith(time) : null;
}

function readTail(descriptor: number, size: number, into: Buffer): Buffer {
  const length = Math.min(size, into.length);
  return into.subarray(0, readFully(descriptor, into.subarray(0, length), size - length));
}

interface OpenHead {
  readonly descriptor: number;
  readonly stat: fs.Stats;
  /** The first bytes of the file. */
  readonly head: Buffer;
  readonly fixed: FixedHeader | null;
  readonly startedMs: number;
}

/** When the machine was started, with a margin: the clock may have been set since. */
export function startOfMachineMs(): number {
  return Date.now() - os.uptime() * 1_000 + START_MARGIN_MS;
}

const START_MARGIN_MS = 60_000;

/**
 * The metadata of a file that is laid out otherwise, or was interrupted: if need be all of it is read. Throws
 * {@link FormatError}.
 */
function decodedMetadata(path: string, id: SessionId, file: OpenHead): SessionMetadata {
  const { fixed } = file;
  const { size } = file.stat;
  // The time is lost, or what counts depends on what stands behind the last whole batch.
  if (!fixed && beginsWithPrefix(file.head) && file.head.includes(0)) return loadedMetadata(path, id);
  for (let head = file.head, most = LONG_HEAD_BYTES; ; most = LONGEST_HEAD_BYTES) {
    try {
      const { value } = metadataIn(head);
      const updatedAt = fixed ? lastTime({ ...file, fixed }) : value.updatedAt;
      return updatedAt === null ? loadedMetadata(path, id) : deepFreeze({ ...value, updatedAt, id });
    } catch (error) {
      const isCut = error instanceof FormatError && isNearEnd(error, head);
      if (!isCut || size <= head.length) throw error;
      if (head.length >= LONGEST_HEAD_BYTES) throw tooLong();
    }
    const longer = readBytes(path, 0, most)?.bytes ?? Buffer.alloc(0);
    // It has been cut short meanwhile.
    if (longer.length <= head.length) return deepFreeze({ ...metadataIn(longer).value, id });
    head = longer;
  }
}

/** Throws {@link FormatError}. */
function loadedMetadata(path: string, id: SessionId): SessionMetadata {
  const state = loadState(path, id);
  if (!state) throw new FormatError("the file was removed while it was read", 0);
  return state.metadata;
}

/** Stops behind the metadata: what follows may be damaged. */
function metadataIn(bytes: Buffer): DecodedMetadata {
  const scanner = new JsonScanner(bytes);
  const inArray = scanner.peek() === OPEN_ARRAY;
  scanner.expect(inArray ? OPEN_ARRAY : OPEN_OBJECT, "expected an object");
  if (!inArray) skipToMember(scanner, "metadata");
  scanner.peek();
  const metadata = decodeMetadata(scanner);
  if (!isUtf8(bytes.subarray(0, scanner.position))) scanner.fail("not UTF-8", 0);
  return metadata;
}

/** From behind the opening brace to the value of the member. */
function skipToMember(scanner: JsonScanner, wanted: string): void {
  for (;;) {
    const key = scanner.string(`expected the field "${wanted}"`);
    scanner.expect(COLON, "expected ':'");
    if (key === wanted) return;
    scanner.skip("ignored");
    scanner.expect(COMMA, `expected the field "${wanted}"`);
  }
}
