// Longer than most files: whatever a line can be becomes entries here, over the same counters and times.
import {
  type EntryType,
  type JsonObject,
  type JsonValue,
  MAX_ENTRY_BYTES,
  type SessionEntry,
  type Timestamp,
} from "@thulp-sessions/core";
import { decodeUtf8, type LineValue, lineBytes, readIndented, readLine } from "../lines/line-value.ts";
import { piecesOf } from "../lines/pieces.ts";
import { recordsWithin } from "../lines/salvage.ts";
import type { Classified, RecordParser } from "./agent-reader.ts";
import { derivedEntryId, sha256 } from "./derived-ids.ts";

/** What has become of a line. */
export interface ReadLine {
  /** The entries of the line: the line itself or its pieces, then what is only a view of it. */
  readonly entries: readonly SessionEntry[];
  readonly kind: "record" | "raw" | "blank";
  /** The type of its record, as the agent names it. */
  readonly recordKind?: string;
  readonly known?: boolean;
  readonly recordId?: string;
  readonly salvaged: number;
}

/** Below this an entry certainly fits: each byte of its line stands in it twice, as six bytes at most. */
const SURELY_FITTING_BYTES = 1024 * 1024;
const ENVELOPE_BYTES = 4096;
/** More of them are not held until there is a time. */
const MAX_UNTIMED = 1000;
/** So many digits of a hash tell two records of one session apart; all of them stand in the entry's id. */
const COUNTED_DIGITS = 24;

/** Where the bytes of an entry differ from the others of its file. */
type Apart = {
  /** Its line has another end than that of the first line. */
  readonly otherEnd?: true;
  /** What stands before a record of a list, if it is not what stands before the second one. */
  readonly before?: string;
};

const AS_OTHERS: Apart = {};
const OTHER_END: Apart = { otherEnd: true };

/**
 * Turns the lines of one file into entries. What an entry is depends on the file up to its line alone, so
 * that a file that has grown gives the same entries again, and then new ones.
 */
export class TranscriptEntries {
  readonly #agent: string;
  readonly #session: string;
  readonly #parser: RecordParser;
  /** The same record may stand in a file several times. */
  readonly #seen = new Map<string, number>();
  #time: Timestamp;
  /** Entries before the first record that says when it was written: they get its time. */
  #untimed: { timestamp: Timestamp }[] = [];
  #firstTime: Timestamp | undefined;
  #lastTime: Timestamp | undefined;
  /** Of the line that is read in pieces. */
  #pieces = { number: 0, hashes: "" };

  /** @param before the time of records that come before the first one that says when it was written. */
  constructor(agent: string, session: string, parser: RecordParser, before: Timestamp) {
    this.#agent = agent;
    this.#session = session;
    this.#parser = parser;
    this.#time = before;
  }

  /** How many lines and pieces were read that are not equal. */
  get records(): number {
    return this.#seen.size;
  }

