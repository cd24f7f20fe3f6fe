import { open, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "./context.ts";
import { Failure } from "./exit.ts";

export type Write = (text: string | Uint8Array) => Promise<void>;

/**
 * Lets `work` write a new file, readable for its owner only; it is gone again when `work` fails.
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
  const file = await open(full, force ? "w" : "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST")
      throw new Failure(`${full} is there already. Choose another name, or write over it with --force.`);
    throw new Failure(`${full} cannot be written: ${error.message}.`);
  });
  try {
    await work(async (part) => {
      await file.writeFile(part);
    });
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close();
    await unlink(full);
    throw error;
  }
  return full;
}
