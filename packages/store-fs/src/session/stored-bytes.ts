import { changedMeanwhile } from "../disk/io-error.ts";
import { readBytes } from "../disk/read-file.ts";
import { CLOSING } from "../format/canonical-layout.ts";
import type { Range } from "../format/codec.ts";
import { checkpointBefore } from "./grow-state.ts";
import type { SessionState } from "./session-state.ts";

/** The marks of an entry and the line of its brace are no longer. */
const LAST_LINES_BYTES = 128;

/** Does a batch end before this entry? Only there an entry may become the last one without being written again. */
export function endsBatch(path: string, state: SessionState, entryCount: number): boolean {
  if (entryCount === 0) return true;
  const end = state.entriesStart + state.index.endOf(entryCount - 1);
  const lastLines = readBytes(path, Math.max(0, end - LAST_LINES_BYTES), end)?.bytes.toString("latin1") ?? "";
  return !/"more"\s*:\s*true\s*\}$/.test(lastLines);
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
