import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Columns, truncate, width, wrap } from "../src/render/columns.ts";
import { table } from "../src/render/table.ts";
import { Colors } from "../src/terminal/colors.ts";

const FAMILY = "👩‍👩‍👧‍👦";

test("what is cut fits, whatever it is made of", () => {
  expect(truncate(`${FAMILY} family emoji 🎉🎉`, 8)).toBe(`${FAMILY} fami…`);
  expect(truncate("日本語の名前", 6)).toBe("日本…");
  expect(truncate("short", 5)).toBe("short");
  expect(truncate("longer", 5)).toBe("long…");
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom(FAMILY, "日", "e\u0301", "🎉", "ع", " "), fc.string({ unit: "grapheme" })),
  });
  fc.assert(
    fc.property(text, fc.nat(30), (given, columns) => {
      expect(width(truncate(given, columns))).toBeLessThanOrEqual(columns);
      if (width(given) <= columns && columns > 0) expect(truncate(given, columns)).toBe(given);
    }),
    { seed: 7 },
  );
});

test("a table with wide characters does not fail where it is narrow, and every row ends in the same column", () => {
  // A cut that came out one column too wide once ended the command.
  const rows = [`${FAMILY} family emoji 🎉🎉`, "日本語の長い名前のセッション", "plain", "x".repeat(99)];
  for (let columns = 10; columns < 40; columns++) {
    const lines = table(
      rows,
      [
        { title: "NAME", value: (row) => row, shrinkTo: 4 },
        { title: "END", value: () => "|" },
      ],
      columns,
      new Colors(false),
    );
    expect(new Set(lines.slice(1).map((line) => width(line))).size).toBe(1);
    expect(Math.max(...lines.map((line) => width(line)))).toBeLessThanOrEqual(columns);
  }
});

test("signs of several code points are counted once", () => {
  expect(
    [
      ..."a",
      FAMILY,
      "日",
      "🎉",
      "e\u0301",
      "☺",
      "☺\ufe0f",
      "🇩🇪",
      "👩🏽‍🚀",
      "1\ufe0f\u20e3",
      "각",
      "\u1100\u1161",
    ].map((each) => width(each)),
  ).toEqual([1, 2, 2, 2, 1, 1, 2, 2, 2, 2, 2, 2]);
  // Of emoji that are joined without end each terminal shows more than one.
  expect(width(Array(100).fill("👩").join("\u200d"))).toBe(40);
  expect(width("🇩🇪🇫🇷")).toBe(4);
});

/** One may be wider than a line. */
function isOneSign(line: string): boolean {
  const columns = new Columns(line);
  return columns.next() && columns.end === line.length;
}

describe("wrap", () => {
  test("parts between words, and words that are too long", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("one  two", 3)).toEqual(["one", "two"]);
    expect(wrap("incomprehensible words", 6)).toEqual(["incomp", "rehens", "ible", "words"]);
    expect(wrap("日本語の名前", 5)).toEqual(["日本", "語の", "名前"]);
    expect(wrap("", 5)).toEqual([""]);
    // A sign that is wider than the line still has to go somewhere.
    expect(wrap("日本", 1)).toEqual(["日", "本"]);
  });

  test("every line fits, and nothing but spaces at the ends of lines is lost", () => {
    const unit = fc.oneof(
      fc.constantFrom(FAMILY, "日", "e\u0301", "🎉", "ع", " ", "  "),
      fc.string({ unit: "grapheme" }),
    );
    fc.assert(
      fc.property(fc.string({ unit }), fc.integer({ min: 2, max: 30 }), (text, most) => {
        const lines = wrap(text, most);
        for (const line of lines)
          if (!isOneSign(line.trimEnd())) expect(width(line.trimEnd())).toBeLessThanOrEqual(most);
        expect(lines.join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
      }),
      { seed: 7 },
    );
  });
});

describe("a long line costs its length", () => {
  /** How often the text is looked at. The time of `Intl.Segmenter` grows with the square of a long text. */
  function looks(work: () => void): number {
    const { codePointAt } = String.prototype;
    const { segment } = Intl.Segmenter.prototype;
    let count = 0;
    Object.assign(String.prototype, {
      codePointAt(this: string, at: number) {
        count++;
        return codePointAt.call(this, at);
      },
    });
    Object.assign(Intl.Segmenter.prototype, {
      segment() {
        throw new Error("Intl.Segmenter was used");
      },
    });
    try {
      work();
    } finally {
      Object.assign(String.prototype, { codePointAt });
      Object.assign(Intl.Segmenter.prototype, { segment });
    }
    return count;
  }

  const kinds = ["word ", "x", "สวัสดี ", FAMILY, "整", "🇩🇪", "e\u0301", "\u0301", "👩\u200d", "नमस्ते ", "\t"];
  test.each(kinds)("of %j", (kind) => {
    const text = kind.repeat(30_000);
    for (const work of [() => wrap(text, 80), () => width(text), () => truncate(text, text.length * 3)])
      expect(looks(work)).toBeLessThanOrEqual(3 * text.length + 10);
    // What does not fit is not looked at. Marks without end are bounded by visibleText.
    if (kind !== "\u0301" && !kind.endsWith("\u200d"))
      expect(looks(() => truncate(text, 50))).toBeLessThan(2000);
  });
});
