import type { Colors } from "../terminal/colors.ts";
import { truncate, width } from "./columns.ts";
import { padEnd } from "./text.ts";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly paint?: (text: string, row: Row) => string;
  readonly align?: "right";
  /** Gives way first when the terminal is too narrow, down to this many columns. */
  readonly shrinkTo?: number;
}

const GAP = 2;

/**
 * Lines that fit `columns`, with a header; the columns with `shrinkTo` are cut where there is too little
 * room.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  available: number,
  colors: Colors,
): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => value(row)));
  const widths = columns.map(({ title }, i) =>
    cells.reduce((most, row) => Math.max(most, width(row[i] ?? "", available)), width(title)),
  );
  fit(widths, columns, available);
  const line = (texts: readonly string[], paint: (text: string, i: number) => string) =>
    texts
      .map((text, i) => {
        const columnWidth = widths[i] ?? 0;
        const cut = truncate(text, columnWidth);
        const space = " ".repeat(Math.max(0, columnWidth - width(cut)));
        const painted = paint(cut, i);
        return columns[i]?.align === "right"
          ? space + painted
          : painted + (i < columns.length - 1 ? space : "");
      })
      .join(" ".repeat(GAP));
  return [
    line(
      columns.map(({ title }) => title),
      (text) => colors.dim(text),
    ).trimEnd(),
    ...cells.map((row, r) =>
      line(row, (text, i) => columns[i]?.paint?.(text, rows[r] as Row) ?? text).trimEnd(),
    ),
  ];
}

/** Takes from the widest column that may shrink until all fit, or nothing may shrink any more. */
function fit<Row>(widths: number[], columns: readonly Column<Row>[], available: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1);
  for (let excess = total() - available; excess > 0; excess = total() - available) {
    let widest = -1;
    columns.forEach(({ shrinkTo }, i) => {
      const own = widths[i] ?? 0;
      if (shrinkTo !== undefined && own > shrinkTo && own > (widths[widest] ?? 0)) widest = i;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** `name    value` lines, the names in one column. */
export function facts(pairs: readonly (readonly [string, string])[], colors: Colors): string[] {
  const longest = pairs.reduce((most, [name]) => Math.max(most, width(name)), 0);
  return pairs.map(([name, value]) => `${colors.dim(padEnd(name, longest))}  ${value}`);
}

/** A bar of at most `columns`, in eighths of a column. */
export function bar(value: number, most: number, columns: number): string {
  if (most <= 0 || value <= 0) return "";
  const eighths = Math.max(1, Math.round((value / most) * columns * 8));
  const full = "█".repeat(Math.floor(eighths / 8));
  return full + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
}
