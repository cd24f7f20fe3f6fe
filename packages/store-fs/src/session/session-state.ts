import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  type EntryId,
  type EntryType,
  type JsonObject,
  SessionError,
  type SessionHead,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import { countEntries, deepFreeze, type EntryCounts } from "@thulp-sessions/core/store";
import { isPast } from "../disk/file-clock.ts";
import { type FileStamp, isSureSameFile, sameFile, sameStamp } from "../disk/file-stamp.ts";
import { readBytes, readThrough } from "../disk/read-file.ts";
import { ByteWindow } from "../format/byte-window.ts";
import { passLaidOutEntry } from "../format/canonical-entry.ts";
import { UPDATED_AT_OFFSET, UPDATED_AT_WIDTH } from "../format/canonical-layout.ts";
import { type DecodedEntry, decodeEntry, type PassedEntry, parseRange, type Range } from "../format/codec.ts";
import { type SessionScan, scanSession, scanTail } from "../format/file-scan.ts";
import { SessionWalk } from "../format/file-walker.ts";
import type { Damage } from "../format/format-error.ts";
import { EntryIndex } from "./entry-index.ts";

/** What is remembered of a session file, to append to it and to read parts of it without reading all of it. */
export interface SessionState {
  readonly path: string;
  stamp: FileStamp;
  /** Nobody can have written after the stamp was taken without changing it. */
  settled: boolean;
  /** What the file holds has been brought to the disk by us. */
  synced: boolean;
  /** So has its name. */
  nameSynced: boolean;
  metadata: SessionMetadata;
  readonly context: JsonObject;
  readonly contextInexact: boolean;
  /** Behind the `[` of the entries. */
  readonly entriesStart: number;
  readonly headerHash: string;
  /** Of all bytes from there to the end of the last entry that counts. */
  entriesCrc: number;
  readonly index: EntryIndex;
  /** All entries are plain ones. */
  plain: boolean;
  counts: EntryCounts;
  lastId: string;
  readonly ours: boolean;
  readonly torn: Range | null;
  readonly damage: Damage | null;
  /** As it was given out last; `null` when something was added since. */
  head: SessionHead | null;
}

/** Reads all of it once, with no more in memory than a stretch at a time. Throws {@link Damage} when the metadata cannot be read. */
export function readState(path: string, id: SessionId): SessionState | undefined {
  const read = readThrough(path, (window) => stateOfWindow(id, window));
  if (!read) return undefined;
  if (read.result) return stateAt(path, read.stamp, read.result);
  // What cannot be read from front to back has to be looked at as a whole, to find out where it ends.
  const whole = readBytes(path);
  return whole && stateAt(path, whole.stamp, stateOfScan(id, whole.bytes, scanSession(whole.bytes)));
}

/** The state of a file whose bytes are known. Throws {@link Damage} as `readState`. */
export function stateOf(path: string, id: SessionId, bytes: Buffer, stamp: FileStamp): SessionState {
  const content = stateOfWindow(id, ByteWindow.over(bytes)) ?? stateOfScan(id, bytes, scanSession(bytes));
  return stateAt(path, stamp, content);
}

/** What follows from the bytes alone. */
type Content = Omit<SessionState, "path" | "stamp" | "settled" | "synced" | "nameSynced" | "head">;

function stateAt(path: string, stamp: FileStamp, content: Content): SessionState {
  const settled = isPast(stamp.changedMs);
  return { path, stamp, settled, synced: false, nameSynced: false, head: null, ...content };
}

/** `null` when the file is damaged or torn. */
export function stateOfWindow(id: SessionId, window: ByteWindow): Content | null {
  const index = new EntryIndex();
  let counts = countEntries([]);
  let plain = true;
  let crc = 0;
  let crcEnd = -1;
  let lastId = "";
  const waiting: PassedEntry[] = [];
  const addWaiting = (): void => {
    counts = countEntries(waiting, counts);
    waiting.length = 0;
    crcEnd = Math.max(crcEnd, walk.entriesStart);
    crc = crc32(window.bytes.subarray(crcEnd - window.base, walk.lastEnd - window.base), crc);
    crcEnd = walk.lastEnd;
  };
  const walk = new SessionWalk(
    window,
    (scanner): PassedEntry => passLaidOutEntry(scanner) ?? decodeEntry(scanner),
    (entry) => {
      index.add(entry.id, window.base + entry.start, window.base + entry.end, entry.inexact);
      plain &&= entry.plain;
      lastId = entry.id;
      waiting.push(entry);
    },
    addWaiting,
  );
  if (walk.run() !== null || !walk.metadata) return null;
  addWaiting();
  const ours = walk.isOurs();
  return {
    metadata: deepFreeze({ ...walk.metadata.value, id }),
    context: deepFreeze(walk.context.value),
    contextInexact: walk.context.inexact,
    entriesStart: walk.entriesStart,
    headerHash: ours ? hashOurHeader(walk.header) : hash(walk.header, walk.tail),
    entriesCrc: crc,
    index,
    plain,
    counts,
    lastId,
    ours,
    torn: null,
    damage: null,
  };
}

function stateOfScan(id: SessionId, bytes: Buffer, scan: SessionScan): Content {
  const { entries, entriesStart } = scan;
  const header = bytes.subarray(0, entriesStart);
  const end = entries.at(-1)?.end ?? entriesStart;
  const index = new EntryIndex();
  for (const entry of entries) index.add(entry.id, entry.start, entry.end, entry.inexact);
  return {
    metadata: deepFreeze({ ...scan.metadata.value, id }),
    context: deepFreeze(scan.context.value),
    contextInexact: scan.context.inexact,
    entriesStart,
    headerHash: scan.ours ? hashOurHeader(header) : hash(header, bytes.subarray(end)),
    entriesCrc: crc32(bytes.subarray(entriesStart, end)),
    index,
    plain: entries.every(({ plain }) => plain),
    counts: countEntries(entries),
    lastId: entries.at(-1)?.id ?? "",
    ours: scan.ours,
    torn: scan.torn,
    damage: scan.damage,
  };
}

