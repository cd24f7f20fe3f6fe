import { createHash } from "node:crypto";
import { LineSplitter } from "../lines/line-splitter.ts";
import { sha256 } from "../model/derived-ids.ts";
import type { OpenBytes } from "./transcript-file.ts";

/** How the bytes of two files relate. */
export type Relation =
  /** They are the same, or one is the beginning of the other. */
  | { readonly type: "same" | "first-is-longer" | "second-is-longer" }
  /** They go apart; with the hash of the first line of the second that differs. */
  | { readonly type: "different"; readonly lineHash: string };

/** Compares two files as far as both go, with little memory. */
export async function compareFiles(first: OpenBytes, second: OpenBytes): Promise<Relation> {
  const [a, b] = [new Bytes(first), new Bytes(second)];
  let offset = 0;
  try {
    for (;;) {
      const [left, right] = [await a.some(), await b.some()];
      if (!left || !right) {
        if (!left && !right) return { type: "same" };
        return { type: left ? "first-is-longer" : "second-is-longer" };
      }
      const length = Math.min(left.length, right.length);
      if (!left.subarray(0, length).equals(right.subarray(0, length))) {
        for (let i = 0; left[i] === right[i]; i++) offset++;
        return { type: "different", lineHash: await hashOfLineAt(second, offset) };
      }
      offset += length;
      a.take(length);
      b.take(length);
    }
  } finally {
    await a.end();
    await b.end();
  }
}

/** The bytes of a file, as many at a time as are wanted. */
class Bytes {
  readonly #chunks: AsyncGenerator<Buffer, void, undefined>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(open: OpenBytes) {
    this.#chunks = open();
  }

  async some(): Promise<Buffer | null> {
    if (this.#rest.length > 0) return this.#rest;
    const next = await this.#chunks.next();
    if (next.done) return null;
    this.#rest = next.value;
    return this.#rest;
  }

  take(length: number): void {
    this.#rest = this.#rest.subarray(length);
  }

  async end(): Promise<void> {
    await this.#chunks.return();
  }
}

/** The hash of the line in which a byte stands; of a line of many megabytes, of the piece. */
async function hashOfLineAt(open: OpenBytes, offset: number): Promise<string> {
  const splitter = new LineSplitter();
  let end = 0;
  for await (const chunk of open()) {
    for (const part of splitter.push(chunk)) {
      end += part.bytes.length + (part.type === "line" || part.last ? 1 : 0);
      if (end > offset) return sha256(part.bytes);
    }
  }
  return sha256(splitter.finish().rest);
}

/** How a file relates to what was imported of it: so many bytes with this hash, then a tail. */
export async function compareWithImported(
  open: OpenBytes,
  { size, sha256: expected, tail }: KnownBytes,
): Promise<"unchanged" | "grown" | "changed"> {
  const [head, behind] = [createHash("sha256"), createHash("sha256")];
  let read = 0;
  for await (const chunk of open()) {
    const inHead = Math.max(0, Math.min(chunk.length, size - read));
    head.update(chunk.subarray(0, inHead));
    behind.update(chunk.subarray(inHead));
    read += chunk.length;
  }
  if (read < size || head.digest("hex") !== expected) return "changed";
  const isSameTail = read === size + (tail?.size ?? 0) && (!tail || behind.digest("hex") === tail.sha256);
  return isSameTail ? "unchanged" : "grown";
}

interface KnownBytes {
  readonly size: number;
  readonly sha256: string;
  readonly tail?: { readonly size: number; readonly sha256: string } | undefined;
}
