import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { newUuid, type SessionStore } from "@thulp-sessions/core";
import { inject, onTestFinished } from "vitest";

/** Why there is no PostgreSQL here, for names of tests; `null` where there is one. */
export const MISSING = inject("postgresUrl") === null ? inject("postgresMissing") : null;

/** A folder that is gone when `dispose` is called. */
export async function newFolder(): Promise<{ folder: string; dispose: () => Promise<void> }> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "thulp-shards-"));
  return { folder, dispose: () => rm(folder, { recursive: true, force: true }) };
}

/** Writes a list of shards. @returns its URL. */
export async function writeList(folder: string, shards: readonly string[]): Promise<string> {
  const file = join(folder, `shards-${newUuid()}.json`);
  await writeFile(file, JSON.stringify({ shards }));
  return `shards:${file}`;
}

let count = 0;

/** URLs of so many schemas of the server that all tests share; they go with it. */
export function schemas(shards: number, server = inject("postgresUrl") ?? ""): string[] {
  count++;
  return Array.from({ length: shards }, (_, i) => `${server}?schema=s${process.pid}_${count}_${i}&pool=2`);
}

/** Closed after the test. */
export async function opened(url: string, durability: "full" | "relaxed" = "relaxed"): Promise<SessionStore> {
  const store = await openStore(url, { durability });
  onTestFinished(() => store.close());
  return store;
}