  /**
   * What follows is read later than what was read so far, of which the entries are stored.
   *
   * @param before as of the constructor.
   */
  resume(before: Timestamp): void {
    this.#untimed = [];
    if (this.#firstTime === undefined) this.#time = before;
  }

  /** Of the records that say when they were written; `undefined` before the first of them. */
  get times(): { readonly first: Timestamp | undefined; readonly last: Timestamp | undefined } {
    return { first: this.#firstTime, last: this.#lastTime };
  }

  /** @param bytes a line without its end. @param otherEnd its end is not that of the file's first line. */
  line(bytes: Buffer, otherEnd: boolean): ReadLine {
    return this.#read(readLine(bytes), bytes, otherEnd ? OTHER_END : AS_OTHERS);
  }

  /**
   * A record of a list.
   *
   * @param before what stands between it and the one before; it is kept only if it is not the `usual` one.
   */
  listed(bytes: Buffer, before: string, usual: string): ReadLine {
    return this.#read(readIndented(bytes), bytes, before === usual ? AS_OTHERS : { before }, before);
  }

  /** What a file says around its list, as a record: only a view, its text is kept elsewhere. */
  head(record: JsonObject): ReadLine {
    const classified = this.#parser.classify(record);
    const { recordId = "", entryType, kind, known } = classified;
    const time = this.#take(classified);
    const hash = sha256(Buffer.from(JSON.stringify(record)));
    const k = this.#count(`head ${recordId}`, hash);
    const source = { ...sourceOf(classified), head: true };
    const entry = this.#entry(entryType, source, { record }, [recordId, hash, k, "head"], AS_OTHERS, time);
    return { entries: [entry], kind: "record", recordKind: kind, known, recordId, salvaged: 0 };
  }

  /**
   * A block of a text for people. It is kept as the text that it is; what it means, its parser says by its
   * kind.
   */
  block(kind: string, bytes: Buffer): ReadLine {
    const text = decodeUtf8(bytes);
    if (text === null || text.trim() === "")
      return this.#read(
        text === null ? { type: "bytes", base64: bytes.toString("base64") } : { type: "blank", text },
        bytes,
        AS_OTHERS,
      );
    const classified = this.#parser.classify({ block: kind, text });
    const { entryType, known } = classified;
    const time = this.#take(classified);
    const hash = sha256(bytes);
    const identity = [hash, this.#count("", hash)];
    const entry = this.#entry(entryType, sourceOf(classified), { text }, identity, AS_OTHERS, time);
    const entries = this.#fits(entry, bytes) ? [entry] : [...this.#inPieces(bytes, AS_OTHERS, "")];
    return { entries, kind: "record", recordKind: classified.kind, known, salvaged: 0 };
  }

  #read(value: LineValue, bytes: Buffer, apart: Apart, before = ""): ReadLine {
    const hash = hashOf(bytes, apart);
    if (value.type === "record") return this.#record(value, bytes, hash, apart, before);
    const k = this.#count("", hash);
    const eventName = value.type === "blank" ? "import:blank" : "import:raw";
    const { type: _, ...kept } = value;
    const entry = this.#entry(event(eventName), {}, kept, [hash, k], apart);
    const entries = this.#fits(entry, bytes) ? [entry] : [...this.#inPieces(bytes, apart, before)];
    const found = value.type === "text" ? this.#salvaged(value.text) : [];
    return {
      entries: [...entries, ...found],
      kind: value.type === "blank" ? "blank" : "raw",
      salvaged: found.length,
    };
  }

  /** A part of a line that is too long to be read as a whole. */
  piece(bytes: Buffer, last: boolean, otherEnd: boolean): SessionEntry {
    const hash = sha256(bytes);
    const number = this.#pieces.number;
    const hashes = sha256(Buffer.from(this.#pieces.hashes + hash));
    this.#pieces = last ? { number: 0, hashes: "" } : { number: number + 1, hashes };
    const k = this.#count(`piece ${number} ${last}`, hashes + (otherEnd ? "+" : ""));
    const text = decodeUtf8(bytes);
    const kept = text === null ? { base64: bytes.toString("base64") } : { text };
    // The hash covers the pieces before, so that a piece belongs to one line only.
    const more = { piece: { number, last, hashes } };
    const apart = otherEnd ? OTHER_END : AS_OTHERS;
    return this.#entry(event("import:chunk"), more, kept, [`piece ${number} ${last}`, hashes, k], apart);
  }

  /** The file ended within a line of which pieces were read. */
  endPieces(): void {
    this.#pieces = { number: 0, hashes: "" };
  }

  *#inPieces(record: Buffer, apart: Apart, before: string): Generator<SessionEntry, void, undefined> {
    const bytes = before === "" ? record : Buffer.concat([Buffer.from(before), record]);
    let rest = bytes.length;
    for (const piece of piecesOf(bytes)) {
      rest -= piece.length;
      yield this.piece(Buffer.from(piece), rest === 0, apart.otherEnd === true && rest === 0);
    }
  }

  #record(
    value: LineValue & { type: "record" },
    bytes: Buffer,
    hash: string,
    apart: Apart,
    before: string,
  ): ReadLine {
    const classified = this.#parser.classify(value.record);
    const { recordId = "", entryType, parts = [], kind, known } = classified;
    const time = this.#take(classified);
    const k = this.#count(recordId, hash);
    const { type: _, ...kept } = value;
    const entry = this.#entry(entryType, sourceOf(classified), kept, [recordId, hash, k], apart, time);
    const found = { recordKind: kind, known, recordId, salvaged: 0 };
    if (!this.#fits(entry, bytes)) {
      // Perhaps only its text beside the record is too much.
      const whole =
        value.raw === undefined
          ? entry
          : this.#entry(event("import:raw"), {}, { text: value.raw }, [hash, k], apart);
      const entries = this.#fits(whole, bytes) ? [whole] : [...this.#inPieces(bytes, apart, before)];
      return { ...found, entries, kind: "raw" };
    }
    const others = parts.map((part, i) =>
      this.#entry(
        part,
        { recordId, part: i + 1, of: entry.id, ...outcomeOf(Boolean(classified.unstated)) },
        {},
        [recordId, hash, k, `part ${i + 1}`],
        AS_OTHERS,
        time,
      ),
    );
    return { ...found, entries: [entry, ...others], kind: "record" };
  }

