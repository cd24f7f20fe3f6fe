import { invalidInput } from "../model/errors.ts";
import type { JsonObject } from "../model/json.ts";
import { leastJsonLength } from "../model/json-length.ts";
import { MAX_TEXT_BYTES, type Session, type SessionMetadata } from "../model/model.ts";
import { utf8Length } from "../model/utf8-length.ts";

// How large what is new may be. What is stored already, by another program or an older version, may be
// larger: it stays readable, can be changed elsewhere, and is copied as it is.

/** The metadata of a session take at most this many bytes as JSON text. */
export const MAX_METADATA_BYTES = 1024 * 1024;
/** The context of a session takes at most this many bytes as JSON text. */
export const MAX_CONTEXT_BYTES = 16 * 1024 * 1024;

/** A UTF-16 unit takes at most so many bytes as JSON text: a control character. */
const MOST_BYTES_PER_UNIT = 6;
/** Of metadata without their texts. */
const ENVELOPE_BYTES = 512;
/** Of a tag without its text, between quotes and a comma. */
const TAG_BYTES = 3;

/**
 * @param before the metadata that these take the place of: what is as it was passes.
 * @throws {SessionError} invalid_input with the field.
 */
export function checkMetadataBounds(metadata: SessionMetadata, before?: SessionMetadata): void {
  const { name, sessionType, tags } = metadata;
  if (name !== before?.name) checkText(name, "metadata.name");
  const typeBefore = before?.sessionType as Readonly<Record<string, unknown>> | undefined;
  for (const [key, value] of Object.entries(sessionType))
    if (typeof value === "string" && value !== typeBefore?.[key])
      checkText(value, `metadata.sessionType.${key}`);
  if (tags !== before?.tags) {
    const known = new Set(before?.tags);
    for (const [i, tag] of tags.entries()) if (!known.has(tag)) checkText(tag, `metadata.tags[${i}]`);
  }
  if (mostBytes(metadata) > MAX_METADATA_BYTES) checkLength(metadata, before, "metadata", MAX_METADATA_BYTES);
}

/** The same for a context. */
export function checkContextBounds(context: JsonObject, before?: JsonObject): void {
  if (context === before || isShorter(context, MAX_CONTEXT_BYTES)) return;
  checkLength(context, before, "context", MAX_CONTEXT_BYTES);
}

function checkLength(value: object, before: object | undefined, field: string, maxBytes: number): void {
  const most = Math.max(maxBytes, before === undefined ? 0 : jsonBytes(before));
  // The first look makes no text of what is certainly too long.
  if (leastJsonLength(value, most) > most || isLonger(JSON.stringify(value), most))
    throw tooLong(field, maxBytes);
}

/** Is the session larger than a new one may be? Then it can only come from a store. */
export function exceedsBounds({ metadata, context }: Session): boolean {
  try {
    checkMetadataBounds(metadata);
    checkContextBounds(context);
    return false;
  } catch {
    return true;
  }
}

function jsonBytes(value: object): number {
  return utf8Length(JSON.stringify(value));
}

function checkText(text: string, field: string): void {
  if (isLonger(text, MAX_TEXT_BYTES)) throw tooLong(field, MAX_TEXT_BYTES);
}

/** Nearly always without counting: a UTF-16 unit takes at most three bytes of UTF-8. */
function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && utf8Length(text) > bytes;
}

function tooLong(field: string, bytes: number) {
  return invalidInput(`${field} is longer than ${bytes} bytes.`, { field });
}

function mostBytes({ name, sessionType, tags }: SessionMetadata): number {
  let units = name.length;
  for (const value of Object.values(sessionType)) units += String(value).length;
  for (const tag of tags) units += tag.length;
  return units * MOST_BYTES_PER_UNIT + tags.length * TAG_BYTES + ENVELOPE_BYTES;
}

/** True only if the value certainly takes no more bytes than that as JSON. */
function isShorter(value: unknown, bytes: number): boolean {
  let left = bytes;
  const take = (part: unknown): boolean => {
    left -= typeof part === "string" ? part.length * MOST_BYTES_PER_UNIT + TAG_BYTES : MOST_NUMBER_BYTES;
    if (left < 0) return false;
    if (typeof part !== "object" || part === null) return true;
    if (Array.isArray(part)) return part.every(take);
    return Object.entries(part).every(([key, item]) => take(key) && take(item));
  };
  return take(value);
}

/** The longest text of a number, with a comma. */
const MOST_NUMBER_BYTES = 26;
