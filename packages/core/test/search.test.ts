import { type JsonValue, searchQuerySchema } from "@thulp-sessions/core";
import {
  cannotMatch,
  contentStrings,
  indexText,
  MAX_SEARCHED_WORDS,
  matchStrings,
  matchStringsInTurns,
  parseSearchText,
  Yielder,
} from "@thulp-sessions/core/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchAscii } from "../src/search/match-ascii.ts";
import { matchTokens } from "../src/search/match-tokens.ts";
import { MAX_SEARCH_TEXT, STRING_BOUNDARY } from "../src/search/search.ts";
import { tokenize } from "../src/search/tokenize.ts";
import { parseInput } from "../src/store/validate.ts";
import { errorOf } from "./make.ts";

// Longer than most files: the rules of words, of queries and of matches are tried on the same texts.

const words = (text: string) => tokenize(text).map(({ word }) => word);
const matches = (text: string, query: string) => matchStrings([text], parseSearchText(query)) !== null;

/** Texts of whole characters of every kind, with the odd ones often. */
const someText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom(
      ..."aZ9 _'\"*-\n",
      "é",
      "e\u0301",
      "İ",
      "ς",
      "Σ",
      "ß",
      "漢",
      "か\u3099",
      "ก็",
      "ﷺ",
      "½",
      "ﬁ",
      "K",
      "𐐀",
      "👩‍👧",
      "\u0301",
      "ﾞ",
      "\uE000",
    ),
  }),
);