  /** Whole records within a line that is none: glued to each other, or behind a torn one. */
  #salvaged(text: string): SessionEntry[] {
    return recordsWithin(text).map((record) => {
      const classified = this.#parser.classify(record);
      const { recordId = "", entryType } = classified;
      const time = this.#take(classified);
      const hash = sha256(Buffer.from(JSON.stringify(record)));
      const k = this.#count(`salvaged ${recordId}`, hash);
      const source = { ...sourceOf(classified), salvaged: true };
      return this.#entry(entryType, source, { record }, [recordId, hash, k, "salvaged"], AS_OTHERS, time);
    });
  }

  #take({ time }: Classified): Timestamp | undefined {
    if (time === undefined) return undefined;
    if (this.#firstTime === undefined) {
      for (const entry of this.#untimed) entry.timestamp = time;
      this.#untimed = [];
      this.#firstTime = time;
    }
    this.#lastTime = Math.max(this.#lastTime ?? 0, time);
    this.#time = time;
    return time;
  }

  #count(recordId: string, hash: string): string {
    const key = `${recordId} ${hash.slice(0, COUNTED_DIGITS)}`;
    const before = this.#seen.get(key) ?? 0;
    this.#seen.set(key, before + 1);
    return String(before);
  }

  #entry(
    entryType: EntryType,
    more: JsonObject,
    kept: { readonly [key: string]: JsonValue },
    identity: readonly string[],
    apart: Apart,
    time?: Timestamp,
  ): SessionEntry {
    const source: Record<string, JsonValue> = { agent: this.#agent, session: this.#session };
    const { outcome, ...rest } = more;
    Object.assign(source, rest);
    if (time === undefined) source["timeFrom"] = "neighbour";
    Object.assign(source, apart);
    const entry = {
      id: derivedEntryId(this.#agent, this.#session, ...identity, JSON.stringify(entryType)),
      timestamp: time ?? this.#time,
      entryType,
      content: { source, ...(outcome === undefined ? {} : { outcome }), ...kept },
    };
    if (this.#firstTime === undefined && this.#untimed.length < MAX_UNTIMED) this.#untimed.push(entry);
    return entry;
  }

  #fits(entry: SessionEntry, bytes: Buffer): boolean {
    if (bytes.length <= SURELY_FITTING_BYTES) return true;
    return Buffer.byteLength(JSON.stringify(entry)) + ENVELOPE_BYTES <= MAX_ENTRY_BYTES;
  }
}

/** The bytes of an entry in its file, without the line end; `null` for one that is only a view. */
export function bytesOfEntry(content: JsonValue): Buffer | null {
  const { source, ...kept } = content as {
    readonly source: JsonObject;
    readonly [key: string]: JsonValue;
  };
  const isView = source["part"] !== undefined || source["salvaged"] === true || source["head"] === true;
  if (isView) return null;
  return lineBytes(kept as Parameters<typeof lineBytes>[0]);
}

/** Two records with the same bytes are told apart by what their entries say beside. */
function hashOf(bytes: Buffer, { otherEnd, before }: Apart): string {
  return sha256(bytes) + (otherEnd ? "+" : "") + (before === undefined ? "" : `<${before}`);
}

function sourceOf({ recordId, unstated }: Classified): JsonObject {
  return { ...(recordId ? { recordId } : {}), ...outcomeOf(unstated === true) };
}

function outcomeOf(isUnstated: boolean): JsonObject {
  return isUnstated ? { outcome: "unstated" } : {};
}

function event(name: string): EntryType {
  return { type: "system_event", event: name };
}
