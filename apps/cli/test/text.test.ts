import fc from "fast-check";
import { expect, test } from "vitest";
import { table } from "../src/render/table.ts";
import { truncate, width } from "../src/render/text.ts";
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
    expect(new Set(lines.slice(1).map(width)).size).toBe(1);
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns);
  }
});
