import { isUtf8 } from "node:buffer";
import type { ByteWindow } from "./byte-window.ts";
import {
  CLOSING,
  ENTRIES_OPENING,
  ENTRY_BEGINNING,
  ENTRY_ENDING,
  endsWith,
  FIRST_SEPARATOR,
  hasOurBeginning,
  SEPARATOR,
  standsAt,
  UPDATED_AT_OFFSET,
} from "./canonical-layout.ts";
import {
  type DecodedContext,
  type DecodedMetadata,
  decodeContext,
  decodeMetadata,
  type PassedEntry,
  type Range,
  type RawField,
  SESSION_FIELDS,
} from "./codec.ts";
import { Damage } from "./format-error.ts";
import { JsonScanner, OPEN_ARRAY } from "./json-scanner.ts";

/** Behind a member of the session, so much of what follows is in memory, if there is so much. */
const LOOK_AHEAD_BYTES = 4096;

/** What is cut off by the end of the window is found out within so many bytes before it: a surrogate pair is the longest. */
const LONGEST_TOKEN_BYTES = 16;

/**
 * Walks over a session file from front to back, entry by entry. All that stands before the first entry stays in memory;
 * from there on the window slides, and so does what stands behind the last entry until the end.
 *
 * Over a window that does not hold all of the file, ranges are those within the window, and damage is only that there is
 * some: whoever wants the place reads the whole file.
 */
export class SessionWalk<E extends PassedEntry> {
  metadata: DecodedMetadata | undefined;
  context: DecodedContext = { value: {}, fields: new Map(), inexact: false };
  readonly unknown: RawField[] = [];
  /** What stands before the entries, the opening bracket included. */
  header: Buffer = Buffer.alloc(0);
  entriesStart = 0;
  /** In bytes from the start of the file, behind the last entry. */
  lastEnd = 0;
  looksOurs: boolean;
  readonly #window: ByteWindow;
  readonly #readEntry: (scanner: JsonScanner) => E;
  readonly #onEntry: (entry: E) => void;
  readonly #onSlide: () => void;
  readonly #scanner: JsonScanner;
  readonly #seen = new Set<string>();
  /** Where in the window the bytes stop being UTF-8. */
  #utf8End = Number.POSITIVE_INFINITY;
  #lastIsMore = false;

  /** @param onSlide called before the window slides away from entries that have been told of. */
  constructor(
    window: ByteWindow,
    readEntry: (scanner: JsonScanner) => E,
    onEntry: (entry: E) => void,
    onSlide: () => void = () => {},
  ) {
    this.#window = window;
    this.#readEntry = readEntry;
    this.#onEntry = onEntry;
    this.#onSlide = onSlide;
    this.#scanner = new JsonScanner(window.bytes);
    this.looksOurs = hasOurBeginning(window.bytes);
    this.#findUtf8End();
  }

  /** Gives the damage that ended the walk, if one did. */
  run(): Damage | null {
    try {
      this.#readSession();
      return null;
    } catch (error) {
      if (error instanceof Damage) return error;
      throw error;
    }
  }

  /** After a walk without damage: what stands behind the last entry. */
  get tail(): Buffer {
    return this.#window.bytes.subarray(this.lastEnd - this.#window.base);
  }

  /** After a walk without damage: is every byte as we write it? */
  isOurs(): boolean {
    const { bytes, base } = this.#window;
    return this.looksOurs && endsWith(bytes, this.lastEnd - base, CLOSING) && !this.#lastIsMore;
  }

