import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  countEntries,
  deepFreeze,
  type EntryCounts,
  type EntryId,
  type EntryType,
  type JsonObject,
  SessionError,
  type SessionHead,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import { type DecodedEntry, parseRange, type Range } from "./codec.ts";
import type { Damage } from "./damage.ts";
import { type FileStamp, readBytes, sameFile, sameStamp } from "./disk.ts";
import { UPDATED_AT_OFFSET, UPDATED_AT_WIDTH } from "./layout.ts";
import { type SessionScan, scanSession, scanTail } from "./session-scan.ts";

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
  /** Of all bytes of all entries, in order. */
  entriesCrc: number;
  /** Where each entry stands: start and end by turns. */
  readonly bounds: number[];
  readonly byId: Map<EntryId, number[]>;
  /** The entries that carry numbers JavaScript can only round. */
  readonly inexact: Set<number>;
  /** All entries are plain ones. */
  plain: boolean;
  counts: EntryCounts;
  lastId: string;
  readonly ours: boolean;
  readonly torn: Range | null;
  readonly damage: Damage | null;
}

/** The clock of a file system ticks; a file may change twice within one tick. */
const CLOCK_TICK_NS = 20_000_000n;

/** @param scan what was found in the bytes; where it is absent, throws {@link Damage} when the metadata cannot be read. */
export function stateOf(
  path: string,
  id: SessionId,
  bytes: Buffer,
  stamp: FileStamp,
  scan: SessionScan = scanSession(bytes),
): SessionState {
  const header = bytes.subarray(0, scan.entriesStart);
  const state: SessionState = {
    path,
    stamp,
    settled: isSettled(stamp),
    synced: false,
    nameSynced: false,
    metadata: deepFreeze({ ...scan.metadata.value, id }),
    context: deepFreeze(scan.context.value),
    contextInexact: scan.context.inexact,
    entriesStart: scan.entriesStart,
    headerHash: scan.ours ? hashOurHeader(header) : hash(header, bytes.subarray(endOf(scan))),
    entriesCrc: 0,
    bounds: [],
    byId: new Map(),
    inexact: new Set(),
    plain: true,
    counts: countEntries([]),
    lastId: "",
    ours: scan.ours,
    torn: scan.torn,
    damage: scan.damage,
  };
  addEntries(state, bytes, 0, scan.entries);
  return state;
}

function endOf({ entries, entriesStart }: SessionScan): number {
  return entries.at(-1)?.end ?? entriesStart;
}

/** What is remembered of an entry. */
export interface PlacedEntry extends Range {
  readonly id: EntryId;
  readonly entryType: EntryType;
  /** Absent for what we write: JavaScript has its numbers, and it is plain. */
  readonly inexact?: boolean;
  readonly plain?: boolean;
}

/** @param offset where in the file `bytes` begin. */
function addEntries(
  state: SessionState,
  bytes: Buffer,
  offset: number,
  entries: readonly PlacedEntry[],
): void {
  for (const entry of entries) {
    const seq = state.bounds.length / 2;
    state.bounds.push(offset + entry.start, offset + entry.end);
    state.entriesCrc = crc32(bytes.subarray(entry.start, entry.end), state.entriesCrc);
    const same = state.byId.get(entry.id);
    if (same) same.push(seq);
    else state.byId.set(entry.id, [seq]);
    if (entry.inexact) state.inexact.add(seq);
    state.plain &&= entry.plain ?? true;
    state.lastId = entry.id;
  }
  state.counts = countEntries(entries, state.counts);
}

/** One batch of an append of ours: `entries` as they stand in `text`, which begins at `offset` of the file. */
export function addBatch(
  state: SessionState,
  text: Buffer,
  offset: number,
  entries: readonly PlacedEntry[],
  updatedAt: number,
): void {
  addEntries(state, text, offset, entries);
  state.metadata = deepFreeze({ ...state.metadata, updatedAt });
}

/** Where the closing stands that the next append writes over. */
export function closingOf({ bounds, entriesStart }: SessionState): number {
  return bounds.at(-1) ?? entriesStart;
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
    !sameFile(state.stamp, stamp) ||
    stamp.size <= state.stamp.size
  )
    return undefined;
  const header = readBytes(state.path, 0, state.entriesStart);
  const lastStart = state.bounds.at(-2) ?? state.entriesStart;
  const tail = readBytes(state.path, lastStart);
  if (!header || !tail || !sameStamp(header.stamp, tail.stamp) || !sameFile(tail.stamp, stamp))
    return undefined;
  if (hashOurHeader(header.bytes) !== state.headerHash) return undefined;
  const from = closingOf(state) - lastStart;
  // The last entry that is known still stands where it stood.
  if (
    state.counts.entryCount === 0 ||
    !tail.bytes.toString("utf8", 0, from).includes(`"id": "${state.lastId}"`)
  )
    return undefined;
  const entries = scanTail(tail.bytes, from);
  const updatedAt = Number(
    header.bytes.toString("latin1", UPDATED_AT_OFFSET, UPDATED_AT_OFFSET + UPDATED_AT_WIDTH),
  );
  if (!entries || entries.at(-1)?.more || !Number.isSafeInteger(updatedAt)) return undefined;
  addEntries(state, tail.bytes, lastStart, entries);
  state.metadata = deepFreeze({ ...state.metadata, updatedAt });
  state.stamp = tail.stamp;
  state.settled = isSettled(tail.stamp);
  state.synced = false;
  return state;
}

export function isSettled(stamp: FileStamp): boolean {
  return BigInt(Date.now()) * 1_000_000n - stamp.changedNs > CLOCK_TICK_NS;
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
  const { awaitingAssistant: _, ...counts } = state.counts;
  return {
    metadata: state.metadata,
    context: state.context,
    ...counts,
    version: versionOf(state),
    ...(state.contextInexact ? { inexact: true } : {}),
  };
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
