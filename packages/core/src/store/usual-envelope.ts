import { isCanonicalUuid } from "../model/ids.ts";
import type { SessionEntry } from "../model/model.ts";

/** An entry without its content. */
export type Envelope = Omit<SessionEntry, "content">;

/** More than what is around a content takes as JSON, in bytes, without the name of an event or a tool. */
export const ENVELOPE_BYTES = 256;
/** Of a UTF-16 unit as JSON: a control character. */
const UNIT_BYTES = 6;
const ENVELOPE_KEYS = 3;
const MESSAGE_TYPES: readonly unknown[] = ["user_message", "assistant_message", "system_message"];

/**
 * The most bytes that a correct message, event or call of a tool takes as JSON without its content: found
 * without the schema, which takes longer than writing the entry does.
 *
 * @returns undefined for everything else, wrong ones too: the schema says what it is.
 */
export function usualEnvelopeBytes(given: object): number | undefined {
  const { id, timestamp, entryType } = given as Partial<Envelope>;
  if (typeof id !== "string" || !isCanonicalUuid(id) || !isTimestamp(timestamp)) return undefined;
  if (Object.keys(given).length !== ENVELOPE_KEYS || !isRecord(entryType)) return undefined;
  const name = nameIn(entryType);
  return name === undefined ? undefined : ENVELOPE_BYTES + UNIT_BYTES * name.length;
}

/** The name of a correct event or call of a tool; of a message, which has none, it is empty. */
function nameIn(entryType: Readonly<Record<string, unknown>>): string | undefined {
  const { type, event, toolName, success } = entryType;
  const keyCount = Object.keys(entryType).length;
  if (MESSAGE_TYPES.includes(type)) return keyCount === 1 ? "" : undefined;
  let name: unknown;
  if (type === "system_event" && keyCount === 2) name = event;
  if (type === "tool_call" && keyCount === 3 && typeof success === "boolean") name = toolName;
  return typeof name === "string" && name.isWellFormed() ? name : undefined;
}

/** False for -0: the schema makes 0 of it. */
export function isTimestamp(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/** An object that is no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
