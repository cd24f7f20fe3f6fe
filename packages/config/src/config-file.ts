import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { decodeUtf8 } from "./utf8.ts";

export const CONFIG_FILE = "thulp-sessions.config.json";

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The first configuration file of these folders; `null` when none of them has one. */
export function readConfigFile(folders: readonly string[]): ConfigFile | null {
  for (const folder of folders) {
    const path = join(folder, CONFIG_FILE);
    const content = readIfThere(path);
    if (content !== null) return { path, values: parse(path, content) };
  }
  return null;
}

/** What is longer is no configuration. */
const MOST_BYTES = 1024 * 1024;

/** It may have come with a cloned repository: a pipe of that name must not hold up the program. */
function readIfThere(path: string): string | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error("it is no regular file");
    if (stat.size > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`);
    return decodeUtf8(readFileSync(descriptor));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new SessionError("io", `${path}: it cannot be read: ${(error as Error).message}.`, {
      cause: error,
      details: { path },
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
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
