import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { CONFIG_FILE, readConfigFile } from "../src/config-file.ts";
import { loadConfig } from "../src/load-config.ts";
import { decodeUtf8, invalidUtf8At, otherEncodingOf } from "../src/utf8.ts";
import { tempFolder } from "./temp-folder.ts";

const bytes = (text: string) => Buffer.from(text);

describe("invalidUtf8At", () => {
  test.each([
    ["", -1],
    ["plain", -1],
    ["日本語 😀", -1],
  ])("%j is valid", (text, at) => expect(invalidUtf8At(bytes(text))).toBe(at));

  test.each([
    [[0xff], 0],
    [[0x61, 0xe9, 0x62], 1],
    [[0x61, 0x62, 0xc3], 2],
    // Half of a surrogate pair, and a long way to write a slash.
    [[0x61, 0xed, 0xa0, 0x80], 1],
    [[0x61, 0xc0, 0xaf], 1],
  ])("%j is not", (given, at) => expect(invalidUtf8At(Uint8Array.from(given))).toBe(at));

  it("finds the one byte wherever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (before, after) => {
        const start = bytes(before.toWellFormed());
        const given = Buffer.concat([start, Uint8Array.of(0xff), bytes(after)]);
        expect(invalidUtf8At(given)).toBe(start.length);
      }),
      { seed: 5 },
    );
  });
});

test("UTF-16 is named, with and without a mark; a mark of UTF-8 is taken", () => {
  expect(otherEncodingOf(Buffer.from("\ufeff{}", "utf16le"))).toContain("UTF-16");
  expect(otherEncodingOf(Buffer.from("{}", "utf16le"))).toContain("UTF-16");
  expect(otherEncodingOf(Buffer.from("{}", "utf16le").swap16())).toContain("UTF-16");
  for (const text of ["", "a", "{}", "\ufeff{}"]) expect(otherEncodingOf(bytes(text))).toBeNull();
  expect(decodeUtf8(bytes("\ufeffa\ufeff"))).toBe("a\ufeff");
});

test("a configuration file and a token file may begin with a mark, and have to be UTF-8", () => {
  const cwd = tempFolder();
  const write = (name: string, content: Uint8Array) => writeFileSync(join(cwd, name), content);
  write(CONFIG_FILE, bytes('\ufeff{"port": 1}'));
  expect(readConfigFile([cwd])?.values).toEqual({ port: 1 });
  write(CONFIG_FILE, Buffer.from('\ufeff{"port": 1}', "utf16le"));
  expect(() => readConfigFile([cwd])).toThrow(/thulp-sessions\.config\.json: .*UTF-16/);
  write(CONFIG_FILE, Buffer.from('{"store":"fs:caf\u00e9"}', "latin1"));
  expect(() => readConfigFile([cwd])).toThrow(/is not UTF-8 \(byte 16/);
  write(CONFIG_FILE, bytes("{}"));
  const token = () => loadConfig({ flags: { tokenFile: "token" }, env: {}, cwd }).token;
  write("token", bytes("\ufeffsecret\n"));
  expect(token()).toBe("secret");
  write("token", Buffer.from("\ufeffsecret\r\n", "utf16le"));
  expect(token).toThrow(/token cannot be read: it is UTF-16/);
});
