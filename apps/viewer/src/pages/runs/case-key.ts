import type { JsonValue, ViewedEntry } from "@thulp-sessions/core";

/** The fields that may name a case, the first of them first. `case` is the documented one. */
const NAMING = ["case", "caseId", "id", "name", "title", "input"] as const;

/** What one skill execution says of one case. */
export interface CaseResult {
  readonly key: string;
  readonly passed: boolean;
  /** Of the entry. */
  readonly seq: number;
}

/** The results of an evaluation, and by which field its cases are told apart; `null`: by their places. */
export interface CaseResults {
  readonly field: string | null;
  readonly results: readonly CaseResult[];
}

/**
 * The cases of an evaluation, by the first field that all of its skill executions have and that names no two
 * alike; where there is none, by their places: then a case that was added in the middle moves the others.
 */
export function caseResults(entries: readonly ViewedEntry[]): CaseResults {
  const executions = entries.filter(({ entryType }) => entryType.type === "skill_execution");
  if (executions.length === 0) return { field: null, results: [] };
  const field =
    NAMING.find((name) => {
      const keys = executions.map(({ content }) => textAt(content, name));
      return keys.every((key) => key !== null) && new Set(keys).size === keys.length;
    }) ?? null;
  const results = executions.map(({ content, entryType, seq }, i) => ({
    key: field === null ? `case ${i + 1}` : (textAt(content, field) ?? ""),
    passed: entryType.type === "skill_execution" && entryType.success,
    seq,
  }));
  return { field, results };
}

function textAt(content: JsonValue, name: string): string | null {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return null;
  if (!Object.hasOwn(content, name)) return null;
  const value = (content as { readonly [key: string]: JsonValue })[name];
  if (typeof value === "string" || typeof value === "number") return String(value);
  return null;
}
