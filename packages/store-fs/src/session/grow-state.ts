import { isUtf8 } from "node:buffer";
import { crc32 } from "node:zlib";
import type { EntryId, EntryType, SessionMetadata } from "@thulp-sessions/core";
import { countEntries, type EntryCounts } from "@thulp-sessions/core/store";
import { isCertainlySameFile, isRacy } from "../disk/file-clock.ts";
import { type FileInfo, sameStamp } from "../disk/file-stamp.ts";
import { changedMeanwhile } from "../disk/io-error.ts";
import { bytesOf, READ_TRIES, type ReadableFile, readBytes, withReadableFile } from "../disk/read-file.ts";
import { CLOSING, type FixedHeader, SEPARATOR } from "../file-text/layout.ts";
import { skipCanonicalEntry } from "../format/canonical-entry.ts";
import { endsWith, readFixedHeader, standsAt } from "../format/canonical-layout.ts";
import { decodeEntry, type EntrySpan } from "../format/serde/codec.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { JsonScanner } from "../format/serde/json-scanner.ts";
import type { Range } from "../format/serde/serde.ts";
import {
  type Checkpoint,
  entriesEndOf,
  hashCanonicalHeader,
  type SessionState,
  timeOf,
} from "./session-state.ts";

/** A checkpoint is worth its memory after so many bytes of entries. */
const CHECKPOINT_BYTES = 256 * 1024;

/** The same where entries were dropped: what lies before is known there anyway. */
const CHECKPOINT_BYTES_OF_A_DROP = 16 * 1024;

/** What other processes have appended beyond that is found out by reading the whole file. */
const MOST_TO_CATCH_UP = 64 * 1024 * 1024;

/** An entry as it stands in the file, in bytes from its start. */
export interface PlacedEntry extends Range {
  readonly id: EntryId;
  readonly entryType: Pick<EntryType, "type">;
  /** Absent for what we write: JavaScript has its numbers, and it is plain. */
  readonly inexact?: boolean;
  readonly plain?: boolean;
}

/**
 * Adds entries behind the others.
 *
 * @param crc with their bytes.
 * @param counts of the session with them.
 */
export function addEntries(
  state: SessionState,
  entries: readonly PlacedEntry[],
  crc: number,
  counts: EntryCounts,
): void {
  const last = entries.at(-1);
  if (!last) return;
  const { index, entriesStart } = state;
  for (const { id, entryType, start, end, inexact, plain } of entries) {
    index.add(id, entryType.type, start - entriesStart, end - entriesStart, inexact ?? false);
    state.plain &&= plain ?? true;
  }
  state.crc = crc;
  state.counts = counts;
  state.lastId = last.id;
  state.head = null;
  const { entryCount = 0 } = state.checkpoints.at(-1) ?? {};
  const checkpointEnd = entryCount === 0 ? 0 : index.endOf(entryCount - 1);
  if (index.end - checkpointEnd > CHECKPOINT_BYTES) state.checkpoints.push({ entryCount: index.count, crc });
}

/**
 * Removes the entries from `entryCount` on. @param bytes from the last checkpoint before that to where they
 * end.
 */
export function dropEntries(state: SessionState, entryCount: number, bytes: Buffer): void {
  const { crc } = checkpointBefore(state, entryCount);
  while ((state.checkpoints.at(-1)?.entryCount ?? 0) > entryCount) state.checkpoints.pop();
  state.index.truncate(entryCount);
  // Of no bytes at all zlib gives 0, not the checksum so far.
  state.crc = bytes.length === 0 ? crc : crc32(bytes, crc);
  // Who has replaced the tail will do so again, such as with each part of an answer.
  if (bytes.length > CHECKPOINT_BYTES_OF_A_DROP) state.checkpoints.push({ entryCount, crc: state.crc });
  state.counts = state.index.counts();
  state.lastId = state.index.lastId();
  state.head = null;
}

/** The last place before the entry of which the checksum is known. */
function checkpointBefore(state: SessionState, entryCount: number): Checkpoint {
  return state.checkpoints.findLast((each) => each.entryCount <= entryCount) ?? { entryCount: 0, crc: 0 };
}

/** Field by field: copying a frozen object takes several times as long, and this is done for every append. */
export function withUpdatedAt(
  metadata: Omit<SessionMetadata, "updatedAt">,
  updatedAt: number,
): SessionMetadata {
  const { id, name, sessionType, createdAt, status, tags, parentSession } = metadata;
  return Object.freeze({ id, name, sessionType, createdAt, updatedAt, status, tags, parentSession });
}

/**
 * Brings the state of a file that others have appended to up to date, from its header and its new bytes
 * alone. False when more has changed than that; then nothing has changed here.
 */
export function catchUp(path: string, state: SessionState): boolean {
  const isCaughtUp = withReadableFile(
    path,
    (file) => isCertainlySameFile(state.info, file.info) && catchUpWith(path, file, state),
  );
  return isCaughtUp ?? false;
}