  #readSession(): void {
    const scanner = this.#scanner;
    if (scanner.peek() === OPEN_ARRAY) {
      scanner.array((index) => {
        const field = SESSION_FIELDS[index];
        if (field === undefined) throw new Damage("session: more values than fields", scanner.position);
        this.#readField(field, scanner.position);
      });
    } else {
      scanner.object((key, keyOffset) => this.#readField(key, keyOffset));
    }
    this.#checkUtf8();
    // What ends the session need not be the end of the file yet.
    while (Number.isNaN(scanner.peek()) && this.#slide());
    scanner.expectEnd();
    for (const field of ["metadata", "entries"]) {
      if (!this.#seen.has(field)) throw new Damage(`session: field "${field}" is missing`, 0);
    }
  }

  #readField(key: string, keyOffset: number): void {
    const scanner = this.#scanner;
    const known = (SESSION_FIELDS as readonly string[]).includes(key);
    if (known && this.#seen.has(key)) scanner.fail(`session: duplicate field "${key}"`, keyOffset);
    if (this.#seen.has("entries")) this.looksOurs = false;
    if (key === "entries") {
      this.#seen.add(key);
      this.#readEntries();
    } else if (key === "metadata") {
      const metadata = this.#whole(decodeMetadata);
      this.#checkUtf8();
      this.metadata = metadata;
      if (metadata.fields.get("updated_at")?.end !== UPDATED_AT_OFFSET + 16) this.looksOurs = false;
    } else if (key === "context") {
      const context = this.#whole(decodeContext);
      this.#checkUtf8();
      this.context = context;
    } else {
      const range = this.#whole((from): Range => {
        const start = from.position;
        from.skip("ignored");
        return { start, end: from.position };
      });
      this.unknown.push({ key, ...range });
    }
    this.#seen.add(key);
    while (this.#window.bytes.length - scanner.position < LOOK_AHEAD_BYTES && this.#slide());
  }

  #readEntries(): void {
    const scanner = this.#scanner;
    const window = this.#window;
    if (!standsAt(window.bytes, scanner.position + 1 - ENTRIES_OPENING.length, ENTRIES_OPENING))
      this.looksOurs = false;
    if (!this.metadata || !this.#seen.has("context")) this.looksOurs = false;
    this.entriesStart = scanner.position + 1;
    const header = window.bytes.subarray(0, this.entriesStart);
    this.header = window.atEnd ? header : Buffer.from(header);
    this.lastEnd = this.entriesStart;
    scanner.array((index) => {
      const entry = this.#whole(this.#readEntry);
      this.#checkUtf8();
      if (this.looksOurs) this.looksOurs = this.#isLaidOut(entry, index === 0 ? FIRST_SEPARATOR : SEPARATOR);
      this.lastEnd = window.base + entry.end;
      this.#lastIsMore = entry.more;
      this.#onEntry(entry);
      // The comma or the bracket that follows has to be there.
      while (Number.isNaN(scanner.peek()) && this.#slide());
    });
  }

  /** It follows the one before as in our layout, and its lines begin and end so: by that damaged entries are told apart. */
  #isLaidOut({ start, end }: Range, separator: string): boolean {
    const { bytes, base } = this.#window;
    const before = this.lastEnd - base;
    return (
      start === before + separator.length &&
      standsAt(bytes, before, separator) &&
      standsAt(bytes, start - FIRST_SEPARATOR.length, ENTRY_BEGINNING) &&
      standsAt(bytes, end - ENTRY_ENDING.length, ENTRY_ENDING)
    );
  }

  /** Reads a value that may reach beyond the window: then the window slides until the value is in it. */
  #whole<T>(read: (scanner: JsonScanner) => T): T {
    const scanner = this.#scanner;
    const window = this.#window;
    while (Number.isNaN(scanner.peek()) && this.#slide());
    for (;;) {
      const before = window.base + scanner.position;
      try {
        const value = read(scanner);
        // A number at the very end may go on.
        if (scanner.position < window.bytes.length || window.atEnd) return value;
      } catch (error) {
        const cut = error instanceof Damage && error.offset > window.bytes.length - LONGEST_TOKEN_BYTES;
        if (!cut || window.atEnd) throw error;
      }
      scanner.position = before - window.base;
      this.#slide();
    }
  }

  /** Keeps what is not done with: everything before the first entry, and what follows the last one that was told of. */
  #slide(): boolean {
    const window = this.#window;
    if (window.atEnd) return false;
    const scanner = this.#scanner;
    const kept = this.#seen.has("entries") ? this.lastEnd - window.base : 0;
    if (kept > 0) this.#onSlide();
    const slid = window.slide(kept);
    scanner.bytes = window.bytes;
    scanner.position -= kept;
    this.#findUtf8End();
    return slid;
  }

  #findUtf8End(): void {
    const { bytes, atEnd } = this.#window;
    const end = atEnd ? bytes.length : lastCharacterEnd(bytes);
    this.#utf8End = isUtf8(bytes.subarray(0, end)) ? Number.POSITIVE_INFINITY : invalidUtf8Offset(bytes);
  }

  #checkUtf8(): void {
    if (this.#scanner.position > this.#utf8End) throw new Damage("not UTF-8", this.#utf8End);
  }
}

/** Without the first bytes of a character whose last ones are not there. */
function lastCharacterEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && end > bytes.length - 3 && ((bytes[end - 1] as number) & 0xc0) === 0x80) end--;
  return end > 0 && (bytes[end - 1] as number) >= 0xc0 ? end - 1 : end;
}

/** Decoding puts U+FFFD in the place of what is not UTF-8: the first difference is the place. */
function invalidUtf8Offset(bytes: Buffer): number {
  const decoded = Buffer.from(bytes.toString("utf8"));
  let at = 0;
  while (at < bytes.length && bytes[at] === decoded[at]) at++;
  return at;
}
