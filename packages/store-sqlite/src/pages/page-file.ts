import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { WalFile } from "../connection/wal-file.ts";

const MAGIC = "SQLite format 3\0";
/** What every file of this package begins with; told from the log where the first page is lost. */
const DEFAULT_PAGE_SIZE = 4096;
const HEADER_BYTES = 100;

/** The pages of a database as they are in the file and, where they are newer there, in its log. */
export class PageFile {
  readonly pageSize: number;
  readonly pageCount: number;
  /** Whether the first page is there, by its first bytes. */
  readonly hasHeader: boolean;
  readonly #descriptor: number;
  readonly #bytes: number;
  readonly #wal: WalFile | null;

  constructor(file: string) {
    this.#descriptor = openSync(file, "r");
    this.#bytes = fstatSync(this.#descriptor).size;
    this.#wal = WalFile.open(`${file}-wal`);
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(this.#descriptor, header, 0, HEADER_BYTES, 0);
    this.hasHeader = header.toString("latin1", 0, MAGIC.length) === MAGIC;
    const own = this.hasHeader ? header.readUInt16BE(16) : 0;
    const stated = own === 1 ? 65_536 : own;
    const isSize = stated >= 512 && (stated & (stated - 1)) === 0;
    this.pageSize = this.#wal?.pageSize ?? (isSize ? stated : DEFAULT_PAGE_SIZE);
    this.pageCount = Math.max(Math.ceil(this.#bytes / this.pageSize), this.#wal?.pageCount ?? 0);
  }

  /** `null` for a page that is not there. */
  page(number: number): Buffer | null {
    if (number < 1 || number > this.pageCount) return null;
    const logged = this.#wal?.offsets.get(number)?.at(-1);
    if (logged !== undefined) return this.#wal?.page(logged) ?? null;
    const page = Buffer.alloc(this.pageSize);
    const read = readSync(this.#descriptor, page, 0, this.pageSize, (number - 1) * this.pageSize);
    return read === this.pageSize ? page : null;
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#wal?.close();
  }
}
