import {
  type EntryType,
  type JsonObject,
  type JsonValue,
  MAX_ENTRY_BYTES,
  type SessionEntry,
  type Timestamp,
} from "@thulp-sessions/core";
import { decodeUtf8, type LineValue, lineBytes, readLine } from "../lines/line-value.ts";
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

  /** Of the records that say when they were written; `undefined` before the first of them. */
  get times(): { readonly first: Timestamp | undefined; readonly last: Timestamp | undefined } {
    return { first: this.#firstTime, last: this.#lastTime };
  }

  /** @param bytes a line without its end. @param otherEnd its end is not that of the file's first line. */
  line(bytes: Buffer, otherEnd: boolean): ReadLine {
    const value = readLine(bytes);
    const hash = sha256(bytes) + (otherEnd ? "+" : "");
    if (value.type === "record") return this.#record(value, bytes, hash, otherEnd);
    const k = this.#count("", hash);
    const eventName = value.type === "blank" ? "import:blank" : "import:raw";
    const { type: _, ...kept } = value;
    const entry = this.#entry(event(eventName), {}, kept, [hash, k], otherEnd);
    const entries = this.#fits(entry, bytes) ? [entry] : [...this.#inPieces(bytes, otherEnd)];
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
    return this.#entry(event("import:chunk"), more, kept, [`piece ${number} ${last}`, hashes, k], otherEnd);
  }

  /** The file ended within a line of which pieces were read. */
  endPieces(): void {
    this.#pieces = { number: 0, hashes: "" };
  }

  *#inPieces(bytes: Buffer, otherEnd: boolean): Generator<SessionEntry, void, undefined> {
    let rest = bytes.length;
    for (const piece of piecesOf(bytes)) {
      rest -= piece.length;
      yield this.piece(Buffer.from(piece), rest === 0, otherEnd && rest === 0);
    }
  }

  #record(value: LineValue & { type: "record" }, bytes: Buffer, hash: string, otherEnd: boolean): ReadLine {
    const classified = this.#parser.classify(value.record);
    const { recordId = "", entryType, parts = [], kind, known } = classified;
    const time = this.#take(classified);
    const k = this.#count(recordId, hash);
    const { type: _, ...kept } = value;
    const entry = this.#entry(entryType, sourceOf(classified), kept, [recordId, hash, k], otherEnd, time);
    const found = { recordKind: kind, known, recordId, salvaged: 0 };
    if (!this.#fits(entry, bytes)) {
      // Perhaps only its text beside the record is too much.
      const whole =
        value.raw === undefined
          ? entry
          : this.#entry(event("import:raw"), {}, { text: value.raw }, [hash, k], otherEnd);
      const entries = this.#fits(whole, bytes) ? [whole] : [...this.#inPieces(bytes, otherEnd)];
      return { ...found, entries, kind: "raw" };
    }
    const others = parts.map((part, i) =>
      this.#entry(
        part,
        { recordId, part: i + 1, of: entry.id, ...outcomeOf(classified) },
        {},
        [recordId, hash, k, `part ${i + 1}`],
        false,
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
      return this.#entry(entryType, source, { record }, [recordId, hash, k, "salvaged"], false, time);
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
    otherEnd: boolean,
    time?: Timestamp,
  ): SessionEntry {
    const source: Record<string, JsonValue> = { agent: this.#agent, session: this.#session };
    const { outcome, ...rest } = more;
    Object.assign(source, rest);
    if (time === undefined) source["timeFrom"] = "neighbour";
    if (otherEnd) source["otherEnd"] = true;
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
  if (source["part"] !== undefined || source["salvaged"] === true) return null;
  return lineBytes(kept as Parameters<typeof lineBytes>[0]);
}

function sourceOf({ recordId, unstated }: Classified): JsonObject {
  return { ...(recordId ? { recordId } : {}), ...outcomeOf({ unstated }) };
}

function outcomeOf({ unstated }: Pick<Classified, "unstated">): JsonObject {
  return unstated ? { outcome: "unstated" } : {};
}

function event(name: string): EntryType {
  return { type: "system_event", event: name };
}
