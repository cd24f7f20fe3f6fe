import { isUtf8 } from "node:buffer";
import {
  type DecodedContext,
  type DecodedEntry,
  type DecodedMetadata,
  decodeContext,
  decodeEntry,
  decodeMetadata,
  type Range,
  type RawField,
  SESSION_FIELDS,
} from "./codec.ts";
import { Damage } from "./damage.ts";
import { JsonScanner, OPEN_ARRAY } from "./json-scanner.ts";
import {
  CLOSING,
  ENTRIES_OPENING,
  ENTRY_BEGINNING,
  ENTRY_ENDING,
  FIRST_SEPARATOR,
  hasOurBeginning,
  SEPARATOR,
  UPDATED_AT_OFFSET,
} from "./layout.ts";

/** What stands where in the bytes of a session file. */
export interface SessionScan {
  readonly metadata: DecodedMetadata;
  readonly context: DecodedContext;
  /** Unknown members of the session itself. */
  readonly unknown: readonly RawField[];
  /** The entries that count: all before the damage, or all of whole batches before a torn tail. */
  readonly entries: readonly DecodedEntry[];
  /** Behind the `[` of the entries. */
  readonly entriesStart: number;
  /** Byte for byte as we write it, but for a torn tail: then an append can write in place. */
  readonly ours: boolean;
  /** What a crash left behind the last whole batch. */
  readonly torn: Range | null;
  /** The first place that is not right, unless it is a torn tail. */
  readonly damage: Damage | null;
}

/** Reads a whole file. Throws {@link Damage} when not even the metadata can be read. */
export function scanSession(bytes: Buffer): SessionScan {
  const walk = new SessionWalk(bytes);
  const damage = walk.run();
  if (!walk.metadata) throw damage ?? new Damage('session: field "metadata" is missing', 0);
  const entriesStart = walk.entriesStart;
  const common = {
    metadata: walk.metadata,
    context: walk.context,
    unknown: walk.unknown,
    entriesStart,
  };
  if (!damage) {
    const ours = walk.looksOurs && endsWith(bytes, walk.lastEnd, CLOSING) && !walk.entries.at(-1)?.more;
    return { ...common, entries: walk.entries, ours, torn: null, damage: null };
  }
  if (!walk.looksOurs || entriesStart === 0)
    return { ...common, entries: walk.entries, ours: false, torn: null, damage };
  const whole = walk.entries.slice(0, walk.entries.findLastIndex(({ more }) => !more) + 1);
  const from = whole.at(-1)?.end ?? entriesStart;
  if (!isTornTail(bytes, from)) return { ...common, entries: walk.entries, ours: false, torn: null, damage };
  return { ...common, entries: whole, ours: true, torn: { start: from, end: bytes.length }, damage: null };
}

/**
 * The entries that an append has put behind the others, from its separator at `start` to the closing; `null` when
 * something else stands there.
 */
export function scanTail(bytes: Buffer, start: number): DecodedEntry[] | null {
  const scanner = new JsonScanner(bytes, start);
  const entries: DecodedEntry[] = [];
  if (!isUtf8(bytes.subarray(start))) return null;
  try {
    while (!endsWith(bytes, scanner.position, CLOSING)) {
      if (!standsAt(bytes, scanner.position, SEPARATOR)) return null;
      scanner.position += SEPARATOR.length;
      entries.push(decodeEntry(scanner));
    }
    return entries;
  } catch (error) {
    if (error instanceof Damage) return null;
    throw error;
  }
}

class SessionWalk {
  metadata: DecodedMetadata | undefined;
  context: DecodedContext = { value: {}, fields: new Map(), inexact: false };
  readonly unknown: RawField[] = [];
  readonly entries: DecodedEntry[] = [];
  entriesStart = 0;
  /** Behind the last entry. */
  lastEnd = 0;
  looksOurs: boolean;
  readonly #scanner: JsonScanner;
  readonly #seen = new Set<string>();
  /** Where the bytes stop being UTF-8. */
  readonly #utf8End: number;

