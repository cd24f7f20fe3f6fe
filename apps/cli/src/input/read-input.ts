import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { invalidUtf8At, otherEncodingOf } from "@thulp-sessions/config";
import type { Context } from "../command/context.ts";
import { Failure, usage } from "../terminal/exit.ts";
import type { TextRepair } from "./text-repair.ts";

/** No JSON of an entry or of a session's head is as long; a line is held in memory. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const NEWLINE = 0x0a;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A file, or standard input where `-` is said. Paths are relative to where the command was typed. */
async function open(context: Context, path: string): Promise<AsyncIterable<Buffer>> {
  const { stdin } = context.io.process;
  if (path === "-") {
    if (stdin.isTTY) context.io.note("reading from the terminal; Ctrl-D ends it");
    return stdin;
  }
  const { base } = await context.config();
  return createReadStream(resolve(base, path));
}

/** What an input is called in messages. */
export function nameOfInput(path: string): string {
  return path === "-" ? "standard input" : path;
}

/**
 * The whole text, without a byte order mark.
 *
 * @param repair takes what is not UTF-8; where there is none, that is refused.
 * @throws {Failure} when it cannot be read, or is not UTF-8.
 */
export async function readText(context: Context, path: string, repair?: TextRepair): Promise<string> {
  const lines: string[] = [];
  let ended = true;
  for await (const { line, isEnded } of allLines(context, path, repair)) {
    lines.push(line);
    ended = isEnded;
  }
  return lines.join("\n") + (ended && lines.length > 0 ? "\n" : "");
}

/**
 * The lines that are not blank, with their numbers from 1. Only `\n` ends a line: JSON may hold the
 * separators that other readers split at.
 *
 * @throws {Failure} when it cannot be read, or at the first line that is not UTF-8.
 */
export async function* readLines(
  context: Context,
  path: string,
  repair?: TextRepair,
): AsyncGenerator<{ line: string; number: number }> {
  for await (const { line, number } of allLines(context, path, repair))
    if (line.trim() !== "") yield { line: line.endsWith("\r") ? line.slice(0, -1) : line, number };
}

async function* allLines(
  context: Context,
  path: string,
  repair: TextRepair | undefined,
): AsyncGenerator<{ line: string; number: number; isEnded: boolean }> {
  let number = 0;
  try {
    for await (const { bytes, isEnded } of splitLines(await open(context, path), path)) {
      number++;
      yield { line: decodeLine(bytes, number, nameOfInput(path), repair), number, isEnded };
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  path: string,
): AsyncGenerator<{ bytes: Uint8Array; isEnded: boolean }> {
  let begun: Buffer[] = [];
  let length = 0;
  let number = 1;
  const take = (last: Buffer) => {
    const bytes = begun.length === 0 ? last : Buffer.concat([...begun, last]);
    begun = [];
    length = 0;
    return bytes;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield { bytes: take(chunk.subarray(start, end)), isEnded: true };
      start = end + 1;
      number++;
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES)
      throw usage(
        `${nameOfInput(path)}, line ${number}: it is longer than ${MAX_LINE_BYTES / 1024 ** 2} MiB.`,
      );
  }
  if (begun.length > 0) yield { bytes: take(Buffer.alloc(0)), isEnded: false };
}

function decodeLine(bytes: Uint8Array, number: number, name: string, repair: TextRepair | undefined): string {
  if (number === 1) {
    const other = otherEncodingOf(bytes);
    if (other !== null) throw usage(`${name}: this is ${other}.`);
  }
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    const place = `${name}, line ${number}`;
    if (!repair)
      throw usage(
        `${place}: byte ${invalidUtf8At(bytes)} of the line, counted from 0, is not UTF-8. Nothing is guessed: save the file as UTF-8, or put U+FFFD in the place of what is wrong with --repair-text.`,
      );
    text = repair.decode(bytes, place);
  }
  return number === 1 ? text.replace(/^\ufeff/, "") : text;
}

function unreadable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new Failure(`${nameOfInput(path)} cannot be read: ${message}.`);
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
