import type { CaseResult } from "./case-key.ts";

/** One case over the versions of a run. */
export interface CaseRow {
  readonly key: string;
  /** By version; `null` where it was not run. */
  readonly cells: readonly (CaseResult | null)[];
  /** How it went: for a person, and for the order. */
  readonly verdict: "broke" | "never" | "flickers" | "fixed" | "passes";
}

const ORDER = ["broke", "never", "flickers", "fixed", "passes"] as const;

/** The cases of all versions: those that broke first, then those that have never passed. */
export function caseRows(versions: readonly (readonly CaseResult[])[]): CaseRow[] {
  const keys = new Set(versions.flatMap((results) => results.map(({ key }) => key)));
  const byVersion = versions.map((results) => new Map(results.map((result) => [result.key, result])));
  return [...keys]
    .map((key): CaseRow => {
      const cells = byVersion.map((results) => results.get(key) ?? null);
      return { key, cells, verdict: verdictOf(cells.filter((cell) => cell !== null)) };
    })
    .sort(
      (a, b) =>
        ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
    );
}

function verdictOf(results: readonly CaseResult[]): CaseRow["verdict"] {
  const passed = results.map((result) => result.passed);
  const changes = passed.filter((each, i) => i > 0 && each !== passed[i - 1]).length;
  const last = passed.at(-1) === true;
  if (!passed.includes(true)) return "never";
  if (!passed.includes(false)) return "passes";
  if (changes > 1) return last ? "flickers" : "broke";
  return last ? "fixed" : "broke";
}
