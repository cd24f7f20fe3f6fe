import type { JsonValue } from "@thulp-sessions/core";
import { encodeContent } from "@thulp-sessions/core/adapter";

/** The SHA-256 of a value, whatever the order of its keys, in hexadecimal digits. */
export async function fingerprint(value: unknown): Promise<string> {
  const text = JSON.stringify(ordered(encodeContent(value)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** As pairs: an object would bring keys that are numbers into an order of its own. */
function ordered(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  const keys = Object.keys(value).sort();
  return {
    pairs: keys.map((key) => [key, ordered((value as Readonly<Record<string, JsonValue>>)[key] ?? null)]),
  };
}
