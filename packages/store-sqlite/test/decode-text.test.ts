import { runSteps } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";
import { decodeTextSteps } from "../src/search/decode-text.ts";

// Characters of one to four bytes, so that ends of pieces fall at every place within them.
test.each([
  ["of one byte each", "abcdefg"],
  ["of two", "слово "],
  ["of three", "東京x"],
  ["of four", "🙂🙂b"],
])("a text of characters %s is decoded in pieces as in one go", (_, part) => {
  const text = part.repeat(Math.ceil((3 << 20) / Buffer.byteLength(part)));
  for (const before of ["", "a", "ab", "abc"])
    expect(runSteps(decodeTextSteps(Buffer.from(before + text))) === before + text).toBe(true);
});

test("bytes that are no UTF-8 are decoded as in one go, too", () => {
  const bytes = Buffer.concat([Buffer.alloc(524_287, "a"), Buffer.from([0xd1, 0x41, 0xff, 0xe6, 0x9d])]);
  expect(runSteps(decodeTextSteps(bytes)) === bytes.toString()).toBe(true);
});
