import { statSync } from "node:fs";
import { dirname } from "node:path";
import { isSessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { readSmallFile } from "../small-file.ts";
import { fsScheme } from "./fs.ts";
import { postgresScheme } from "./postgres.ts";
import { sqliteScheme } from "./sqlite.ts";
import { refused, splitUrl } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

/** What a shard may be: what stays when the process ends, and is no server of its own. */
const SHARD_SCHEMES: readonly StoreScheme[] = [
  sqliteScheme,
  fsScheme,
  postgresScheme,
] as readonly StoreScheme[];

/** One store of a list. */
export interface ListedShard {
  readonly scheme: StoreScheme;
  readonly location: StoreLocation;
  /** Its URL, without a password. */
  readonly url: string;
}

/**
 * The shards that a file lists, in their order. Relative paths are relative to its folder.
 *
 * @throws {SessionError} invalid_input for a file that is no list; io where it cannot be read.
 */
export function readShardList(file: string): readonly ListedShard[] {
  const urls = urlsIn(file);
  if (urls.some(holdsPassword)) refuseReadable(file);
  const shards = urls.map((text, i) => shardOf(text, file, i));
  const seen = new Map<string, number>();
  for (const [i, { url }] of shards.entries()) {
    const before = seen.get(url);
    if (before !== undefined) throw wrong(file, `shards[${i}] is shards[${before}] again: ${url}`);
    seen.set(url, i);
  }
  return shards;
}

function urlsIn(file: string): readonly string[] {
  const text = readSmallFile(file);
  if (text === null) throw wrong(file, "there is no such file");
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    // The reason would quote what stands there, which may be a password.
    throw wrong(file, "it is not JSON");
  }
  if (typeof list !== "object" || list === null || Array.isArray(list) || !("shards" in list))
    throw wrong(file, "it has no list of shards");
  const unknown = Object.keys(list).find((key) => key !== "shards");
  if (unknown !== undefined) throw wrong(file, `the key ${JSON.stringify(unknown).slice(0, 100)} is unknown`);
  const { shards } = list;
  if (!Array.isArray(shards) || !shards.every((each) => typeof each === "string"))
    throw wrong(file, "shards is not a list of texts");
  if (shards.length < 1 || shards.length > 1_000) throw wrong(file, "a list has 1 to 1000 shards");
  return shards;
}

function shardOf(text: string, file: string, i: number): ListedShard {
  const { scheme: name, rest } = splitUrl(text);
  const scheme = SHARD_SCHEMES.find(({ schemes }) => name && schemes.includes(name.toLowerCase()));
  if (!scheme) throw refused(text, `shards[${i}] of ${file} is to be a sqlite:, fs: or postgres: store`);
  try {
    const location = scheme.parse({ text, rest, base: dirname(file) });
    return { scheme, location, url: scheme.format(location) };
  } catch (error) {
    if (!isSessionError(error)) throw error;
    throw invalidInput(`shards[${i}] of ${file}: ${error.message}`, { ...error.details, path: file });
  }
}

function holdsPassword(text: string): boolean {
  return URL.canParse(text) && new URL(text).password !== "";
}

/** As `~/.pgpass`: who can read the file has the passwords. Windows says nothing of that in a mode. */
function refuseReadable(file: string): void {
  if (process.platform === "win32" || (statSync(file).mode & 0o077) === 0) return;
  throw wrong(file, `it holds a password, and others than its owner may read it: chmod 600 ${file}`);
}

function wrong(file: string, reason: string) {
  return invalidInput(
    `${file} is no list of shards: ${reason}. Expected e.g. { "shards": ["postgres://db1/agents", "postgres://db2/agents"] }.`,
    { field: "store", path: file },
  );
}
