import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Context } from "../command/context.ts";
import { Failure } from "../terminal/exit.ts";
import { begun, finished, removeLeftovers } from "../terminal/leftovers.ts";

export type Write = (text: string | Uint8Array) => Promise<void>;

/**
 * Lets `work` write a new file, readable for its owner only. It has its name only when it is complete: when
 * `work` fails there is none, and what had the name before stays.
 *
 * @throws {Failure} when the file is there already, unless `force` says to put the new one in its place.
 */
export async function toFile(
  context: Context,
  path: string,
  force: boolean,
  work: (write: Write) => Promise<void>,
): Promise<string> {
  const { base } = await context.config();
  const full = resolve(base, path);
  await removeLeftovers(dirname(full), unfinishedName(basename(full)));
  const unfinished = `${full}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  const failed = (error: NodeJS.ErrnoException) =>
    new Failure(`${full} cannot be written: ${error.message}.`);
  const file = await open(unfinished, "wx", 0o600).catch((error) => {
    throw failed(error);
  });
  begun(unfinished);
  try {
    try {
      await work(async (part) => {
        await file.writeFile(part);
      });
      await file.sync();
    } finally {
      await file.close();
    }
    if (force) await rename(unfinished, full);
    // Unlike a rename it takes no other file's place; not every file system has it.
    else await link(unfinished, full).catch((error) => renameWhereFree(error, unfinished, full));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new Failure(`${full} is there already. Choose another name, or write over it with --force.`);
    throw error;
  } finally {
    await unlink(unfinished).catch(() => {});
    finished(unfinished);
  }
  return full;
}

function unfinishedName(name: string): RegExp {
  return new RegExp(`^${name.replace(/\W/g, "\\$&")}\\.tmp-(\\d+)-[0-9a-f]{8}$`);
}

async function renameWhereFree(error: NodeJS.ErrnoException, from: string, to: string): Promise<void> {
  if (error.code === "EEXIST" || existsSync(to)) throw Object.assign(error, { code: "EEXIST" });
  await rename(from, to);
}
