import { v5 } from "uuid";
import { MAX_TEXT_BYTES, utf8Length } from "../model/model.ts";

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

const namespaces = new Map<string, string>();
const MAX_NAMESPACES = 256;

function namespaceOf(kind: string): string {
  let namespace = namespaces.get(kind);
  if (namespace === undefined) {
    namespace = v5(encoder.encode(kind), NAMESPACE);
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
