import { createHash, type Hash } from "node:crypto";

/** How many bytes of a file were read through the last record that has ended, and the hash of these. */
export class SettledBytes {
  #hash: Hash = createHash("sha256");
  #size = 0;
  /** While a long record is read in pieces: what it would be with them, and the hash of the pieces alone. */
  #long: { readonly hash: Hash; readonly tailHash: Hash; size: number } | undefined;

  get size(): number {
    return this.#size;
  }

  /** As it is kept with a session. */
  state(): { readonly size: number; readonly sha256: string } {
    return { size: this.#size, sha256: this.#hash.copy().digest("hex") };
  }

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /**
   * A piece of a long record, which counts with its last one.
   *
   * @param lineEnd what stands behind the last one, and is not part of it.
   * @returns where the piece ends in the file.
   */
  addPiece(bytes: Buffer, last: boolean, lineEnd = ""): number {
    this.#long ??= { hash: this.#hash.copy(), tailHash: createHash("sha256"), size: this.#size };
    const long = this.#long;
    long.hash.update(bytes);
    long.tailHash.update(bytes);
    long.size += bytes.length;
    if (last) {
      this.#hash = long.hash.update(lineEnd);
      long.size += lineEnd.length;
      this.#size = long.size;
      this.#long = undefined;
    }
    return long.size;
  }

  /** What stands behind it at the end of a file that ends within a record in pieces: these, and `rest`. */
  tailInPieces(rest: Buffer): { readonly size: number; readonly sha256: string } | null {
    const long = this.#long;
    if (!long) return null;
    const sha256 = long.tailHash.update(rest).digest("hex");
    return { size: long.size - this.#size + rest.length, sha256 };
  }
}
