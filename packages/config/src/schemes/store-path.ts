import { isAbsolute, resolve } from "node:path";
import type { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import type { UrlParts } from "./store-scheme.ts";

/** Takes a store URL apart at its first colon; `scheme` is undefined where there is none. */
export function splitUrl(text: string): { readonly scheme: string | undefined; readonly rest: string } {
  const [, scheme, rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  return { scheme, rest };
}

/** The absolute path behind the colon of a store URL. @throws {SessionError} invalid_input */
export function storePath(scheme: string, { text, rest: path, base }: UrlParts): string {
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

/** The refusal of a store URL, which may hold a password. */
export function refused(text: string, reason: string): SessionError {
  const shown = text.replace(/\/\/\S*@/, "//…@").slice(0, 200);
  return invalidInput(`${JSON.stringify(shown)} is no store: ${reason}.`, { field: "store" });
}
