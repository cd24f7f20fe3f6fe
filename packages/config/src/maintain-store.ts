import type { RawCopy, SessionStore } from "@thulp-sessions/core";
import type { StoreMaintenance } from "@thulp-sessions/core/store";
import type { MaintenanceOptions } from "./schemes/store-scheme.ts";
import { schemeOf, schemeOfKind } from "./schemes/store-schemes.ts";
import { parseStoreUrl } from "./store-url.ts";

/**
 * What maintains the place that a store URL names, whether or not a store can be opened there; `null` for a
 * store that has no place of its own on this machine.
 *
 * @param cwd what a relative path is relative to.
 * @param options.readOnly every call that would change the place is refused with `unsupported`.
 * @throws {SessionError} invalid_input for a URL that names no store.
 */
export async function maintenanceOf(
  url: string,
  cwd: string,
  options: MaintenanceOptions = {},
): Promise<StoreMaintenance | null> {
  const location = parseStoreUrl(url, cwd);
  return schemeOf(location).maintenance(location, options);
}

/** What moves sessions between two open stores as they stand; `undefined` unless their kind can. */
export async function rawCopy(from: SessionStore, to: SessionStore): Promise<RawCopy | undefined> {
  return from.kind === to.kind ? schemeOfKind(from.kind)?.rawCopy?.(from, to) : undefined;
}
