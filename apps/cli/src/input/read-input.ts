import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Context } from "../command/context.ts";
import { Failure, usage } from "../terminal/exit.ts";

/** A file, or standard input where `-` is said. Paths are relative to where the command was typed. */
async function open(context: Context, path: string): Promise<NodeJS.ReadableStream> {
  const { stdin } = context.io.process;
  if (path === "-") {
    if (stdin.isTTY) context.io.note("reading from the terminal; Ctrl-D ends it");
    return stdin;
  }
  const { base } = await context.config();
  return createReadStream(resolve(base, path));
}

/** @throws {Failure} when it cannot be read. */
export async function readText(context: Context, path: string): Promise<string> {
  try {
    return await text(await open(context, path));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The lines that are not blank, with their numbers from 1. */
export async function* readLines(
  context: Context,
  path: string,
): AsyncGenerator<{ line: string; number: number }> {
  let number = 0;
  try {
    const input = await open(context, path);
    // The interface does not pass on what goes wrong with its input.
    const failed = new Promise<never>((_, reject) => input.once("error", reject));
    failed.catch(() => {});
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([lines.next(), failed]);
      if (next.done) return;
      number++;
      if (next.value.trim() !== "") yield { line: next.value.replace(/^\ufeff/, ""), number };
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined
    ? error
    : new Failure(`${path === "-" ? "standard input" : path} cannot be read: ${message}.`);
}

/** @throws {Failure} that names the place when it is no JSON object. */
export function parseObject(text: string, place: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usage(`${place}: this is no JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw usage(`${place}: expected a JSON object.`);
  return value as Readonly<Record<string, unknown>>;
}
