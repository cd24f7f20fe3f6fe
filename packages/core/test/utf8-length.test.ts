import { expect, test } from "vitest";
import { utf8Length } from "../src/model/utf8-length.ts";

test.each([1, 3, 20, 100, 20_000])(
  "the bytes of a text are counted as they are encoded: %d times",
  (count) => {
    for (const unit of ["a", "é", "€", "😀", "\0", "😀€é\0", "\u07ff\u0800\uffff"])
      for (let offset = 0; offset < 4; offset++) {
        const text = "a".repeat(offset) + unit.repeat(count);
        expect(utf8Length(text), `${JSON.stringify(unit)} after ${offset}`).toBe(Buffer.byteLength(text));
      }
  },
);
