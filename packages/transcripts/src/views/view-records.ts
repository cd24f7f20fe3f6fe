import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  type EntryFacts,
  NO_TOKENS,
  type SeenEntry,
  type TokenCounts,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, objectOf } from "../model/fields.ts";

// What the views of several agents need. Of what a record may hold nothing is taken for granted: it may be
// anybody's JSON, and may have been cut.

/** An entry as an import has stored it. */
export interface ImportedEntry {
  readonly record: JsonObject;
  readonly recordId: string | undefined;
  /** The name of the session for its agent. */
  readonly session: string;
}

/** `null` for what holds no record: a line that is none, a piece of one, what only points at a record. */
export function importedEntry(content: JsonValue): ImportedEntry | null {
  const source = sourceOf(content);
  const record = objectOf((content as JsonObject | null)?.["record"]);
  if (!source || !record) return null;
  return { record, recordId: idOf(source["recordId"]), session: idOf(source["session"]) ?? "" };
}

export function sourceOf(content: JsonValue): JsonObject | undefined {
  const source = objectOf(objectOf(content)?.["source"]);
  return source && typeof source["agent"] === "string" ? source : undefined;
}

/**
 * The same for every state of a record, by the id that the agent gave it; for agents whose ids are unique in
 * a session. `undefined` where there is no id.
 */
export function stateKey(content: JsonValue): string | undefined {
  const source = sourceOf(content);
  const recordId = idOf(source?.["recordId"]);
  if (recordId === undefined) return undefined;
  const part = source?.["part"];
  return typeof part === "number" ? `${recordId} ${part}` : recordId;
}

export const NO_FACTS: EntryFacts = {};

export function notice(text: string): ViewPart {
  return { type: "notice", text };
}

/** What was said, or thought; nothing where it is empty or no text. */
export function textParts(type: "text" | "thinking", value: JsonValue | undefined): ViewPart[] {
  return typeof value === "string" && value !== "" ? [{ type, text: value }] : [];
}

/** A number of tokens; 0 for what is none. */
export function countOf(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

/** Fields that are absent are 0. */
export function tokensOf(some: Partial<TokenCounts>): TokenCounts {
  return { ...NO_TOKENS, ...some };
}

/** A cost in US dollars; `undefined` for what is none. */
export function dollarsOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The arguments of a call, which some agents keep as the text of a JSON. */
export function argumentsOf(value: JsonValue | undefined): JsonValue {
  if (typeof value !== "string") return value ?? null;
  if (value.length > MAX_ARGUMENTS_LENGTH || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

const MAX_ARGUMENTS_LENGTH = 4 * 1024 * 1024;

/**
 * What the model wrote, with what it thought. Some count the thoughts apart, others among the output; the sum
 * that a record says tells which, and where it says none they are apart.
 *
 * @param others all tokens but those of the output.
 */
export function outputWith(output: number, thoughts: number, others: number, total: number): number {
  return total > 0 && others + output + thoughts > total ? Math.max(output, thoughts) : output + thoughts;
}

/** Did the entry's call succeed, as far as anybody said? */
export function succeeded({ entryType }: SeenEntry): boolean {
  return (entryType.type === "tool_call" || entryType.type === "skill_execution") && entryType.success;
}
