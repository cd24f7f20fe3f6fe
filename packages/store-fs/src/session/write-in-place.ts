import type { Durability } from "@thulp-sessions/core/store";
import type { FileClock } from "../disk/file-clock.ts";
import type { FileInfo } from "../disk/file-stamp.ts";
import { changedMeanwhile, io } from "../disk/io-error.ts";
import { readAt } from "../disk/read-file.ts";
import { cutFile, syncData, writeFully } from "../disk/write-file.ts";
import { appendedFieldsText, CLOSING, type FixedHeader, fixedHeaderText } from "../file-text/layout.ts";
import { UPDATED_AT_OFFSET } from "../format/canonical-layout.ts";
import type { EncodedGroup } from "./append-group.ts";
import { entriesEndOf, type SessionState } from "./session-state.ts";

// What is written into an existing file of our layout. What a crash leaves of it is told by
// docs/file-format.md.

/** A session file that is open for writing. */
interface Target {
  readonly path: string;
  readonly descriptor: number;
  readonly clock: FileClock;
}

/**
 * Overwrites the closing with entries and a new closing, then the time in the header.
 *
 * @returns the stamp of the file, taken before the sync: what others write meanwhile is not covered by that.
 * @throws {SessionError} busy when another program has written; io, after which the file is as it was where
 * possible.
 */
export function writeGroup(
  { path, descriptor, clock }: Target,
  state: SessionState,
  { bytes, offset, updatedAt }: EncodedGroup,
): FileInfo {
  // Where the stamp alone does not show whether somebody has written since.
  if (state.racy && !hasClosingAt(path, descriptor, offset)) throw changedMeanwhile(path);
  let info: FileInfo;
  try {
    io(path, "append to", () => {
      writeFully(descriptor, bytes, offset);
      writeAppendedFields(descriptor, state, updatedAt, offset + bytes.length);
    });
    info = clock.stampAfterWrite(path, descriptor);
  } catch (error) {
    undoGroup(descriptor, state);
    throw error;
  }
  // Another writer ignored the lock: its bytes are not ours to undo.
  if (info.size !== offset + bytes.length) throw changedMeanwhile(path);
  return info;
}

/** The first append after a truncate in place also says that no remains of it are left. */
function writeAppendedFields(
  descriptor: number,
  { fixed }: SessionState,
  updatedAt: number,
  fileSize: number,
): void {
  if (fixed?.truncated) writeFixedHeader(descriptor, { ...fixed, updatedAt, fileSize, truncated: false });
  else {
    appendedFields.write(appendedFieldsText(updatedAt, fileSize), "latin1");
    writeFully(descriptor, appendedFields, UPDATED_AT_OFFSET);
  }
}

/** Reused by every append: its text is always as long. */
const appendedFields = Buffer.alloc(appendedFieldsText(0, 0).length);

/**
 * After a failed write or sync, as far as that goes: the file as it was, so that other programs can read it.
 */
export function undoGroup(descriptor: number, state: SessionState): void {
  try {
    const end = entriesEndOf(state);
    cutFile(descriptor, end);
    writeFully(descriptor, Buffer.from(CLOSING), end);
    writeFixedHeader(descriptor, headerOf(state));
  } catch {
    // The disk refuses that too: what is left is a torn tail, which the next write removes.
  }
}

/**
 * Cuts off the entries behind `fixed.entriesEnd`. The header says so first, and is synced first: from then on
 * what stands there does not count any more, whether or not the cut itself survives a crash.
 *
 * @returns the stamp of the file.
 */
export async function cutEntries(
  { path, descriptor, clock }: Target,
  state: SessionState,
  fixed: FixedHeader,
  durability: Durability,
): Promise<FileInfo> {
  if (state.racy && !hasClosingAt(path, descriptor, entriesEndOf(state))) throw changedMeanwhile(path);
  try {
    io(path, "truncate", () => writeFixedHeader(descriptor, fixed));
    if (durability === "full") await syncData(path, descriptor);
  } catch (error) {
    undoHeader(descriptor, state);
    throw error;
  }
  io(path, "truncate", () => {
    writeFully(descriptor, Buffer.from(CLOSING), fixed.entriesEnd);
    cutFile(descriptor, fixed.entriesEnd + CLOSING.length);
  });
  const info = clock.stampAfterWrite(path, descriptor);
  if (durability === "full") await syncData(path, descriptor);
  return info;
}

function undoHeader(descriptor: number, state: SessionState): void {
  try {
    writeFixedHeader(descriptor, headerOf(state));
  } catch {
    // The disk refuses that too: the truncate may count after all, and the caller hears that it failed.
  }
}

function headerOf(state: SessionState): FixedHeader {
  const fileSize = entriesEndOf(state) + CLOSING.length;
  return { ...(state.fixed as FixedHeader), updatedAt: state.metadata.updatedAt, fileSize };
}

function writeFixedHeader(descriptor: number, fixed: FixedHeader): void {
  writeFully(descriptor, Buffer.from(fixedHeaderText(fixed)), UPDATED_AT_OFFSET);
}

function hasClosingAt(path: string, descriptor: number, offset: number): boolean {
  return io(path, "read", () => readAt(descriptor, offset, CLOSING.length + 1)) === CLOSING;
}
