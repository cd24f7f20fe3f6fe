import { isUtf8 } from "node:buffer";
import { SESSION_FIELDS } from "../file-text/fields.ts";
import {
  CLOSING,
  ENTRIES_OPENING,
  ENTRY_BEGINNING,
  ENTRY_ENDING,
  FIRST_ENTRIES_OPENING,
  FIRST_SEPARATOR,
  type FixedHeader,
  SEPARATOR,
} from "../file-text/layout.ts";
import type { ByteWindow } from "./byte-window.ts";
import {
  endsWith,
  FIXED_HEADER_END,
  hasFirstLayout,
  type LostHeader,
  patchLostHeader,
  readFixedHeader,
  standsAt,
  UPDATED_AT_END,
} from "./canonical-layout.ts";
import {
  type DecodedContext,
  type DecodedMetadata,
  decodeContext,
  decodeMetadata,
  type EntrySpan,
} from "./serde/codec.ts";
import { FormatError } from "./serde/format-error.ts";
import { JsonScanner } from "./serde/json-scanner.ts";
import { OPEN_ARRAY } from "./serde/json-tokens.ts";
import type { Range, RawField } from "./serde/serde.ts";

/** Behind a member of the session, so much of what follows is in memory, if there is so much. */
const LOOK_AHEAD_BYTES = 4096;

/**
 * What is cut off by the end of the window shows within so many bytes before it: a surrogate pair is the
 * longest.
 */
const LONGEST_TOKEN_BYTES = 16;

interface Visitor<E extends EntrySpan> {
  readonly readEntry: (scanner: JsonScanner) => E;
  /** The places of the entry are those within the window. */
  readonly onEntry: (entry: E) => void;
  /** Called before the window slides away from entries that were visited. */
  readonly onSlide?: () => void;
}

/**
 * Walks over a session file from front to back, entry by entry. All that stands before the first entry stays
 * in memory; from there on the window slides, and so does what stands behind the last entry until the end.
 */
export class FileWalker<E extends EntrySpan> {
  metadata: DecodedMetadata | undefined;
  context: DecodedContext = { value: {}, fields: new Map(), inexact: false };
  readonly unknown: RawField[] = [];
  /** `null` where the file does not begin as only ours do. */
  readonly fixed: FixedHeader | null;
  readonly lost: LostHeader;
  /** What stands before the entries, the opening bracket included. */
  header: Buffer = Buffer.alloc(0);
  entriesStart = 0;
  /** In bytes from the start of the file, behind the last entry. */
  lastEnd = 0;
  /** So far everything stands as we write it: then a torn tail can be told from damage. */
  looksCanonical: boolean;
  readonly #window: ByteWindow;
  readonly #visitor: Visitor<E>;
  readonly #scanner: JsonScanner;
  readonly #seen = new Set<string>();
  /** Where in the window the bytes stop being UTF-8. */
  #utf8End = Number.POSITIVE_INFINITY;
  #lastIsMore = false;

  constructor(window: ByteWindow, visitor: Visitor<E>) {
    while (window.bytes.length < FIXED_HEADER_END && window.slide(0));
    this.#window = window;
    this.#visitor = visitor;
    this.#scanner = new JsonScanner(window.bytes);
    this.lost = patchLostHeader(window.bytes);
    this.fixed = readFixedHeader(window.bytes);
    this.looksCanonical = this.fixed !== null || hasFirstLayout(window.bytes);
    this.#findUtf8End();
  }

  /** Gives the damage that ended the walk, if any did, with its place in the file. */
  run(): FormatError | null {
    try {
      this.#readSession();
      return null;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return new FormatError(error.message, error.offset + this.#window.base, error.code);
    }
  }

  /** After a walk without damage: what stands behind the last entry. */
  get tail(): Buffer {
    return this.#window.bytes.subarray(this.lastEnd - this.#window.base);
  }

  /** After a walk without damage: does everything stand as we write it? */
  isCanonical(): boolean {
    const { bytes, base } = this.#window;
    return (
      this.looksCanonical &&
      this.lastEnd >= (this.fixed?.entriesEnd ?? 0) &&
      endsWith(bytes, this.lastEnd - base, CLOSING) &&
      !this.#lastIsMore
    );
  }

  #readSession(): void {
    const scanner = this.#scanner;
    if (scanner.peek() === OPEN_ARRAY) {
      scanner.array((index) => {
        const field = SESSION_FIELDS[index];
        if (field === undefined) throw new FormatError("session: more values than fields", scanner.position);
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
      if (!this.#seen.has(field)) scanner.fail(`session: field "${field}" is missing`, -this.#window.base);
    }
  }

  #readField(key: string, keyOffset: number): void {
    const scanner = this.#scanner;
    const known = (SESSION_FIELDS as readonly string[]).includes(key);
    if (known && this.#seen.has(key)) scanner.fail(`session: duplicate field "${key}"`, keyOffset);
    if (this.#seen.has("entries")) this.looksCanonical = false;
    if (key === "entries") {
      this.#seen.add(key);
      this.#readEntries();
    } else if (key === "metadata") {
      const metadata = this.#whole(decodeMetadata);
      this.#checkUtf8();
      this.metadata = metadata;
      if (metadata.fields.get("updated_at")?.end !== UPDATED_AT_END) this.looksCanonical = false;
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
    const opening = this.fixed ? ENTRIES_OPENING : FIRST_ENTRIES_OPENING;
    if (!standsAt(window.bytes, scanner.position + 1 - opening.length, opening)) this.looksCanonical = false;
    if (!this.metadata || !this.#seen.has("context")) this.looksCanonical = false;
    this.entriesStart = scanner.position + 1;
    const header = window.bytes.subarray(0, this.entriesStart);
    this.header = window.atEnd ? header : Buffer.from(header);
    this.lastEnd = this.entriesStart;
    scanner.array((index) => {
      const entry = this.#whole(this.#visitor.readEntry);
      this.#checkUtf8();
      if (this.looksCanonical) this.looksCanonical = this.#isInPlace(entry, index === 0);
      this.lastEnd = window.base + entry.end;
      this.#lastIsMore = entry.more;
      this.#visitor.onEntry(entry);
      // The comma or the bracket that follows has to be there.
      while (Number.isNaN(scanner.peek()) && this.#slide());
    });
  }

  /**
   * Does it follow the one before as in our layout, and do its lines begin and end so? By that an interrupted
   * write is told from damage. What a whole new file had brought may be laid out otherwise; but an entry ends
   * where that ended.
   */
  #isInPlace({ start, end }: Range, isFirst: boolean): boolean {
    const { bytes, base } = this.#window;
    const before = this.lastEnd - base;
    const entriesEnd = (this.fixed?.entriesEnd ?? 0) - base;
    if (before < entriesEnd) return end <= entriesEnd;
    const separator = isFirst ? FIRST_SEPARATOR : SEPARATOR;
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
        const cut = error instanceof FormatError && error.offset > window.bytes.length - LONGEST_TOKEN_BYTES;
        if (!cut || window.atEnd) throw error;
      }
      scanner.position = before - window.base;
      this.#slide();
    }
  }

  /**
   * Keeps what is not done with: everything before the first entry, and what follows the last one that was
   * visited.
   */
  #slide(): boolean {
    const window = this.#window;
    if (window.atEnd) return false;
    const scanner = this.#scanner;
    const kept = this.#seen.has("entries") ? this.lastEnd - window.base : 0;
    if (kept > 0) this.#visitor.onSlide?.();
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
    if (this.#scanner.position > this.#utf8End) throw new FormatError("not UTF-8", this.#utf8End);
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
