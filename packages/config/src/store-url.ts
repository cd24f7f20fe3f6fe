import { refused, splitUrl } from "./schemes/store-path.ts";
import type { StoreLocation } from "./schemes/store-scheme.ts";
import { asStoreUrls, STORE_URL_FORMS, schemeNamed, schemeOf } from "./schemes/store-schemes.ts";

/**
 * Reads a store URL.
 *
 * @param base the folder that a relative path is relative to.
 * @throws {SessionError} invalid_input that says what is wrong with it.
 */
export function parseStoreUrl(text: string, base: string): StoreLocation {
  const { scheme, rest } = splitUrl(text);
  const found = scheme === undefined ? undefined : schemeNamed(scheme);
  if (!found) throw refused(text, reasonFor(scheme, text));
  return found.parse({ text, rest, base });
}

/** The URL that names this location from wherever it is read. */
export function formatStoreUrl(location: StoreLocation): string {
  return schemeOf(location).format(location);
}

/** The file or folder on this machine that the store consists of; `null` for a store that has none. */
export function placeOf(location: StoreLocation): string | null {
  return schemeOf(location).placeOf(location);
}

/** Is somebody else's machine behind it, maybe? */
export function isRemote(location: StoreLocation): boolean {
  return schemeOf(location).isRemote;
}

/** Is its durability ours to choose? */
export function takesDurability(location: StoreLocation): boolean {
  return schemeOf(location).takesDurability;
}

function reasonFor(scheme: string | undefined, text: string): string {
  if (text === ":memory:") return "a store in memory is called memory:";
  const expected = `expected ${STORE_URL_FORMS}`;
  if (scheme === undefined) return `${expected}; for this path write ${asStoreUrls(text || "PATH")}`;
  // The letter of a Windows drive.
  if (scheme.length === 1) return `${expected}; for this path write ${asStoreUrls(text)}`;
  return `the scheme ${JSON.stringify(scheme)} is unknown: ${expected}`;
}