  constructor(bytes: Buffer) {
    this.#scanner = new JsonScanner(bytes);
    this.looksOurs = hasOurBeginning(bytes);
    this.#utf8End = isUtf8(bytes) ? bytes.length : invalidUtf8Offset(bytes);
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
    const start = scanner.position;
    if (key === "metadata") {
      const metadata = decodeMetadata(scanner);
      this.#checkUtf8();
      this.metadata = metadata;
      if (metadata.fields.get("updated_at")?.end !== UPDATED_AT_OFFSET + 16) this.looksOurs = false;
    } else if (key === "context") {
      const context = decodeContext(scanner);
      this.#checkUtf8();
      this.context = context;
    } else if (key === "entries") {
      this.#seen.add(key);
      this.#readEntries();
      return;
    } else {
      scanner.skip("ignored");
      this.unknown.push({ key, start, end: scanner.position });
    }
    this.#seen.add(key);
  }

  #readEntries(): void {
    const scanner = this.#scanner;
    const { bytes } = scanner;
    if (!standsAt(bytes, scanner.position + 1 - ENTRIES_OPENING.length, ENTRIES_OPENING))
      this.looksOurs = false;
    if (!this.metadata || !this.#seen.has("context")) this.looksOurs = false;
    this.entriesStart = scanner.position + 1;
    this.lastEnd = this.entriesStart;
    scanner.array((index) => {
      const entry = decodeEntry(scanner);
      this.#checkUtf8();
      const separator = index === 0 ? FIRST_SEPARATOR : SEPARATOR;
      const inPlace =
        standsAt(bytes, this.lastEnd, separator) && entry.start === this.lastEnd + separator.length;
      if (!inPlace || !isLaidOut(bytes, entry)) this.looksOurs = false;
      this.entries.push(entry);
      this.lastEnd = entry.end;
    });
  }

  #checkUtf8(): void {
    if (this.#scanner.position > this.#utf8End) throw new Damage("not UTF-8", this.#utf8End);
  }
}

/** Its lines begin and end as in our layout: in a damaged file that is how entries are told from each other. */
function isLaidOut(bytes: Buffer, { start, end }: Range): boolean {
  return (
    standsAt(bytes, start - 5, ENTRY_BEGINNING) && standsAt(bytes, end - ENTRY_ENDING.length, ENTRY_ENDING)
  );
}

/**
 * Can what follows the last whole batch be what one interrupted write has left? It can hold entries of that write, but
 * only one of them can end it. Where two do, an acknowledged write has been damaged.
 */
function isTornTail(bytes: Buffer, from: number): boolean {
  let ends = 0;
  let at = bytes.indexOf(ENTRY_BEGINNING, from);
  while (at >= 0) {
    const next = bytes.indexOf(ENTRY_BEGINNING, at + 1);
    if (endsWrite(bytes, at + FIRST_SEPARATOR.length, next < 0 ? bytes.length : next) && ++ends > 1)
      return false;
    at = next;
  }
  return true;
}

/** Does a write end with the entry that begins at `start`? Of one that cannot be read its last line tells, if it is whole. */
function endsWrite(bytes: Buffer, start: number, next: number): boolean {
  try {
    const { more, grouped } = decodeEntry(new JsonScanner(bytes, start));
    return !more && !grouped;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
  }
  const text = bytes.toString("latin1", Math.max(start, next - 64), next);
  return (
    /\n {4}\}(,|\n {2}\]\n\})?$/.test(text) && !/"(more|grouped)": true\n {4}\}(,|\n {2}\]\n\})?$/.test(text)
  );
}

function standsAt(bytes: Buffer, at: number, text: string): boolean {
  return bytes.toString("latin1", at, at + text.length) === text;
}

function endsWith(bytes: Buffer, at: number, text: string): boolean {
  return at + text.length === bytes.length && standsAt(bytes, at, text);
}

/** Decoding puts U+FFFD in the place of what is not UTF-8: the first difference is the place. */
function invalidUtf8Offset(bytes: Buffer): number {
  const decoded = Buffer.from(bytes.toString("utf8"));
  let at = 0;
  while (at < bytes.length && bytes[at] === decoded[at]) at++;
  return at;
}
