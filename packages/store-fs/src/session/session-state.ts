import { createHash } from "node:crypto";
import {
  type JsonObject,
  type ListedHead,
  SessionError,
  type SessionHead,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import { damagedSession, type EntryCounts, headOf } from "@thulp-sessions/core/store";
import type { FileInfo } from "../disk/file-stamp.ts";
import type { FixedHeader } from "../file-text/layout.ts";
import { endOfFixed } from "../format/canonical-layout.ts";
import type { EntryIndex } from "../format/entry-index.ts";
import { type DecodedEntry, parseRange } from "../format/serde/codec.ts";
import type { FormatError } from "../format/serde/format-error.ts";

/** What is known of a session file, to append to it and to read parts of it without reading all of it. */
export interface SessionState {
  /** Of the file whose contents these are. */
  info: FileInfo;
  /** The file may have been changed since without its stamp showing it. */
  racy: boolean;
  /** What the file holds was synced by us. */
  synced: boolean;
  /** So was its name. */
  nameSynced: boolean;
  metadata: SessionMetadata;
  readonly context: JsonObject;
  readonly contextInexact: boolean;
  /** `null` where the file is not in our layout of today: then every write writes it anew. */
  fixed: FixedHeader | null;
  epoch: string;
  /**
   * From here on all batches carry their time: what a truncate in place leaves of them after a crash is known
   * by it.
   */
  timedFrom: number;
  /** Behind the `[` of the entries. */
  readonly entriesStart: number;
  /** Of the header, without the fields that are overwritten in place. */
  readonly headerHash: string;
  /** Of all bytes from there to the end of the last entry that counts. */
  crc: number;
  /** The same at some entries on the way: what a truncate would otherwise have to read from the start. */
  readonly checkpoints: Checkpoint[];
  readonly index: EntryIndex;
  /** All entries are plain ones. */
  plain: boolean;
  counts: EntryCounts;
  lastId: string;
  /** What stands behind the last whole batch and has to be cut off before the next write. */
  readonly tail: Tail | null;
  readonly damage: FormatError | null;
  /** As it was given out last; `null` when something has changed since. */
  head: SessionHead | null;
}

export interface Checkpoint {
  readonly entryCount: number;
  readonly crc: number;
}

export interface Tail {
  readonly kind: "torn" | "leftover";
  readonly start: number;
  readonly end: number;
}

/** Where the entries that count end, and the closing stands that the next append writes over. */
export function entriesEndOf({ index, entriesStart }: SessionState): number {
  return entriesStart + index.end;
}

/** Of a header in our layout, without the fields that are overwritten in place. */
export function hashCanonicalHeader(header: Buffer, fixed: FixedHeader): string {
  return hashOf(header.subarray(endOfFixed(fixed)));
}

export function hashOf(...parts: readonly Buffer[]): string {
  const digest = createHash("sha1");
  for (const part of parts) digest.update(part);
  return digest.digest("base64url").slice(0, 12);
}

/** Follows from what the file holds, so that every process finds the same; never from file times. */
export function versionOf({ metadata, counts, headerHash, crc, lastId }: SessionState): string {
  return `${metadata.updatedAt}-${counts.entryCount}-${headerHash}-${crc.toString(16)}-${lastId}`;
}

/** What an answer says of the state as a whole. */
export function stateNames(state: SessionState): Pick<SessionHead, "version" | "epoch"> {
  return { version: versionOf(state), epoch: state.epoch };
}

/** @throws {SessionError} corrupt, unsupported when the file is damaged anywhere. */
export function headOfState(path: string, state: SessionState): SessionHead {
  if (state.damage) throw damageError(path, state.metadata.id, state.damage);
  const { metadata, context, counts, contextInexact } = state;
  const head =
    state.head ?? Object.freeze(headOf(metadata, context, counts, stateNames(state), contextInexact));
  state.head = head;
  return head;
}

/** The same in a list, which tells of damage instead of failing. */
export function listedHeadOf(path: string, state: SessionState): ListedHead {
  const { damage, metadata } = state;
  return damage ? damagedSession(metadata, damageError(path, metadata.id, damage)) : headOfState(path, state);
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

export function damageError(path: string, sessionId: SessionId, damage: FormatError): SessionError {
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

/**
 * `updatedAt` of a session. Where the whole file is there, as long as its header says, the header counts, as
 * other programs see it too; else what the batches say themselves.
 */
export function timeOf(fixed: FixedHeader, size: number, lastBatchTime: number): number {
  return size === fixed.fileSize ? fixed.updatedAt : Math.max(fixed.changedAt, lastBatchTime);
}
