import { join } from "node:path";
import { invalidInput } from "@thulp-sessions/core/store";
import { readSmallFile } from "./small-file.ts";

export const CONFIG_FILE = "thulp-sessions.config.json";

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The first configuration file of these folders; `null` when none of them has one. */
export function readConfigFile(folders: readonly string[]): ConfigFile | null {
  for (const folder of folders) {
    const path = join(folder, CONFIG_FILE);
    const content = readSmallFile(path);
    if (content !== null) return { path, values: parse(path, content) };
  }
  return null;
}

function parse(path: string, content: string): Record<string, unknown> {
  let values: unknown;
  try {
    values = JSON.parse(content);
  } catch (error) {
    throw invalidInput(`${path}: it is not JSON: ${(error as Error).message}.`, { path });
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw invalidInput(`${path}: expected an object such as { "store": "sqlite:.thulp/sessions.db" }.`, {
      path,
    });
  }
  return values as Record<string, unknown>;
}