/**
 * The same with the open file of the state. A process that appends without a pause changes the file several
 * times while it is read: a few tries find a moment in which it does not.
 */
export function catchUpWith(path: string, file: ReadableFile, state: SessionState): boolean {
  const { index, entriesStart, fixed, tail, damage } = state;
  if (!fixed || tail || damage || index.count === 0) return false;
  const lastStart = entriesStart + index.startOf(index.count - 1);
  for (let tries = 1; tries <= READ_TRIES; tries++) {
    const { info } = file;
    const grown = info.size - state.info.size;
    if (grown < 0 || grown > MOST_TO_CATCH_UP) return false;
    const header = bytesOf(path, file, 0, entriesStart);
    const end = bytesOf(path, file, lastStart, info.size);
    if (!sameStamp(info, file.look())) continue;
    const now = readFixedHeader(header);
    // As long as it was: only where the header of a batch that was known had not been written yet.
    if (grown === 0 && (fixed.fileSize === info.size || now?.fileSize !== info.size)) return false;
    if (now?.changedAt !== fixed.changedAt || now.entriesEnd !== fixed.entriesEnd) return false;
    if (now.epoch !== fixed.epoch || hashCanonicalHeader(header, now) !== state.headerHash) return false;
    return growBy(state, { bytes: end, base: lastStart }, now, info);
  }
  return false;
}

/** @param end the last entry that is known, and all behind it. */
function growBy(
  state: SessionState,
  { bytes, base }: { readonly bytes: Buffer; readonly base: number },
  fixed: FixedHeader,
  info: FileInfo,
): boolean {
  const from = entriesEndOf(state) - base;
  // The last entry that is known still stands where it stood.
  if (!bytes.toString("latin1", 0, from).includes(`"id": "${state.lastId}"`)) return false;
  const entries = entriesBehind(bytes, from);
  if (!entries || entries.at(-1)?.more) return false;
  const placed = entries.map((entry) => ({ ...entry, start: base + entry.start, end: base + entry.end }));
  const crc = crc32(bytes.subarray(from, entries.at(-1)?.end), state.crc);
  addEntries(state, placed, crc, countEntries(entries, state.counts));
  let lastBatchTime = state.metadata.updatedAt;
  for (const { more, batchTime, end } of entries) {
    lastBatchTime = Math.max(lastBatchTime, batchTime);
    if (!more && batchTime < 0) state.timedFrom = base + end;
  }
  state.metadata = withUpdatedAt(state.metadata, timeOf(fixed, info.size, lastBatchTime));
  state.head = null;
  state.fixed = fixed;
  state.info = info;
  state.racy = isRacy(info.ctimeMs);
  state.synced = false;
  return true;
}

/**
 * The entries that appends have put behind the others, from the separator at `start` to the closing; `null`
 * when something else stands there.
 */
function entriesBehind(bytes: Buffer, start: number): EntrySpan[] | null {
  const scanner = new JsonScanner(bytes, start);
  const entries: EntrySpan[] = [];
  if (!isUtf8(bytes.subarray(start))) return null;
  try {
    while (!endsWith(bytes, scanner.position, CLOSING)) {
      if (!standsAt(bytes, scanner.position, SEPARATOR)) return null;
      scanner.position += SEPARATOR.length;
      entries.push(skipCanonicalEntry(scanner) ?? decodeEntry(scanner));
    }
    return entries;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** The marks of an entry and the line of its brace are no longer. */
const LAST_LINES_BYTES = 128;

/**
 * May the entries from this one on be cut off in place? Only where a batch ends, since another entry would
 * have to be written again to become the last one; and only if all batches behind it carry their time.
 */
export function canCutInPlace(path: string, state: SessionState, entryCount: number): boolean {
  const end = state.entriesStart + (entryCount === 0 ? 0 : state.index.endOf(entryCount - 1));
  if (!state.fixed || state.fixed.epoch === null || end < state.timedFrom) return false;
  const lastLines = readBytes(path, Math.max(0, end - LAST_LINES_BYTES), end)?.bytes.toString("latin1") ?? "";
  return entryCount === 0 || !/"more"\s*:\s*true\s*\}$/.test(lastLines);
}

/** What the checksum of the first entries needs beside the last checkpoint before them. */
export function bytesSinceCheckpoint(path: string, state: SessionState, entryCount: number): Buffer {
  const { entriesStart, index } = state;
  const endOf = (count: number) => entriesStart + (count === 0 ? 0 : index.endOf(count - 1));
  const start = endOf(checkpointBefore(state, entryCount).entryCount);
  const bytes = readBytes(path, start, endOf(entryCount))?.bytes;
  if (bytes?.length !== endOf(entryCount) - start) throw changedMeanwhile(path);
  return bytes;
}

/** Is nothing lost where this is cut off? */
export function holdsPartOfClosing(path: string, { start, end }: Range): boolean {
  if (end - start > CLOSING.length) return false;
  return CLOSING.startsWith(readBytes(path, start, end)?.bytes.toString("latin1") ?? "");
}
