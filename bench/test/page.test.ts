import { expect, test } from "vitest";
import { barPlot, growthPlot, short, time } from "../src/report/plot.ts";

const table = {
  title: "an append",
  columns: [1, 100, 10_000].map((size) => ({
    label: `of ${size.toLocaleString("en")}`,
    unit: "us" as const,
  })),
  rows: [
    { name: "store-fs", cells: [10.123456, 11, 12] },
    { name: "whole file rewritten", cells: [10, { median: 100, low: 90, high: 110, windows: 3 }, 10_000] },
    { name: "nobody", cells: [], skipped: "not here" },
  ],
};

test("a plot is the same each time, with a name for each line and digits that no processor changes", () => {
  const svg = growthPlot(table, "entries", "time");
  expect(svg).toBe(growthPlot(table, "entries", "time"));
  expect(svg).toContain("whole file rewritten");
  expect(svg).not.toContain("nobody");
  expect(svg).toContain("prefers-color-scheme:dark");
  expect(svg).not.toMatch(/\d\.\d{3}/);
});

test("bars stand in the order of their length", () => {
  const svg = barPlot(table, "time");
  expect(svg.indexOf("10 µs")).toBeLessThan(svg.indexOf("10.1 µs"));
});

test("figures have the digits they are worth", () => {
  expect([time(0.52), time(48.123), time(3_412), time(1_234_567)]).toEqual([
    "0.52 µs",
    "48.1 µs",
    "3.41 ms",
    "1.23 s",
  ]);
  expect([short(0.015_63), short(1234.5), short(0)]).toEqual(["0.016", "1235", "0"]);
});
