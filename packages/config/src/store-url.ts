import { isAbsolute, resolve } from "node:path";
import type { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";

/** Which store a URL names. Paths are absolute. */
export type StoreLocation =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "fs"; readonly dir: string }
  | { readonly kind: "memory" }
  | { readonly kind: "remote"; readonly url: string };

const FORMS = "sqlite:PATH, fs:PATH, memory: or http://HOST:PORT";

/**
 * Reads a store URL.
 *
 * @param base the folder that a relative path is relative to.
 * @throws {SessionError} invalid_input that says what is wrong with it.
 */
export function parseStoreUrl(text: string, base: string): StoreLocation {
  const [, scheme, rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  switch (scheme?.toLowerCase()) {
    case "sqlite":
      return { kind: "sqlite", file: storePath(text, "sqlite", rest, base) };
    case "fs":
      return { kind: "fs", dir: storePath(text, "fs", rest, base) };
    case "memory":
      if (rest !== "") throw refused(text, "memory: takes no path; it is gone when the process ends");
      return { kind: "memory" };
    case "http":
    case "https":
      return { kind: "remote", url: serverUrl(text) };
    default:
      throw refused(text, reasonFor(scheme, text));
  }
}

/** The URL that names this location from wherever it is read. */
export function formatStoreUrl(location: StoreLocation): string {
  switch (location.kind) {
    case "sqlite":
      return `sqlite:${location.file}`;
    case "fs":
      return `fs:${location.dir}`;
    case "memory":
      return "memory:";
    case "remote":
      return location.url;
  }
}

function storePath(text: string, scheme: string, path: string, base: string): string {
  if (path.trim() === "") throw refused(text, `the path is missing: expected e.g. ${scheme}:.thulp/sessions`);
  if (path === ":memory:") throw refused(text, "a store in memory is called memory:");
  if (path.startsWith("//")) {
    throw refused(text, `a path follows the colon directly: ${scheme}:/home/me/x or ${scheme}:relative/x`);
  }
  if (/^~(?:[/\\]|$)/.test(path)) {
    throw refused(text, "~ stands for the home folder only where a shell expands it: write the whole path");
  }
  if (path.includes("\0")) throw refused(text, "a path holds no NUL character");
  if (process.platform !== "win32" && /^[A-Za-z]:[\\/]|^\\\\/.test(path)) {
    throw refused(text, "this is a Windows path, and this is not Windows");
  }
  return isAbsolute(path) ? resolve(path) : resolve(base, path);
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw refused(text, "it is not a URL: expected e.g. http://127.0.0.1:4664");
  if (url.username !== "" || url.password !== "") {
    // Not shown: it would end in a log.
    throw refused(
      `${url.protocol}//…@${url.host}`,
      "it holds credentials; give the token by --token-file or --token",
    );
  }
  if (url.search !== "" || url.hash !== "") throw refused(text, "a query or fragment means nothing here");
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function reasonFor(scheme: string | undefined, text: string): string {
  if (text === ":memory:") return "a store in memory is called memory:";
  if (scheme === undefined)
    return `expected ${FORMS}; for this path write sqlite:${text || "PATH"} or fs:${text || "PATH"}`;
  if (scheme.length === 1) return `expected ${FORMS}; for this path write sqlite:${text} or fs:${text}`;
  return `the scheme ${JSON.stringify(scheme)} is unknown: expected ${FORMS}`;
}

function refused(text: string, reason: string): SessionError {
  return invalidInput(`${JSON.stringify(text.slice(0, 200))} is no store: ${reason}.`, { field: "store" });
}
