import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseStoreUrl, placeOf } from "@thulp-sessions/config";
import { Failure } from "../terminal/exit.ts";

const KEY = /^[0-9a-f]{64}\n$/;

/**
 * The key that marks are made with: the same secret has the same mark in everything that this person redacts,
 * on this machine. It lies in the person's own data folder, apart from every store but `home:`, and is made
 * when it is asked for first.
 *
 * @throws {Failure} where it cannot be read or kept.
 */
export async function redactionKey(): Promise<string> {
  const path = join(dirname(placeOf(parseStoreUrl("home:", "/")) as string), "redaction.key");
  try {
    return (await readKey(path)) ?? (await makeKey(path));
  } catch (error) {
    throw new Failure(`${path}: the key for marks cannot be kept there: ${(error as Error).message}`);
  }
}

/** A key for what is not stored. */
export function passingKey(): string {
  return randomBytes(32).toString("hex");
}

async function readKey(path: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  if (!KEY.test(text)) throw new Error("it holds something else; move it away, and a new one is made");
  return text.trim();
}

async function makeKey(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(unfinished, `${passingKey()}\n`, { mode: 0o600, flag: "wx" });
    // Another process may make one at the same time: the first one counts.
    await link(unfinished, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(unfinished, { force: true });
  }
  return (await readKey(path)) as string;
}
