import type { StoredEntry } from "@thulp-sessions/core";
import { markdownBody, markdownLine, markdownTitle } from "@thulp-sessions/core/text";
import type { EntryView } from "@thulp-sessions/core/view";
import { counted } from "../../parts/time.ts";
import { type ComparedSide, factsOf } from "./comparison-facts.ts";
import { placesText } from "./comparison-html.tsx";
import type { WholeRow } from "./read-rows.ts";

// A comparison as Markdown: no table holds the contents of an entry, so that what stands side by side on the
// page stands under one heading, the left one first.

/** What stands before the first row. */
export function comparisonMarkdownHead(
  left: ComparedSide,
  right: ComparedSide,
  { sum, masked }: { readonly sum: string; readonly masked: boolean },
): string {
  const rows = factsOf(left, right).map((texts) => `| ${texts.map(markdownLine).join(" | ")} |`);
  const note = masked ? "\nSigns in square brackets stand for what was taken out.\n" : "";
  return `# Two sessions compared\n\n|  | left | right |\n| --- | --- | --- |\n${rows.join("\n")}\n\n${sum}\n${note}`;
}

/** One row; what is equal is only named. */
export function comparisonMarkdownRow(
  row: WholeRow,
  [leftView, rightView]: readonly [EntryView, EntryView],
): string {
  switch (row.type) {
    case "equal":
      return `\n## ${placesText(row.left)} = ${placesText(row.right)}: ${counted(row.count, "equal entry", "equal entries")}\n`;
    case "changed":
      return (
        `\n## Changed: left #${row.left.seq}, right #${row.right.seq}\n` +
        side("left", row.left, leftView) +
        side("right", row.right, rightView)
      );
    case "left":
      return `\n## Only left: #${row.left.seq}\n${side("left", row.left, leftView)}`;
    case "right":
      return `\n## Only right: #${row.right.seq}\n${side("right", row.right, rightView)}`;
  }
}

function side(name: string, entry: StoredEntry, view: EntryView): string {
  return `\n### ${name} ${markdownTitle(entry)}\n\n${markdownBody(entry, view)}\n`;
}
