import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { Context } from "../command/context.ts";
import { usage } from "../terminal/exit.ts";
import { allLines, NEWLINE, nameOfInput, textPieces, unreadable, withoutMark } from "./decode-text.ts";
import type { TextRepair } from "./text-repair.ts";

/** The first line of JSONL holds a context at most; what is longer is a session as JSON. */
const MAX_FIRST_LINE_BYTES = 64 * 1024 * 1024;

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

/**
 * The whole text, without a byte order mark.
 *
 * @param repair takes what is not UTF-8; where there is none, that is refused.
 * @throws {Failure} when it cannot be read, or is not UTF-8.
 */
export async function readText(context: Context, path: string, repair?: TextRepair): Promise<string> {
  const lines: string[] = [];
  let ended = true;
  for await (const { line, isEnded } of allLines(await open(context, path), path, repair)) {
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
export async function* readLines(context: Context, path: string, repair?: TextRepair): AsyncGenerator<Line> {
  yield* (await Input.open(context, path)).lines(repair);
}

export interface Line {
  readonly line: string;
  readonly number: number;
}

/** An input that is read once, whatever its size, and can be looked into before. */
export class Input {
  readonly name: string;
  /** Its absolute path; `null` for standard input. */
  readonly file: string | null;
  readonly #path: string;
  readonly #chunks: AsyncIterator<Buffer>;
  #seen: Buffer[] = [];
  #isEnded = false;
  #first: Promise<string | null> | undefined;
  /** What was read of the first line that is not blank. */
  #firstLine: "nothing" | "begun" | "ended" = "nothing";

  private constructor(path: string, file: string | null, chunks: AsyncIterable<Buffer>) {
    this.name = nameOfInput(path);
    this.file = file;
    this.#path = path;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  static async open(context: Context, path: string): Promise<Input> {
    const file = path === "-" ? null : resolve((await context.config()).base, path);
    return new Input(path, file, await open(context, path));
  }

  /**
   * The first line that is not blank; `null` where it is longer than any line of JSONL, and `""` where there
   * is none. @throws {Failure}
   */
  firstLine(): Promise<string | null> {
    this.#first ??= this.#readFirstLine();
    return this.#first;
  }

  async #readFirstLine(): Promise<string | null> {
    let length = 0;
    while (!this.#isEnded && this.#firstLine !== "ended" && length <= MAX_FIRST_LINE_BYTES)
      length += await this.#readMore();
    if (!this.#isEnded && this.#firstLine !== "ended") return null;
    const text = withoutMark(Buffer.concat(this.#seen).toString("utf8")).trimStart();
    return text.split("\n", 1)[0] ?? "";
  }

  /** Whether the first character that is not blank is this one. @throws {Failure} */
  async beginsWith(character: string): Promise<boolean> {
    const line = await this.firstLine();
    return (line ?? withoutMark(this.#beginning()).trimStart()).startsWith(character);
  }

  /** Whether it begins with a byte order mark. @throws {Failure} */
  async hasMark(): Promise<boolean> {
    await this.firstLine();
    return this.#beginning() !== withoutMark(this.#beginning());
  }

  /** The lines that are not blank. @throws {Failure} */
  async *lines(repair?: TextRepair): AsyncGenerator<Line> {
    for await (const { line, number } of allLines(this.#all(), this.#path, repair))
      if (line.trim() !== "") yield { line: line.endsWith("\r") ? line.slice(0, -1) : line, number };
  }

  /**
   * All of its text, in pieces; what repairs looks at whole lines. @throws {Failure} where it is not UTF-8.
   */
  async *textPieces(repair?: TextRepair): AsyncGenerator<string> {
    if (!repair) {
      yield* textPieces(this.#all(), this.#path);
      return;
    }
    for await (const { line, number } of allLines(this.#all(), this.#path, repair))
      yield `${repair.json(line, `${this.name}, line ${number}`)}\n`;
  }

  /** Enough to see how it begins. */
  #beginning(): string {
    return this.#seen[0]?.toString("utf8", 0, 1024) ?? "";
  }

  async #readMore(): Promise<number> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done) this.#isEnded = true;
      else this.#note(value);
      return done ? 0 : value.length;
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  #note(chunk: Buffer): void {
    const isFirst = this.#seen.length === 0;
    this.#seen.push(chunk);
    if (this.#firstLine === "ended") return;
    const start = this.#firstLine === "begun" ? 0 : firstNotBlank(chunk, isFirst);
    if (start < 0) return;
    this.#firstLine = chunk.indexOf(NEWLINE, start) < 0 ? "begun" : "ended";
  }

  async *#all(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const seen = this.#seen;
        this.#seen = [];
        yield* seen;
        if (this.#isEnded) return;
        await this.#readMore();
      }
    } finally {
      // Closes the file where nobody reads on.
      await this.#chunks.return?.();
    }
  }
}

function firstNotBlank(chunk: Buffer, isFirst: boolean): number {
  const isMarked = isFirst && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
  const isBlank = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  return chunk.findIndex((byte, i) => !isBlank(byte) && !(isMarked && i < 3));
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