/** An entry as it stands in a text that was put behind the others. */
export interface PlacedEntry extends Range {
  readonly id: EntryId;
  readonly entryType: Pick<EntryType, "type">;
  /** Absent for what we write: JavaScript has its numbers, and it is plain. */
  readonly inexact?: boolean;
  readonly plain?: boolean;
}

/**
 * One or more entries behind the others.
 *
 * @param entries as they stand in `text`, from the first on that is new.
 * @param offset where in the file `text` begins.
 * @param counts of the session with them.
 */
export function addEntries(
  state: SessionState,
  text: Buffer,
  offset: number,
  entries: readonly PlacedEntry[],
  counts: EntryCounts,
): void {
  const last = entries.at(-1);
  if (!last) return;
  state.entriesCrc = crc32(text.subarray(closingOf(state) - offset, last.end), state.entriesCrc);
  for (const entry of entries) {
    state.index.add(entry.id, offset + entry.start, offset + entry.end, entry.inexact ?? false);
    state.plain &&= entry.plain ?? true;
  }
  state.counts = counts;
  state.lastId = last.id;
  state.head = null;
}

/** Where the closing stands that the next append writes over. */
export function closingOf({ index, entriesStart }: SessionState): number {
  return index.count === 0 ? entriesStart : index.endOf(index.count - 1);
}

/**
 * The state of a file that others have appended to, from its header and its new bytes alone; `undefined` when more has
 * changed than that.
 */
export function catchUp(state: SessionState, stamp: FileStamp): SessionState | undefined {
  if (
    !state.ours ||
    state.torn ||
    state.damage ||
    !isSureSameFile(state.stamp, stamp) ||
    stamp.size <= state.stamp.size
  )
    return undefined;
  const header = readBytes(state.path, 0, state.entriesStart);
  if (state.index.count === 0) return undefined;
  const lastStart = state.index.startOf(state.index.count - 1);
  const tail = readBytes(state.path, lastStart);
  if (!header || !tail || !sameStamp(header.stamp, tail.stamp) || !sameFile(tail.stamp, stamp))
    return undefined;
  if (hashOurHeader(header.bytes) !== state.headerHash) return undefined;
  const from = closingOf(state) - lastStart;
  // The last entry that is known still stands where it stood.
  if (!tail.bytes.toString("latin1", 0, from).includes(`"id": "${state.lastId}"`)) return undefined;
  const entries = scanTail(tail.bytes, from);
  const updatedAt = Number(
    header.bytes.toString("latin1", UPDATED_AT_OFFSET, UPDATED_AT_OFFSET + UPDATED_AT_WIDTH),
  );
  if (!entries || entries.at(-1)?.more || !Number.isSafeInteger(updatedAt)) return undefined;
  addEntries(state, tail.bytes, lastStart, entries, countEntries(entries, state.counts));
  state.metadata = deepFreeze({ ...state.metadata, updatedAt });
  state.stamp = tail.stamp;
  state.settled = isPast(tail.stamp.changedMs);
  state.synced = false;
  return state;
}

/** Without the columns that every append overwrites: they are told apart as `updatedAt`. */
function hashOurHeader(header: Buffer): string {
  return hash(header.subarray(0, UPDATED_AT_OFFSET), header.subarray(UPDATED_AT_OFFSET + UPDATED_AT_WIDTH));
}

function hash(...parts: readonly Buffer[]): string {
  const digest = createHash("sha1");
  for (const part of parts) digest.update(part);
  return digest.digest("base64url").slice(0, 12);
}

/** Follows from what the file holds, so that every process finds the same; never from file times. */
export function versionOf({ metadata, counts, headerHash, entriesCrc, lastId }: SessionState): string {
  return `${metadata.updatedAt}-${counts.entryCount}-${headerHash}-${entriesCrc.toString(16)}-${lastId}`;
}

/** @throws {SessionError} corrupt, unsupported when the file is damaged anywhere. */
export function headOf(state: SessionState): SessionHead {
  if (state.damage) throw damageError(state.path, state.metadata.id, state.damage);
  state.head ??= newHead(state);
  return state.head;
}

function newHead(state: SessionState): SessionHead {
  const { awaitingAssistant: _, ...counts } = state.counts;
  return Object.freeze({
    metadata: state.metadata,
    context: state.context,
    ...counts,
    version: versionOf(state),
    ...(state.contextInexact ? { inexact: true } : {}),
  });
}

/** An entry as it is given out. */
export function storedEntry(bytes: Buffer, entry: DecodedEntry, seq: number): StoredEntry {
  return {
    id: entry.id,
    timestamp: entry.timestamp,
    entryType: entry.entryType,
    content: parseRange(bytes, entry.content),
    seq,
    ...(entry.inexact ? { inexact: true } : {}),
  };
}

export function damageError(path: string, sessionId: SessionId, damage: Damage): SessionError {
  const advice =
    damage.code === "corrupt"
      ? "The file is left as it is: readEntries gives what lies before that place, repairFile recovers what is whole."
      : "The original can read it; here it is left as it is.";
  return new SessionError(
    damage.code,
    `Session ${sessionId} cannot be read: ${damage.message} (at byte ${damage.offset} of ${path}). ${advice}`,
    { details: { sessionId, path, offset: damage.offset } },
  );
}
