import type { SessionStore } from "@thulp-sessions/core";
import type { OpenStoreOptions } from "./schemes/store-scheme.ts";
import { schemeOf } from "./schemes/store-schemes.ts";
import { parseStoreUrl } from "./store-url.ts";

/**
 * Opens the store that a URL names: `sqlite:PATH`, `fs:PATH`, `memory:`, `http://HOST:PORT`,
 * `postgres://HOST/DB`, `shards:FILE`, `home:`, `transcripts:AGENT`. Only the modules of that store are
 * loaded.
 *
 * @throws {SessionError} invalid_input for a URL that names none; io, busy or unsupported when it cannot be
 * opened.
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<SessionStore> {
  const location = parseStoreUrl(url, options.cwd ?? process.cwd());
  return schemeOf(location).open(location, options);
}
