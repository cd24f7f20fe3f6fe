import fs from "node:fs";
import { SessionError } from "@thulp-sessions/core";
import type { ByteSource } from "../format/byte-window.ts";
import { type FileInfo, infoOfOpen, sameStamp } from "./file-stamp.ts";
import { io, ioError, isErrno } from "./io-error.ts";

/**
 * A session is a regular file. Whatever else has its name (a pipe, a socket, a device, a link) must not block
 * the open nor be followed; where the system cannot refuse a link, the caller looks with lstat first.
 */
export const OPEN_FLAGS = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/** Can the system refuse to follow a symbolic link? */
export const REFUSES_LINKS = fs.constants.O_NOFOLLOW !== undefined;

/** How often a read is begun again when the file is written at the same time. */
export const READ_TRIES = 10;

/** What is read as one piece; larger files are read through a window. */
const LONGEST_PIECE = 1024 ** 3;

/** A file that is open for reading. */
export interface ReadableFile extends ByteSource {
  /** As it was when it was opened or last looked at. */
  readonly info: FileInfo;
  /** Looks at it again. */
  look(): FileInfo;
}

/**
 * Opens a regular file, gives what `use` gives, and closes it; `undefined` when there is none, or something
 * else.
 *
 * @throws {SessionError} io
 */
export function withReadableFile<T>(path: string, use: (file: ReadableFile) => T): T | undefined {
  const descriptor = openRegular(path);
  if (descriptor === undefined) return undefined;
  try {
    const file = new OpenFile(path, descriptor);
    return file.info.kind === "file" ? use(file) : undefined;
  } finally {
    closeFile(descriptor);
  }
}

/**
 * Opens a file for reading without waiting; `undefined` when there is none, a link, or nothing that can be
 * opened so.
 */
export function openRegular(path: string): number | undefined {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | OPEN_FLAGS);
  } catch (error) {
    // ENXIO: a socket, or a device that is not there.
    if (["ENOENT", "ELOOP", "ENXIO"].some((code) => isErrno(error, code))) return undefined;
    throw ioError(path, "open", error);
  }
}

class OpenFile implements ReadableFile {
  info: FileInfo;
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.info = infoOfOpen(path, descriptor);
  }

  get size(): number {
    return this.info.size;
  }

  look(): FileInfo {
    this.info = infoOfOpen(this.#path, this.#descriptor);
    return this.info;
  }

  readInto(into: Buffer, start: number): number {
    return io(this.#path, "read", () => readFully(this.#descriptor, into, start));
  }
}

/**
 * Reads a file with the stamp that belongs to what was read; `undefined` when there is no file. Begins again
 * while another program writes, and gives what it has after a few times: a reader never waits.
 */
function readSteadily<T>(
  path: string,
  read: (file: ReadableFile) => T,
): { result: T; info: FileInfo } | undefined {
  return withReadableFile(path, (file) => {
    for (let tries = 1; ; tries++) {
      const { info } = file;
      const result = read(file);
      if (tries === READ_TRIES || sameStamp(info, file.look())) return { result, info };
    }
  });
}

/**
 * The bytes from `start` to `end` (the file's end when absent) with the stamp they belong to.
 *
 * @throws {SessionError} unsupported when they are too many for one buffer.
 */
export function readBytes(
  path: string,
  start = 0,
  end?: number,
): { bytes: Buffer; info: FileInfo } | undefined {
  const read = readSteadily(path, (file) =>
    bytesOf(path, file, start, Math.min(end ?? file.size, file.size)),
  );
  return read && { bytes: read.result, info: read.info };
}

/** @throws {SessionError} unsupported when they are too many for one buffer. */
export function bytesOf(path: string, source: ByteSource, start: number, end: number): Buffer {
  const length = Math.max(0, end - start);
  if (length > LONGEST_PIECE) throw tooLong(path, length);
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, source.readInto(bytes, start));
}

function tooLong(path: string, length: number): SessionError {
  return new SessionError(
    "unsupported",
    `${length} bytes of ${path} belong together, more than can be held at once. The file is left as it is.`,
    { details: { path } },
  );
}

/** A few bytes as text. */
export function readAt(descriptor: number, start: number, length: number): string {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.toString("latin1", 0, readFully(descriptor, bytes, start));
}

/** As {@link readWholeFile}, its text. */
export function readTextFile(path: string, most: number): string | undefined {
  return readWholeFile(path, most)?.toString("utf8");
}

/**
 * A file of ours; `undefined` when there is none, something else has its name, or it is longer than `most`.
 *
 * @throws {SessionError} io
 */
export function readWholeFile(path: string, most: number): Buffer | undefined {
  return withReadableFile(path, (file) => (file.size > most ? undefined : bytesOf(path, file, 0, file.size)));
}

export function readFully(descriptor: number, bytes: Buffer, start: number): number {
  let done = 0;
  while (done < bytes.length) {
    const length = fs.readSync(descriptor, bytes, done, bytes.length - done, start + done);
    if (length === 0) break;
    done += length;
  }
  return done;
}

/** Where closing fails nothing is left to be done: what was written has been synced before. */
export function closeFile(descriptor: number): void {
  try {
    fs.closeSync(descriptor);
  } catch {
    // The system has let go of it all the same.
  }
}
