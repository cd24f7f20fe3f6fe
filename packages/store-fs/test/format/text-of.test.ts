import { expect, test } from "vitest";
import { textOf } from "../../src/format/serde/codec.ts";

test.each(["plain", "слово", "漢字", "😀", "\u0000é", "\uFEFFbeginning", "a\uFFFFb"])(
  "%j is read as it was written, however long",
  (piece) => {
    for (const count of [0, 1, 700, 5_000, 200_000]) {
      const text = piece.repeat(count);
      expect(textOf(Buffer.from(text)) === text).toBe(true);
    }
  },
);

test("bytes that are no UTF-8 are U+FFFD, however long the text is", () => {
  for (const around of ["", "é".repeat(5_000)]) {
    const text = Buffer.concat([Buffer.from(around), Buffer.from([0xed, 0xa0, 0x80, 0xff])]);
    expect(textOf(text) === `${around}\uFFFD\uFFFD\uFFFD\uFFFD`).toBe(true);
  }
});
