import { invalidUtf8At, otherEncodingOf } from "@thulp-sessions/config";
import { Failure, usage } from "../terminal/exit.ts";
import type { TextRepair } from "./text-repair.ts";

/** No JSON of an entry or of a session's head is as long; a line is held in memory. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
export const NEWLINE = 0x0a;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const MARK = "\ufeff";

/** The text without a byte order mark. */
export function withoutMark(text: string): string {
  return text.startsWith(MARK) ? text.slice(1) : text;
}

/** What an input is called in messages. */
export function nameOfInput(path: string): string {
  return path === "-" ? "standard input" : path;
}

/** @throws {Failure} when it cannot be read, or at the first line that is not UTF-8. */
export async function* allLines(
  chunks: AsyncIterable<Buffer>,
  path: string,
  repair: TextRepair | undefined,
): AsyncGenerator<{ line: string; number: number; isEnded: boolean }> {
  let number = 0;
  try {
    for await (const { bytes, isEnded } of splitLines(chunks, path)) {
      number++;
      yield { line: decodeLine(bytes, number, nameOfInput(path), repair), number, isEnded };
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Without a byte order mark. @throws {Failure} at the first byte that is not UTF-8. */
export async function* textPieces(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<string> {
  const name = nameOfInput(path);
  let number = 1;
  /** How many bytes of the line were before what is looked at. */
  let before = 0;
  let rest: Uint8Array = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const other = isFirst ? otherEncodingOf(bytes) : null;
    if (other !== null) throw usage(`${name}: this is ${other}.`);
    const end = endOfCharacters(bytes);
    const text = decode(bytes.subarray(0, end));
    yield isFirst ? withoutMark(text) : text;
    for (let at = bytes.indexOf(NEWLINE); at >= 0 && at < end; at = bytes.indexOf(NEWLINE, at + 1)) {
      number++;
      before = -at - 1;
    }
    before += end;
    rest = bytes.subarray(end);
    isFirst = false;
  }
  decode(rest);

  function decode(bytes: Uint8Array): string {
    try {
      return UTF8.decode(bytes);
    } catch {
      const bad = invalidUtf8At(bytes);
      const lines = Buffer.from(bytes.subarray(0, bad)).toString("latin1").split("\n");
      const inLine = (lines.length === 1 ? before : 0) + (lines.at(-1)?.length ?? 0);
      throw notUtf8(`${name}, line ${number + lines.length - 1}`, inLine);
    }
  }
}

/** Where the last character of the bytes that is complete ends. */
function endOfCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function notUtf8(place: string, byte: number): Failure {
  return usage(
    `${place}: byte ${byte} of the line, counted from 0, is not UTF-8. Nothing is guessed: save the file as UTF-8, or put U+FFFD in the place of what is wrong with --repair-text.`,
  );
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
    if (!repair) throw notUtf8(place, invalidUtf8At(bytes));
    text = repair.decode(bytes, place);
  }
  return number === 1 ? withoutMark(text) : text;
}

/** What a failure to read an input is to a person. */
export function unreadable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new Failure(`${nameOfInput(path)} cannot be read: ${message}.`);
}
