import type { JsonValue, ViewedEntry } from "@thulp-sessions/core";
import { type EntryView, type ViewPart, viewedParts } from "@thulp-sessions/core/view";
import { z } from "zod";
import { beginning, lengthOf } from "./answer.ts";
import { isoTime } from "./records.ts";

/** An entry as the tools answer with it. */
export const entryRecord = z.object({
  seq: z.number().describe("its place in the session, from 0"),
  type: z.string().describe("user_message, assistant_message, tool_call, ..."),
  at: z.string().describe("ISO 8601, UTC"),
  detail: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("what its type says: the tool and whether it succeeded, the score, the event"),
  content: z
    .unknown()
    .describe(
      "what was stored, of an imported session as text; where cut is true, perhaps only the beginning of its JSON text",
    ),
  cut: z.boolean().describe("true where the content is not whole"),
});

/** @see entryRecord */
export type EntryRecord = z.infer<typeof entryRecord>;

/** The least that the record of an entry may be bounded to, in characters of its JSON text. */
export const MIN_RECORD = 800;

/** The keys of a record, its numbers and its time, in characters. */
const FRAME = 200;

/**
 * The record of an entry. One that would take more than `maxChars` holds the beginning of its content, as
 * text, and no detail that takes half of that.
 *
 * @param maxChars {@link MIN_RECORD} or more.
 * @param view what is said by contents that it knows; without one they stay as they are stored.
 */
export function entryRecordOf(entry: ViewedEntry, maxChars: number, view?: EntryView): EntryRecord {
  const { type, ...fields } = entry.entryType;
  const record = { seq: entry.seq, type, at: isoTime(entry.timestamp) };
  const detail = Object.keys(fields).length > 0 ? { detail: snakeCase(fields) } : {};
  const parts = view ? viewedParts(view, entry) : null;
  const said = parts ? textOf(parts) : entry.content;
  const whole = { ...record, ...detail, content: said, cut: entry.truncated !== undefined };
  if (lengthOf(whole) <= maxChars) return whole;
  const kept = lengthOf(detail) < maxChars / 2 ? detail : {};
  const content = beginningOf(said, maxChars - FRAME - lengthOf(kept));
  return { ...record, ...kept, content, cut: true };
}

/** What a person would read, as one text. */
function textOf(parts: readonly ViewPart[]): string {
  return parts.map((part) => partText(part, parts.length === 1)).join("\n\n");
}

function partText(part: ViewPart, isAlone: boolean): string {
  const labelled = (label: string, text: string) => (isAlone || label === "" ? text : `${label}:\n${text}`);
  switch (part.type) {
    case "text":
      return part.text;
    case "thinking":
      return `(thinking) ${part.text}`;
    case "call":
      return `→ ${part.name} ${typeof part.input === "string" ? part.input : JSON.stringify(part.input)}`;
    case "output":
      return labelled(part.label, part.text);
    case "notice":
      return `(${part.text})`;
    case "json":
      return labelled(part.label, JSON.stringify(part.value));
  }
}

/** As much of a content, as text, as takes `maxChars` when that text is JSON again. */
function beginningOf(content: JsonValue, maxChars: number): string {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  let cut = beginning(text, maxChars);
  // Quotes and control characters take more in JSON.
  for (let length = lengthOf(cut); length > maxChars; length = lengthOf(cut))
    cut = beginning(text, Math.floor((cut.length - 1) * Math.min(0.9, maxChars / length)));
  return cut;
}

function snakeCase(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}
