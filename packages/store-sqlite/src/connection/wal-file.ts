import { closeSync, openSync, readSync, statSync } from "node:fs";

// The format of a write-ahead log: https://www.sqlite.org/fileformat2.html#walformat. Only what SQLite would
// replay counts: the frames whose sums are right, up to the last one that ends a transaction.
//
// header   magic, version, page size, sequence number, salt (8 bytes), sum (8 bytes)
// frame    page number, size of the database in pages at the end of a transaction (else 0), salt, sum, page
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const SALT_BYTES = 8;

/** A log as it was when it was opened. */
export class WalFile {
  readonly pageSize: number;
  /** The size of the database in pages after the last transaction; 0 where there is none. */
  readonly pageCount: number;
  /** Where the pages are, by number, in the order of the frames. */
  readonly offsets: ReadonlyMap<number, readonly number[]>;
  readonly #descriptor: number;

  private constructor(descriptor: number, pageSize: number, frames: Pick<WalFile, "pageCount" | "offsets">) {
    this.#descriptor = descriptor;
    this.pageSize = pageSize;
    this.pageCount = frames.pageCount;
    this.offsets = frames.offsets;
  }

  /** `null` where there is none, or nothing that SQLite would take for one. To be closed. */
  static open(path: string): WalFile | null {
    if (!statSync(path, { throwIfNoEntry: false })) return null;
    const descriptor = openSync(path, "r");
    try {
      const header = read(descriptor, 0, HEADER_BYTES);
      const pageSize = header ? pageSizeIn(header) : undefined;
      if (header !== null && pageSize !== undefined)
        return new WalFile(descriptor, pageSize, readFrames(descriptor, header, pageSize));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    closeSync(descriptor);
    return null;
  }

  /** The page at one of `offsets`; of zeros where the log was cut meanwhile. */
  page(offset: number): Buffer {
    return read(this.#descriptor, offset, this.pageSize) ?? Buffer.alloc(this.pageSize);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** `undefined` for the header of no log. */
function pageSizeIn(header: Buffer): number | undefined {
  const pageSize = header.readUInt32BE(8);
  if (header.readUInt32BE(0) >>> 1 !== MAGIC >>> 1) return undefined;
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  const sum = new Sum(isBigEndian(header));
  sum.add(header.subarray(0, 24));
  return sum.isAt(header, 24) ? pageSize : undefined;
}

function readFrames(descriptor: number, header: Buffer, pageSize: number) {
  const salt = header.subarray(16, 16 + SALT_BYTES);
  const offsets = new Map<number, number[]>();
  let pageCount = 0;
  let unfinished: [page: number, offset: number][] = [];
  const sum = new Sum(isBigEndian(header));
  sum.add(header.subarray(0, 24));
  for (let at = HEADER_BYTES; ; at += FRAME_HEADER_BYTES + pageSize) {
    const frame = read(descriptor, at, FRAME_HEADER_BYTES + pageSize);
    // What follows an older salt was written before the log was begun again.
    if (!frame?.subarray(8, 8 + SALT_BYTES).equals(salt)) break;
    sum.add(frame.subarray(0, 8));
    sum.add(frame.subarray(FRAME_HEADER_BYTES));
    if (!sum.isAt(frame, 16)) break;
    unfinished.push([frame.readUInt32BE(0), at + FRAME_HEADER_BYTES]);
    const size = frame.readUInt32BE(4);
    if (size === 0) continue;
    pageCount = size;
    for (const [page, offset] of unfinished) {
      const own = offsets.get(page);
      if (own) own.push(offset);
      else offsets.set(page, [offset]);
    }
    unfinished = [];
  }
  return { pageCount, offsets };
}

function isBigEndian(header: Buffer): boolean {
  return (header.readUInt32BE(0) & 1) === 1;
}

/** The running sum over a log. */
class Sum {
  readonly #isBigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  add(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isLittle = !this.#isBigEndian;
    let [first, second] = [this.#first, this.#second];
    for (let at = 0; at < bytes.byteLength; at += 8) {
      first = (first + view.getInt32(at, isLittle) + second) | 0;
      second = (second + view.getInt32(at + 4, isLittle) + first) | 0;
    }
    [this.#first, this.#second] = [first, second];
  }

  isAt(bytes: Buffer, offset: number): boolean {
    return bytes.readInt32BE(offset) === this.#first && bytes.readInt32BE(offset + 4) === this.#second;
  }
}

/** `null` where the file ends before. */
function read(descriptor: number, offset: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  return readSync(descriptor, bytes, 0, length, offset) === length ? bytes : null;
}