describe("words", () => {
  test.each([
    ["Hello, World! It's 3pm", ["hello", "world", "it", "s", "3pm"]],
    ["snake_case-and.dots/paths", ["snake", "case", "and", "dots", "paths"]],
    ["Crème BRÛLÉE", ["creme", "brulee"]],
    ["cre\u0300me", ["creme"]],
    ["Ελληνικά ΟΔΟΣ οδός", ["ελληνικα", "οδοσ", "οδοσ"]],
    ["Привет, Ёлка й", ["привет", "елка", "и"]],
    ["İstanbul ISTANBUL", ["istanbul", "istanbul"]],
    ["Straße", ["straße"]],
    ["ﬁne ½ ² Ⅷ ＡＢＣ", ["fine", "12", "2", "viii", "abc"]],
    ["東京タワー", ["東", "京", "タ", "ワ", "ー"]],
    ["がぎ か\u3099", ["が", "ぎ", "が"]],
    ["สวัสดี", ["ส", "วั", "ส", "ดี"]],
    ["漢字abc漢", ["漢", "字", "abc", "漢"]],
    ["한국어 텍스트", ["한국어", "텍스트"]],
    ["שָׁלוֹם مرحبا", ["שָׁלוֹם".normalize("NFC"), "مرحبا"]],
    ["हिन्दी", ["हिन्दी"]],
    ["𐐀𐐁", ["𐐨𐐩"]],
    ["👩‍👧 🏷️ …!?", []],
    // The variation selector of the emoji used to be a letter of the word.
    ["❤️love 1️⃣", ["love", "1"]],
    ["", []],
    ["\u0301", []],
    ["\ud800x", ["x"]],
  ])("%j", (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test("every token has its position, in order, not overlapping", () => {
    fc.assert(
      fc.property(someText, (text) => {
        let end = 0;
        for (const token of tokenize(text)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(token.end).toBeGreaterThan(token.start);
          end = token.end;
          expect(words(text.slice(token.start, token.end))).toEqual([token.word]);
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 500 },
    );
  });

  test("a word holds no ASCII but a-z and 0-9, no space and no boundary", () => {
    fc.assert(
      fc.property(someText, (text) => {
        for (const word of words(text)) {
          expect(word).not.toBe("");
          expect(word).toMatch(/^[^\0-/:-`{-\x7f\s\uE000]+$/u);
          expect(word.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("no character of Unicode makes a word with other ASCII, or one that changes when it is searched for", () => {
    for (let code = 0x80; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      // Nothing is assigned beyond, up to the tags of plane 14; those two planes are private.
      if (code === 0x32000) code = 0xe0000;
      if (code === 0xe0200) break;
      const text = String.fromCodePoint(code);
      for (const word of words(text)) {
        if (!/^[^\0-/:-`{-\x7f\s\uE000]+$/u.test(word))
          throw new Error(`U+${code.toString(16)}: ${JSON.stringify(word)}`);
        if (!matches(text, `"${text}"`)) throw new Error(`U+${code.toString(16)} is not found by itself`);
      }
    }
  });

  test("a long word counts as its first 256 units, and stays one", () => {
    const long = "ab".repeat(5000);
    expect(tokenize(`x ${long} y`)).toEqual([
      { word: "x", start: 0, end: 1 },
      { word: long.slice(0, 256), start: 2, end: 10_002 },
      { word: "y", start: 10_003, end: 10_004 },
    ]);
    expect(matches(`${long}tail`, long)).toBe(true);
    expect(words("𐐀".repeat(1000))).toEqual(["𐐨".repeat(128)]);
    expect(words(`a${"𐐀".repeat(1000)}`)).toEqual([`a${"𐐨".repeat(127)}`]);
    expect(words(`${"a".repeat(256)}漢${"a".repeat(256)}`)).toEqual(["a".repeat(256), "漢", "a".repeat(256)]);
    expect(words("a".repeat(256))).toEqual(["a".repeat(256)]);
    expect(words(`${"\u0301".repeat(300)}abc x`)).toEqual(["x"]);
  });

  // A greedy run of millions of characters overflowed the stack of the regular expression.
  test("sixteen megabytes without a space are one word", () => {
    expect(tokenize("a".repeat(16 * 1024 * 1024))).toHaveLength(1);
    expect(words(`漢${"\u0301".repeat(4_000_000)}`)).toEqual(["漢"]);
  });
});

describe("the text of an index", () => {
  test("split at spaces, it is the words that are compared", () => {
    fc.assert(
      fc.property(fc.array(someText, { maxLength: 4 }), (strings) => {
        const indexed = indexText(strings)
          .split(" ")
          .filter((word) => word !== "");
        const compared = strings.flatMap((text, i) =>
          i > 0 ? [STRING_BOUNDARY, ...words(text)] : words(text),
        );
        expect(indexed).toEqual(compared);
      }),
      { numRuns: 500 },
    );
  });

  test("strings of a content come in the order of the text, keys do not", () => {
    const content: JsonValue = { a: "one", b: ["two", { c: "three", d: 4 }, null, true], e: "four" };
    expect(contentStrings(content)).toEqual(["one", "two", "three", "four"]);
    expect(contentStrings("just this")).toEqual(["just this"]);
    expect(contentStrings(null)).toEqual([]);
  });
});

describe("the text of a search", () => {
  const plain = (...terms: string[]) => terms.map((term) => ({ words: [term], prefix: false }));

  test.each([
    ["hello world", plain("hello", "world")],
    ['"hello world"', [{ words: ["hello", "world"], prefix: false }]],
    ['"hello world', [{ words: ["hello", "world"], prefix: false }]],
    ["hel*", [{ words: ["hel"], prefix: true }]],
    ['"hel*"', plain("hel")],
    ["foo-bar*", [{ words: ["foo", "bar"], prefix: true }]],
    ["漢字", [{ words: ["漢", "字"], prefix: false }]],
    ['a"b c"d', [...plain("a"), { words: ["b", "c"], prefix: false }, ...plain("d")]],
    ["hello Hello HELLO", plain("hello")],
    ['a a* "a"', [...plain("a"), { words: ["a"], prefix: true }]],
    ["AND OR NOT NEAR", plain("and", "or", "not", "near")],
    ["name:value^2 {x}", [{ words: ["name", "value", "2"], prefix: false }, ...plain("x")]],
    ["* \" ' ( ) : ^ -", []],
    ["", []],
    ["😀", []],
  ])("%j", (text, terms) => {
    expect(parseSearchText(text)).toEqual(terms);
  });

  test.each([
    ["quotes", '"'],
    ["stars", "*"],
    ["open phrases", '"a '],
    ["marks", "\u0301"],
    ["lone surrogates", "\ud800"],
    ["prefixes", "ab* "],
    ["NULs", "\0"],
    ["spaces", " "],
  ])("4096 units of %s are read at once", (_, unit) => {
    const text = unit.repeat(MAX_SEARCH_TEXT).slice(0, MAX_SEARCH_TEXT);
    const start = performance.now();
    parseSearchText(text);
    matchStrings([text], parseSearchText(text));
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("the query is checked", async () => {
    const parse = (query: unknown) => parseInput(searchQuerySchema, query, "query");
    expect(parse({ text: "x" })).toEqual({ text: "x", order: "newest", limit: 20 });
    for (const query of [
      {},
      { text: "x".repeat(MAX_SEARCH_TEXT + 1) },
      { text: "x", limit: 0 },
      { text: "x", limit: 201 },
      { text: "x", order: "best" },
      { text: "x", types: ["message"] },
      { text: "x", after: 1.5 },
      { text: "x", filter: { x: 1 } },
      { text: "x", unknown: 1 },
    ]) {
      expect((await errorOf(() => parse(query))).code).toBe("invalid_input");
    }
  });
});

describe("a match", () => {
  test.each([
    ["The quick brown fox", "fox quick", true],
    ["The quick brown fox", "fox wolf", false],
    ["The quick brown fox", '"quick brown"', true],
    ["The quick brown fox", '"brown quick"', false],
    ["The quick brown fox", "qui*", true],
    ["The quick brown fox", "qui", false],
    ["The quick brown fox", "quick-br*", true],
    ["The quick brown fox", "quick-ro*", false],
    ["The quick brown fox", '"brown fox jumps"', false],
    ["The quick brown fox", "fox-jum*", false],
    ["The quick brown fox", "", false],
    ["Crème", "creme", true],
    ["creme", "CRÈME", true],
    ["東京タワー", "京タ", true],
    ["東京タワー", "東タ", false],
    ["don't", "dont", false],
    ["don't", "don't", true],
    ["", "x", false],
  ])("in %j of %j: %s", (text, query, expected) => {
    expect(matches(text, query)).toBe(expected);
  });

  test("a phrase does not reach from one string into the next, words do", () => {
    const strings = ["one two", "three"];
    expect(matchStrings(strings, parseSearchText('"two three"'))).toBeNull();
    expect(matchStrings(strings, parseSearchText("three two"))).toMatchObject({
      snippet: "one two",
      offsets: [[4, 7]],
    });
    expect(matchStrings(["two", "", "three"], parseSearchText("thr*"))?.snippet).toBe("three");
  });

  test("without terms nothing matches", () => {
    expect(matchStrings(["x"], [])).toBeNull();
  });

  test("occurrences are counted over all strings and terms", () => {
    expect(matchStrings(["a b a", "a"], parseSearchText("a b"))?.occurrences).toBe(4);
  });

  test("beginnings of several lengths are each looked for, also with the same first letter", () => {
    const found = (query: string) => matchTokens(["Übung, abend über allen"], parseSearchText(query));
    expect(found("a* ab* abend* üb* übu*")).toMatchObject({ occurrences: 2 + 1 + 1 + 2 + 1 });
    expect(found("a* abendb*")).toBe("nowhere");
  });

  test("overlapping and touching matches are one range", () => {
    expect(matchStrings(["one two three"], parseSearchText('"one two" "two three"'))?.offsets).toEqual([
      [0, 13],
    ]);
    expect(matchStrings(["漢字"], parseSearchText("字 漢"))?.offsets).toEqual([[0, 2]]);
  });

  test("a snippet shows the text around the first match and cuts no character in two", () => {
    const text = `${"😀".repeat(100)} needle ${"😀".repeat(100)} needle`;
    const match = matchStrings([text], parseSearchText("needle"));
    expect(match?.snippet).toMatch(/^…😀+ needle 😀+…$/u);
    expect(match?.snippet.isWellFormed()).toBe(true);
    expect(match?.offsets.map(([start, end]) => match.snippet.slice(start, end))).toEqual(["needle"]);
    expect(match?.occurrences).toBe(2);
  });

  test("a match that would be cut in two at the end of the snippet is left out", () => {
    const match = matchStrings([`𐐀${" ".repeat(117)}𐐀`], parseSearchText("𐐀"));
    expect(match).toEqual({ snippet: `𐐀${" ".repeat(117)}…`, offsets: [[0, 2]], occurrences: 2 });
  });

  test("a match that is longer than the snippet ends with it", () => {
    const match = matchStrings([`${"w".repeat(500)} x`], parseSearchText("w*"));
    expect(match).toEqual({ snippet: `${"w".repeat(120)}…`, offsets: [[0, 120]], occurrences: 1 });
  });

  test("the offsets cut out text that matches a term, in order, inside the snippet", () => {
    fc.assert(
      fc.property(
        fc.array(someText, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.boolean(),
        (strings, pick, prefix) => {
          const all = strings.flatMap(words);
          fc.pre(all.length > 0);
          const word = all[pick % all.length] as string;
          const match = matchStrings(strings, [{ words: [word], prefix }]);
          expect(match).not.toBeNull();
          const { snippet, offsets } = match as NonNullable<typeof match>;
          let end = 0;
          for (const [from, to] of offsets) {
            expect(from).toBeGreaterThanOrEqual(end);
            expect(to).toBeGreaterThan(from);
            end = to;
            for (const found of words(snippet.slice(from, to))) expect(found.startsWith(word)).toBe(true);
          }
          expect(end).toBeLessThanOrEqual(snippet.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  // One term for each of 2,048 repeated words, and one range for each place of each, filled the memory.
  test("a word that occurs everywhere, searched again and again, costs little", () => {
    const start = performance.now();
    const match = matchStrings(["a ".repeat(500_000)], parseSearchText("a ".repeat(2048)));
    expect(match?.occurrences).toBe(MAX_SEARCHED_WORDS);
    expect(match?.offsets.length).toBeLessThan(200);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("a thousand terms over a megabyte are found in seconds", () => {
    const terms = Array.from({ length: 1000 }, (_, i) => i.toString(36).padStart(2, "0"));
    const text = `${terms.join(" ")} ${"zz ".repeat(330_000)}`;
    const start = performance.now();
    expect(matchStrings([text], parseSearchText(terms.join(" ")))?.occurrences).toBe(1000);
    expect(
      matchStrings([text], parseSearchText(terms.map((term) => `${term}*`).join(" ")))?.occurrences,
    ).toBe(1000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("what is searched of an entry is bounded", () => {
  const filler = (count: number, word = "fill") => `${word} `.repeat(count);
  const MAX_LENGTH = 2 * 1024 * 1024;

  // In ASCII text, in other text, over several strings.
  test.each(["fill", "füll"])("at a number of words: %s", (word) => {
    const before = [filler(MAX_SEARCHED_WORDS - 2, word), "needle"];
    expect(matches([...before, "last beyond"].join(" "), "needle last")).toBe(true);
    expect(matches([...before, "last beyond"].join(" "), "beyond")).toBe(false);
    const terms = (text: string) => parseSearchText(text);
    expect(matchStrings([...before, "last", "beyond"], terms("last"))).not.toBeNull();
    expect(matchStrings([...before, "last", "beyond"], terms("beyond"))).toBeNull();
    expect(indexText([...before, "last beyond", "further"]).endsWith("last")).toBe(true);
  });

  test("at a length, in front of the word that it would cut in two", () => {
    const strings = contentStrings({ a: " ".repeat(MAX_LENGTH - 3), b: "needle", c: "beyond" });
    expect(strings.map(({ length }) => length)).toEqual([MAX_LENGTH - 3, 0]);
    expect(contentStrings(`${" ".repeat(MAX_LENGTH - 6)}needle needle`)[0]?.length).toBe(MAX_LENGTH);
    expect(contentStrings(`${" ".repeat(MAX_LENGTH - 5)}needle needle`)[0]?.length).toBe(MAX_LENGTH - 5);
    expect(contentStrings(Array.from({ length: 3 * MAX_LENGTH }, () => "")).length).toBe(MAX_LENGTH);
  });

  test("a long phrase is looked for once, however it repeats", () => {
    const phrase = Array.from({ length: 680 }, () => "a").join(" ");
    const text = `${filler(100_000, "a")}b `;
    expect(matchStrings([text], parseSearchText(`"${phrase}"`))?.occurrences).toBe(100_000 - 679);
    expect(matchStrings([text], parseSearchText(`"${phrase} b"`))?.occurrences).toBe(1);
    expect(matchStrings([text], parseSearchText(`"${phrase} c"`))).toBeNull();
  });

  test("long texts give timers and I/O their turn, and are matched as in one go", async () => {
    for (const text of [filler(200_000), filler(200_000, "füll"), "東".repeat(200_000)]) {
      const strings = [`${text} needle`];
      const terms = parseSearchText('needle "fill fill" OR 東');
      const impatient = new Impatient();
      const found = await matchStringsInTurns(strings, parseSearchText("needle"), impatient);
      expect(found).toEqual(matchStrings(strings, parseSearchText("needle")));
      expect(await matchStringsInTurns(strings, terms, new Yielder())).toEqual(matchStrings(strings, terms));
      expect(impatient.turns).toBeGreaterThan(1);
    }
  });
});

describe("ASCII text", () => {
  // Few letters, so that terms are found; symbols, which ASCII text may hold; some texts that are no ASCII
  // text.
  const unit = fc.constantFrom(..."aaAbb    -.\n\u2019\u2026\u{1f600}", "é", "ſ");
  const text = fc.string({ unit, maxLength: 40 });
  const query = fc.string({ unit: fc.constantFrom(...'aAb  "*--'), maxLength: 12 });
  const long = fc.constantFrom("a".repeat(255), "a".repeat(256), "a".repeat(257), `${"a".repeat(256)}b a`);

  test("matches where the words of the text do", () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(text, long), { maxLength: 3 }),
        fc.oneof(query, long),
        (strings, given) => {
          const terms = parseSearchText(given);
          if (terms.length === 0) return;
          const plain = matchAscii(strings, terms);
          if (plain === null) return;
          expect(plain).toEqual(matchTokens(strings, terms));
          if (plain !== "nowhere") found++;
        },
      ),
      // One run in twenty finds something, or a few less.
      { numRuns: 10_000 },
    );
    expect(found).toBeGreaterThan(200);
  });

  test("has the words that it has among letters of others, wherever those are cut off", () => {
    const other = fc.constantFrom("a".repeat(600), `-${"A".repeat(513)}b`, "\u{1f600}a\u2026B");
    fc.assert(
      fc.property(fc.array(fc.oneof(text, long, other), { maxLength: 3 }), (strings) => {
        const given = strings.join("");
        const cutOff = given.slice(0, -1);
        for (const each of [given, cutOff]) {
          expect(tokenize(`${each} é`).slice(0, -1)).toEqual(tokenize(each));
          expect(indexText([`${each} é`])).toBe(`${indexText([each])} e`.trimStart());
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("is indexed by the words that it has", () => {
    fc.assert(
      fc.property(fc.oneof(text, long), (given) => {
        expect(indexText([given])).toBe(words(given).join(" "));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("what is ruled out at a glance", () => {
  test.each([
    ["Hello, World", "hello", false],
    ["Hello, World", "wor* hello", false],
    ["Hello, World", "hello worlds", true],
    ["Hello, World", "héllo", false],
    ["Hello, World — 🙂", "moon", true],
    ["Hello, World", "東京", true],
    ["héllo", "moon", false],
  ])("%j and %j: %j", (text, query, expected) => {
    expect(cannotMatch(text, parseSearchText(query))).toBe(expected);
  });

  test("does not match", () => {
    let ruledOut = 0;
    const query = fc.oneof(someText, fc.constantFrom("a", "9*", '"a z"', "k", "fi", "ß", "1"));
    fc.assert(
      fc.property(fc.array(fc.oneof(someText, fc.string())), query, (strings, given) => {
        const terms = parseSearchText(given);
        if (!cannotMatch(strings.join("|"), terms)) return;
        ruledOut++;
        expect(matchStrings(strings, terms)).toBeNull();
      }),
      { numRuns: 5_000 },
    );
    expect(ruledOut).toBeGreaterThan(100);
  });
});

/** Takes every chance to give others their turn, however fast the machine is. */
class Impatient extends Yielder {
  turns = 0;

  override isDue(): boolean {
    return true;
  }

  override yieldToEventLoop(): Promise<void> {
    this.turns++;
    return super.yieldToEventLoop();
  }
}
