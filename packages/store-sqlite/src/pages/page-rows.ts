import type { PageFile } from "./page-file.ts";

// The pages of a table: https://www.sqlite.org/fileformat2.html#b_tree_pages. Whatever is read may be
// damaged: what does not fit is left out, and nothing is believed that leads out of its page.

const LEAF = 13;
const INNER = 5;
/** Of the first page, before what every page has. */
const FILE_HEADER_BYTES = 100;
const INNER_HEADER_BYTES = 12;
const LEAF_HEADER_BYTES = 8;

export type Value = number | bigint | string | Buffer | null;

export interface PageRow {
  readonly rowid: number;
  /** In the order of the columns as they are stored; the column that is the rowid is NULL. */
  readonly values: readonly Value[];
}

export function isTableLeaf(number: number, page: Buffer): boolean {
  return page[headerOf(number)] === LEAF;
}

export function isTablePage(number: number, page: Buffer): boolean {
  return isTableLeaf(number, page) || page[headerOf(number)] === INNER;
}

/** The pages below an inner page, in order; none for another page. */
export function childrenOf(number: number, page: Buffer): number[] {
  const header = headerOf(number);
  if (page[header] !== INNER) return [];
  const children: number[] = [];
  for (const at of cellsOf(page, header, INNER_HEADER_BYTES))
    if (at + 4 <= page.length) children.push(page.readUInt32BE(at));
  children.push(page.readUInt32BE(header + 8));
  return children;
}

/** The rows of a leaf that can be read whole. @param onLost called for each other one. */
export function* rowsOf(
  file: PageFile,
  number: number,
  page: Buffer,
  onLost: () => void,
): Generator<PageRow> {
  const header = headerOf(number);
  if (page[header] !== LEAF) return;
  for (const at of cellsOf(page, header, LEAF_HEADER_BYTES)) {
    const row = rowAt(file, page, at);
    if (row) yield row;
    else onLost();
  }
}

function headerOf(number: number): number {
  return number === 1 ? FILE_HEADER_BYTES : 0;
}

function* cellsOf(page: Buffer, header: number, headerBytes: number): Generator<number> {
  const count = page.readUInt16BE(header + 3);
  const first = header + headerBytes;
  for (let i = 0; i < count && first + i * 2 + 2 <= page.length; i++) yield page.readUInt16BE(first + i * 2);
}

function rowAt(file: PageFile, page: Buffer, at: number): PageRow | null {
  const reader = new Varints(page, at);
  const [length, rowid] = [reader.next(), reader.next()];
  if (length === null || rowid === null || length > file.pageCount * file.pageSize) return null;
  const payload = payloadAt(file, page, reader.at, length);
  const values = payload && valuesIn(payload);
  return values ? { rowid, values } : null;
}

/** How much of it is on the page itself follows from its length and the size of pages. */
function payloadAt(file: PageFile, page: Buffer, at: number, length: number): Buffer | null {
  const usable = page.length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const most = usable - 35;
  const wanted = least + ((length - least) % (usable - 4));
  const local = length <= most ? length : wanted <= most ? wanted : least;
  if (at + local + (local < length ? 4 : 0) > page.length) return null;
  const parts = [page.subarray(at, at + local)];
  let rest = length - local;
  for (let next = rest > 0 ? page.readUInt32BE(at + local) : 0; rest > 0; ) {
    const overflow = file.page(next);
    if (!overflow) return null;
    const part = overflow.subarray(4, 4 + Math.min(rest, usable - 4));
    parts.push(part);
    rest -= part.length;
    next = overflow.readUInt32BE(0);
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** The record format: the types of all values, then the values. */
function valuesIn(payload: Buffer): Value[] | null {
  const types = new Varints(payload, 0);
  const headerBytes = types.next();
  if (headerBytes === null || headerBytes > payload.length) return null;
  const values: Value[] = [];
  let at = headerBytes;
  while (types.at < headerBytes) {
    const type = types.next();
    const bytes = type === null ? null : bytesOf(type);
    if (type === null || bytes === null || at + bytes > payload.length) return null;
    values.push(decoded(type, payload.subarray(at, at + bytes)));
    at += bytes;
  }
  return values;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function bytesOf(type: number): number | null {
  return type >= 12 ? Math.floor((type - 12) / 2) : (INTEGER_BYTES[type] ?? null);
}

function decoded(type: number, bytes: Buffer): Value {
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(0);
  if (type === 8 || type === 9) return type - 8;
  if (type >= 12) return type % 2 === 0 ? Buffer.from(bytes) : bytes.toString("utf8");
  if (type < 6) return bytes.readIntBE(0, bytes.length);
  const whole = bytes.readBigInt64BE(0);
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

/** Integers of one to nine bytes. */
class Varints {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** `null` for what ends before, and for what JavaScript cannot hold. */
  next(): number | null {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) return null;
      value = i === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
      if (i === 8 || byte < 0x80) return Number.isSafeInteger(value) ? value : null;
    }
    return null;
  }
}
