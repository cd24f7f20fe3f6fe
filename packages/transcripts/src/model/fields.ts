import type { JsonObject, JsonValue, Timestamp } from "@thulp-sessions/core";

const MAX_ID_LENGTH = 256;
const MAX_TITLE_LENGTH = 1000;
const MAX_PROMPT_LENGTH = 200;

/** What is read of others may have any shape: these give what was expected, or nothing. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** The objects in a list; what else is in it is passed over. */
export function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return listOf(value).flatMap((item) => {
    const object = objectOf(item);
    return object ? [object] : [];
  });
}

/** An id, a name of a tool, a type: one that is too long to be one is none. */
export function idOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= MAX_ID_LENGTH ? value : undefined;
}

/** A time as ISO text, or as milliseconds since the epoch. */
export function timeOf(value: JsonValue | undefined): Timestamp | undefined {
  const time = typeof value === "string" ? Date.parse(value) : value;
  return Number.isSafeInteger(time) && (time as number) >= 0 ? (time as number) : undefined;
}

/** A title that an agent or a person gave, as a name. */
export function titleOf(value: JsonValue | undefined): string | null {
  return shortened(textOf(value), MAX_TITLE_LENGTH);
}

/** The beginning of a prompt, as the name of a session that has no title. */
export function promptTitle(text: string | undefined): string | null {
  return shortened(text, MAX_PROMPT_LENGTH);
}

function shortened(text: string | undefined, length: number): string | null {
  if (text === undefined) return null;
  // Of a prompt of megabytes no more is looked at than can be shown.
  const line = text
    .slice(0, length * 4)
    .replaceAll(/\s+/g, " ")
    .trim();
  if (line === "") return null;
  return line.length <= length ? line.toWellFormed() : `${line.slice(0, length - 1).toWellFormed()}…`;
}

/** The text of a message: a string, or blocks some of which are text. */
export function messageText(content: JsonValue | undefined): string | undefined {
  if (typeof content === "string") return content;
  for (const block of objectsOf(content)) {
    const text = textOf(block["text"]);
    if (text !== undefined) return text;
  }
  return undefined;
}
