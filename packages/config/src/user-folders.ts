import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where programs keep what belongs to a person, by the rules of the system. */
export function dataFolder(): string {
  return ofUser("XDG_DATA_HOME", ".local/share");
}

/** Where programs keep what they can make again. */
export function cacheFolder(): string {
  return ofUser("XDG_CACHE_HOME", ".cache");
}

function ofUser(variable: string, byDefault: string): string {
  if (process.platform === "win32") return process.env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local");
  const given = process.env[variable] ?? "";
  // A relative path is to be ignored (XDG Base Directory Specification).
  return isAbsolute(given) ? given : join(homedir(), byDefault);
}
