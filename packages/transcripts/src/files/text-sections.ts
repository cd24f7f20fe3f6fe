import { createHash, type Hash } from "node:crypto";
import { lineText } from "../lines/block-splitter.ts";
import { LineSplitter } from "../lines/line-splitter.ts";
import type { BegunSession, TextFormat } from "../lines/text-format.ts";
import { readChunks, UnreadableFile } from "./read-chunks.ts";
import type { OpenBytes } from "./transcript-file.ts";

/** One of the sessions in a text: which bytes of the file it is. */
export interface TextSection {
  readonly nativeId: string;
  readonly start: number;
  readonly end: number;
  readonly sha256: string;
  /** When it began, as far as its first line says. */
  readonly time: number | undefined;
}

/** A line that begins a session is no longer. */
const MAX_FIRST_LINE = 1000;
const NEWLINE = 0x0a;
/** So many files are remembered as they were cut. */
const MAX_LISTINGS = 64;

/** What files hold, by their paths, as long as they are not written. */
const listings = new Map<string, { readonly stamp: string; readonly sections: readonly TextSection[] }>();

/**
 * The sessions in a text, in their order: together they are all of the file, but for blank lines alone. What
 * stands before the first one is one, too.
 *
 * @param stamp of the file as it is.
 * @throws {UnreadableFile}
 */
export async function sectionsIn(
  path: string,
  stamp: string,
  format: TextFormat,
): Promise<readonly TextSection[]> {
  const known = listings.get(path);
  if (known?.stamp === stamp) return known.sections;
  const cutter = new Cutter(format);
  for await (const chunk of readChunks(path)) cutter.push(chunk);
  const sections = cutter.finish();
  listings.delete(path);
  listings.set(path, { stamp, sections });
  const [oldest] = listings.keys();
  if (listings.size > MAX_LISTINGS && oldest !== undefined) listings.delete(oldest);
  return sections;
}

/** The bytes of a section, if they are still those that were seen when the file was cut. */
export function openSection(path: string, { start, end, sha256 }: TextSection): OpenBytes {
  return async function* () {
    const hash = createHash("sha256");
    for await (const chunk of readChunks(path, { start, end })) {
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest("hex") !== sha256)
      throw new UnreadableFile("it was rewritten while it was read: import it again");
  };
}

/** Cuts a file before each line that begins a session. */
class Cutter {
  readonly #format: TextFormat;
  readonly #lines = new LineSplitter();
  readonly #sections: TextSection[] = [];
  readonly #times = new Map<string, number>();
  #at = 0;
  /** Of the section that is read. */
  #start = 0;
  #hash: Hash = createHash("sha256");
  #begun: BegunSession | null = null;
  /** Something but blank lines stands in it. */
  #isText = false;

  constructor(format: TextFormat) {
    this.#format = format;
  }

  push(chunk: Buffer): void {
    for (const part of this.#lines.push(chunk)) {
      const isLine = part.type === "line";
      if (isLine) this.#line(part.bytes);
      else this.#isText = true;
      this.#hash.update(part.bytes);
      this.#at += part.bytes.length;
      if (isLine || part.last) this.#newline();
    }
  }

  finish(): readonly TextSection[] {
    const { rest } = this.#lines.finish();
    this.#hash.update(rest);
    this.#at += rest.length;
    if (rest.toString().trim() !== "") this.#isText = true;
    if (this.#isText) this.#end();
    return this.#sections;
  }

  #newline(): void {
    this.#hash.update(Buffer.of(NEWLINE));
    this.#at++;
  }

  #line(bytes: Buffer): void {
    if (bytes.length > MAX_FIRST_LINE) {
      this.#isText = true;
      return;
    }
    const line = lineText(bytes).replace(/\r$/, "");
    const begun = this.#format.begins(line);
    if (begun && this.#format.isOne) this.#begun ??= begun;
    else if (begun) {
      // Blank lines before the first session are a part of it.
      if (this.#isText) this.#end();
      this.#begun = begun;
    }
    this.#isText ||= line.trim() !== "";
  }

  #end(): void {
    const name = this.#begun?.nativeId ?? this.#format.before;
    const before = this.#times.get(name) ?? 0;
    this.#times.set(name, before + 1);
    this.#sections.push({
      nativeId: before === 0 ? name : `${name} #${before + 1}`,
      start: this.#start,
      end: this.#at,
      sha256: this.#hash.digest("hex"),
      time: this.#begun?.time,
    });
    this.#start = this.#at;
    this.#hash = createHash("sha256");
    this.#begun = null;
    this.#isText = false;
  }
}
