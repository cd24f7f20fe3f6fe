import { setImmediate } from "node:timers/promises";
import { io } from "./io-error.ts";
import { type ReadableFile, withReadableFile } from "./read-file.ts";
import { writeFully } from "./write-file.ts";

/** So much is held in memory, and copied before others have their turn. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a stretch of a file piece by piece, each time from a file that is opened again: nothing stays open
 * while others have their turn. The buffer holds other bytes after each call of `onBytes`.
 *
 * @param isSame whether the file that was opened is still the one meant.
 * @returns false when it is not, or ends before `end`.
 */
export async function readRange(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
  isSame: (file: ReadableFile) => boolean,
  onBytes: (bytes: Buffer, at: number) => void,
): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(CHUNK_BYTES, end - start)));
  for (let at = start; at < end; ) {
    const bytes = withReadableFile(path, (file) =>
      isSame(file) ? buffer.subarray(0, file.readInto(buffer.subarray(0, end - at), at)) : undefined,
    );
    if (!bytes || bytes.length === 0) return false;
    onBytes(bytes, at);
    at += bytes.length;
    if (at < end) await setImmediate();
  }
  return true;
}

/** Writes pieces one behind the other. */
export class SequentialWriter {
  /** Where the next piece goes. */
  position = 0;
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  write(bytes: Buffer): void {
    io(this.#path, "write", () => writeFully(this.#descriptor, bytes, this.position));
    this.position += bytes.length;
  }
}
