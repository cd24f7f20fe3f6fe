import fc from "fast-check";
import { expect, test } from "vitest";
import { codeTokens } from "../src/content/code-tokens.ts";

const coloured = (text: string, language: string) =>
  codeTokens(text, language)
    .filter(({ kind }) => kind !== null)
    .map(({ kind, text: piece }) => `${kind}: ${piece}`);

test("code is told apart by what a reader looks for", () => {
  expect(coloured('const a = "x // y"; // why 1\nreturn 0x1f + format;', "ts")).toEqual([
    "keyword: const",
    'string: "x // y"',
    "comment: // why 1",
    "keyword: return",
    "number: 0x1f",
  ]);
  expect(coloured("def f(x):  # one\n  return '''a\nb''' if x else None", "python")).toEqual([
    "keyword: def",
    "comment: # one",
    "keyword: return",
    "string: '''a\nb'''",
    "keyword: if",
    "keyword: else",
    "keyword: None",
  ]);
  expect(coloured("SELECT a FROM b -- all\nWHERE c = 'd'", "SQL")).toEqual([
    "keyword: SELECT",
    "keyword: FROM",
    "comment: -- all",
    "keyword: WHERE",
    "string: 'd'",
  ]);
  expect(coloured("@@ -1 +1 @@\n-old\n+new\n same", "diff")).toEqual([
    "comment: @@ -1 +1 @@",
    "removed: -old",
    "added: +new",
  ]);
  expect(coloured("echo a#b # c", "sh")).toEqual(["comment: # c"]);
  expect(coloured("fn f<'a>(x: &'a str) {}", "rust")).toContain("keyword: fn");
  expect(coloured("const a = 1", "")).toEqual([]);
  expect(coloured("const a = 1", "brainfuck")).toEqual([]);
  expect(coloured(`const a = 1;${" ".repeat(20_000)}`, "ts")).toEqual([]);
});

test("its pieces together are the text, whatever it is", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("/*", "*/", "//", '"', "'", "`", "\\", "\n", '"""', "#", "1e", "0x", "const"),
  );
  const language = fc.constantFrom("ts", "py", "sh", "sql", "json", "css", "diff", "none", "");
  fc.assert(
    fc.property(fc.array(piece), language, (pieces, name) => {
      const text = pieces.join("");
      const tokens = codeTokens(text, name);
      expect(tokens.map((token) => token.text).join("")).toBe(text);
      expect(tokens.every((token) => token.text !== "" || text === "")).toBe(true);
    }),
    { numRuns: 500 },
  );
});
