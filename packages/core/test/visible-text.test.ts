import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { visibleJson, visibleText } from "../src/text/visible-text.ts";

/** Everything that a terminal obeys or does not show, one by one. */
const HIDDEN = [
  ..."\u0000\u0007\u0008\u000b\u001b\u007f\u0085\u009b\u009d",
  ..."\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e",
  ..."\u2060\u2064\u2066\u2069\u2800\u3164\ufe00\ufe0e\ufe0f\ufeff\uffa0\ufff9",
  ..."\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{1d173}",
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there.
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2066-\u2069]/;

describe("visibleText", () => {
  test.each(HIDDEN.map((each) => [(each.codePointAt(0) ?? 0).toString(16), each]))(
    "shows U+%s",
    (_, each) => {
      for (const text of [each, `a${each}b`, `${each}${each}`, `日${each}`]) {
        const shown = visibleText(text);
        expect(shown).not.toContain(each);
        expect(shown).toMatch(/[\u2400-\u2421]|<U\+[0-9A-F]{4,5}>/);
      }
    },
  );

  it("shows a half of a surrogate pair, and leaves whole ones", () => {
    expect(visibleText("a\ud83db")).toBe("a<U+D83D>b");
    expect(visibleText("a😀b")).toBe("a😀b");
  });

  it("leaves what is writing: lines, tabs, emoji, and the joiners of the scripts that need them", () => {
    for (const text of [
      "two\nlines\tand a tab",
      "👩‍👩‍👧‍👦 👩🏽‍🚀 ❤️‍🔥 ☺️ 1️⃣ 🇩🇪",
      "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
      "می‌خواهم क्‍ष",
      "naïve 日本語 한국어 สวัสดี",
    ])
      expect(visibleText(text)).toBe(text);
    expect(visibleText("one\r\ntwo")).toBe("one\ntwo");
  });

  it("shows joiners where they join nothing, and tags that are no flag", () => {
    expect(visibleText("pass\u200dword")).toBe("pass<U+200D>word");
    expect(visibleText("👩\u200dx")).toBe("👩<U+200D>x");
    expect(visibleText("☺\ufe0f\ufe0f")).toBe("☺\ufe0f<U+FE0F>");
    expect(visibleText("7\ufe0f")).toBe("7<U+FE0F>");
    expect(visibleText("\u{1f3f4}\u{e0068}\u{e0069}\u{e007f}")).toBe("\u{1f3f4}<U+E0068><U+E0069><U+E007F>");
  });

  it("bounds what is hidden in one place, and the marks on one letter", () => {
    expect(visibleText("\u200b".repeat(1000))).toBe(`${"<U+200B>".repeat(8)}<992 more hidden characters>`);
    expect(visibleText(`e${"\u0301".repeat(300)}x`)).toBe(`e${"\u0301".repeat(8)}<292 more marks>x`);
  });

  it("done again changes nothing, whatever the text", () => {
    const unit = fc.oneof(
      fc.constantFrom(...HIDDEN, "👩", "e\u0301", "🇩", "क", "\r", "\n"),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const shown = visibleText(text);
        expect(visibleText(shown)).toBe(shown);
        expect(shown).not.toMatch(OBEYED);
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

describe("visibleJson", () => {
  it("is the same value, and holds nothing that a terminal obeys", () => {
    const value = { [`k${HIDDEN.join("")}`]: HIDDEN.map((each) => `a${each}`), plain: "日本語 👩‍👩‍👧‍👦\n" };
    const text = visibleJson(JSON.stringify(value, null, 2));
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toContain("\\u009b");
    expect(text).toContain("日本語 👩‍👩‍👧‍👦");
    for (const each of HIDDEN) expect(text.replace("👩‍👩‍👧‍👦", "")).not.toContain(each);
  });

  it("escapes every one of many", () => {
    const value = "\u200b".repeat(100);
    expect(JSON.parse(visibleJson(JSON.stringify(value)))).toBe(value);
    expect(visibleJson(JSON.stringify(value))).toBe(`"${"\\u200b".repeat(100)}"`);
  });
});
