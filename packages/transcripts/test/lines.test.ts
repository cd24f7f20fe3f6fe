import { describe, expect, test } from "vitest";
import { LineSplitter } from "../src/lines/line-splitter.ts";
import { decodeUtf8 } from "../src/lines/line-value.ts";
import { MAX_LINE_BYTES, PIECE_BYTES, piecesOf } from "../src/lines/pieces.ts";

const MB = 1024 * 1024;

/** What a splitter makes of a file that is read in chunks of this size. */
function split(file: Buffer, chunkBytes: number): readonly string[] {
  const splitter = new LineSplitter();
  const found: string[] = [];
  // One buffer, as a reader has it: nothing may rely on what it held before.
  const buffer = Buffer.alloc(chunkBytes);
  for (let at = 0; at < file.length; at += chunkBytes) {
    const length = file.copy(buffer, 0, at, at + chunkBytes);
    for (const part of splitter.push(buffer.subarray(0, length))) {
      const ends = part.type === "line" ? "line" : part.last ? "last" : "piece";
      found.push(`${ends} ${part.bytes.length} ${part.bytes.subarray(-8).toString("hex")}`);
    }
  }
  const { rest, inPieces } = splitter.finish();
  return [...found, `rest ${rest.length} ${inPieces}`];
}

describe("lines", () => {
  test("end at 0x0A and nowhere else", () => {
    const file = Buffer.from("a\u2028b\u0085c\rd\n\ne");
    expect(split(file, 1000)).toHaveLength(3);
    for (const size of [1, 2, 3, 7]) expect(split(file, size)).toEqual(split(file, 1000));
  });

  test.each([MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, MAX_LINE_BYTES + PIECE_BYTES])(
    "of %i bytes are whole or in pieces, however they are read",
    (length) => {
      const file = Buffer.concat([Buffer.from("x\n"), Buffer.alloc(length, "y"), Buffer.from("\nz")]);
      const [first, second] = split(file, MB);
      expect(first?.startsWith("line 1 ")).toBe(true);
      expect(second?.split(" ")[0]).toBe(length <= MAX_LINE_BYTES ? "line" : "piece");
      for (const size of [700_000, 3 * MB, length + 1, file.length])
        expect(split(file, size)).toEqual(split(file, MB));
    },
  );
});

describe("pieces", () => {
  test("are cut between characters", () => {
    for (const shift of [0, 1, 2, 3]) {
      const line = Buffer.from("a".repeat(shift) + "😀".repeat(PIECE_BYTES / 2));
      const pieces = [...piecesOf(line)];
      expect(Buffer.concat(pieces).equals(line)).toBe(true);
      expect(pieces.every((piece) => piece.length <= PIECE_BYTES && decodeUtf8(piece) !== null)).toBe(true);
    }
  });

  test("of what is no UTF-8 are cut anywhere, but do end", () => {
    const line = Buffer.alloc(3 * PIECE_BYTES, 0x80);
    const pieces = [...piecesOf(line)];
    expect(pieces.map(({ length }) => length)).toEqual([PIECE_BYTES, PIECE_BYTES, PIECE_BYTES]);
  });
});
