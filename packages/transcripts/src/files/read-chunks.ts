import { constants, type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import zlib from "node:zlib";

const MAX_CHUNK_BYTES = 1024 * 1024;
const MIN_CHUNK_BYTES = 64 * 1024;

/** A file cannot be read, for a reason that is for people. */
export class UnreadableFile extends Error {
  override readonly name = "UnreadableFile";
}

/** What can be told of why a file or folder cannot be read. */
export function reasonOf(error: unknown): string {
  if (error instanceof UnreadableFile) return error.message;
  switch ((error as NodeJS.ErrnoException).code) {
    case "EACCES":
    case "EPERM":
      return "no permission to read it";
    case "ENOENT":
      return "it is not there (a link to nothing, or removed meanwhile)";
    case "ELOOP":
      return "its links lead in a circle";
    default:
      return (error as Error).message;
  }
}

/** Files with this ending are read through Zstandard. */
export const COMPRESSED = ".zst";

/** A part of a file that is not compressed: from `start` to before `end`. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/**
 * The bytes of a regular file, of a `.zst` those that it holds. A chunk is only valid until the next one is
 * asked for.
 *
 * @throws {UnreadableFile} for what is no regular file, or is compressed where Node cannot read it.
 */
export async function* readChunks(
  path: string,
  { start, end }: ByteRange = {},
): AsyncGenerator<Buffer, void, undefined> {
  // A FIFO would wait for a writer when it is opened.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new UnreadableFile("it is no regular file");
    // Most files are small, and one more byte shows where they end.
    const chunkBytes = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, stats.size + 1));
    if (path.endsWith(COMPRESSED)) yield* decompressed(file, chunkBytes);
    else yield* plain(file, chunkBytes, start, end);
  } finally {
    await file.close();
  }
}

async function* plain(
  file: FileHandle,
  chunkBytes: number,
  start = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let position = start; position < end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(chunkBytes, end - position), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Node has Zstandard since 22.15; the types here are those of the oldest Node. */
type ZstdFactory = () => NodeJS.ReadWriteStream;

async function* decompressed(file: FileHandle, chunkBytes: number): AsyncGenerator<Buffer, void, undefined> {
  const create = (zlib as unknown as { createZstdDecompress?: ZstdFactory }).createZstdDecompress;
  if (!create)
    throw new UnreadableFile(
      `it is compressed: Node ${process.versions.node} cannot read .zst, 22.15 and newer can`,
    );
  const decoder = create();
  const source = Readable.from(plainCopies(file, chunkBytes));
  source.on("error", (error) => (decoder as unknown as Readable).destroy(error));
  for await (const chunk of source.pipe(decoder)) yield chunk as Buffer;
}

/** A stream keeps what it was given for longer than one turn. */
async function* plainCopies(file: FileHandle, chunkBytes: number): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of plain(file, chunkBytes)) yield Buffer.from(chunk);
}
