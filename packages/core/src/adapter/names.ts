import { parse, v5 } from "uuid";
import { MAX_TEXT_BYTES } from "../model/model.ts";
import { utf8Length } from "../model/utf8-length.ts";

/** Of every id that is derived from names. It never changes: with another one everything is stored again. */
const NAMESPACE = "92487dfa-b8a8-46ce-8e45-be065821f4d9";
const encoder = new TextEncoder();

/**
 * The id of what another program names by texts: a UUID of version 5 (RFC 9562), the same in every process
 * and for ever. Other names give another id, and no name can pass into the next one: `("a", "b")` is not
 * `("ab")`. Ids of two kinds never meet.
 *
 * @param kind what is named, e.g. the adapter's package for a session.
 */
export function idFromNames(kind: string, ...names: readonly string[]): string {
  // JSON escapes lone surrogates, so that every text has bytes of its own.
  return v5(encoder.encode(JSON.stringify(names)), namespaceOf(kind));
}

/** As bytes: of a text `v5` would read them again each time. */
const namespaces = new Map<string, Uint8Array>();
const MAX_NAMESPACES = 256;

function namespaceOf(kind: string): Uint8Array {
  let namespace = namespaces.get(kind);
  if (namespace === undefined) {
    namespace = parse(v5(encoder.encode(kind), NAMESPACE));
    if (namespaces.size < MAX_NAMESPACES) namespaces.set(kind, namespace);
  }
  return namespace;
}

/**
 * The tag by which a session is found under the names that another program gives it:
 * `<adapter>:key:<the names as a JSON array>`. One that would be longer than a tag may be has the id of the
 * names in place of the array.
 */
export function keyTag(adapter: string, ...names: readonly string[]): string {
  const tag = `${adapter}:key:${JSON.stringify(names)}`;
  return fits(tag) ? tag : `${adapter}:key:${idFromNames("key", ...names)}`;
}

/**
 * The names in the {@link keyTag} of a session.
 *
 * @returns undefined where it has none, and for names that were too long for one.
 */
export function keyNames(adapter: string, tags: readonly string[]): readonly string[] | undefined {
  const prefix = `${adapter}:key:`;
  const tag = tags.find((each) => each.startsWith(`${prefix}[`));
  if (tag === undefined) return undefined;
  try {
    const names: unknown = JSON.parse(tag.slice(prefix.length));
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : undefined;
  } catch {
    // Anybody may give a session such a tag.
    return undefined;
  }
}

/**
 * A text as a name or a tag may hold it: half a surrogate pair becomes U+FFFD, and what is longer than 64 KiB
 * is cut at the end.
 */
export function wellFormed(text: string): string {
  const whole = text.toWellFormed();
  if (fits(whole)) return whole;
  // A UTF-16 unit takes three bytes at most; the cut may halve a pair.
  return whole.slice(0, Math.floor(MAX_TEXT_BYTES / 3)).toWellFormed();
}

function fits(text: string): boolean {
  return text.length * 3 <= MAX_TEXT_BYTES || utf8Length(text) <= MAX_TEXT_BYTES;
}
