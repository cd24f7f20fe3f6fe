import { counted } from "../../parts/time.ts";
import type { Comparison } from "./read-comparison.ts";

/** What the comparison comes to, in a sentence. */
export function sumText({ common, rows, more }: Pick<Comparison, "common" | "rows" | "more">): string {
  const differences = rows.reduce((sum, { type }) => sum + (type === "equal" ? 0 : 1), 0);
  const start = common > 0 ? `The first ${counted(common, "entry is", "entries are")} the same. ` : "";
  const found = differences === 0 ? "No difference" : counted(differences, "difference");
  return `${start}${found}${more ? ", of the first 2,000 entries after that" : ""}.`;
}
