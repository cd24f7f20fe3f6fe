import { setImmediate } from "node:timers/promises";
import type {
  JsonObject,
  JsonValue,
  Session,
  SessionEntry,
  SessionId,
  SessionMetadata,
} from "@thulp-sessions/core";
import { deepFreeze, firstEpoch, jsonEqual } from "@thulp-sessions/core/store";
import { readRange, SequentialWriter } from "../disk/copy-range.ts";
import { sameStamp } from "../disk/file-stamp.ts";
import { changedMeanwhile } from "../disk/io-error.ts";
import { bytesOf, type ReadableFile, withReadableFile } from "../disk/read-file.ts";
import type { Fill } from "../disk/write-file.ts";
import { encodeEntry } from "../file-text/entry-text.ts";
import { epochNumber } from "../file-text/epoch-number.ts";
import { CLOSING, FIRST_SEPARATOR, type FixedHeader, SEPARATOR } from "../file-text/layout.ts";
import {
  FIXED_HEADER_END,
  NO_EPOCH,
  readFixedHeader,
  UPDATED_AT_OFFSET,
} from "../format/canonical-layout.ts";
import { type AppendText, encodeEntries } from "../format/encode-entry.ts";
import { decodeEnvelope, type Envelope, encodeHeader, type Header } from "../format/encode-header.ts";
import { type DecodedEntry, decodeEntry, parseRange } from "../format/serde/codec.ts";
import { JsonScanner } from "../format/serde/json-scanner.ts";
import type { Range } from "../format/serde/serde.ts";
import { hashCanonicalHeader, type SessionState } from "./session-state.ts";

// A whole new file, written piece by piece: what does not change is copied as bytes, a stretch at a time, so
// that a new status of a session of 500 MB takes no more memory than that of a small one.

/** What a session file shall hold. */
export interface Rewrite {
  readonly metadata: SessionMetadata;
  readonly context: JsonObject;
  readonly epoch: string;
  /** How many of the entries stay, from the first. */
  readonly keep: number;
  /** What follows them. */
  readonly add: readonly SessionEntry[];
}

/** A file that is ready to be written. */
export interface PreparedFile {
  readonly fill: Fill;
  readonly header: Header;
  /** The entries that are added, and where they will stand in the file. */
  readonly added: AppendText;
  readonly addedAt: number;
  /** The bytes of the entries that are kept stay exactly as they are. */
  readonly keepsBytes: boolean;
}

/** A file that holds a new session. */
export function prepareNew(path: string, { metadata, context, entries }: Session): PreparedFile {
  const header = encodeHeader({ metadata, context, epoch: firstEpoch(epochNumber()) });
  const added = copyOf(encodeEntries(entries, true));
  const addedAt = header.bytes.length;
  header.setEntriesEnd(addedAt + added.bytes.length);
  const fill: Fill = (descriptor) => {
    const writer = new SequentialWriter(path, descriptor);
    writer.write(header.bytes);
    if (added.bytes.length > 0) writer.write(added.bytes);
    writer.write(Buffer.from(CLOSING));
  };
  return { fill, header, added, addedAt, keepsBytes: true };
}

/** The file of a state with other metadata, another context, fewer entries or more. */
export function prepareRewrite(path: string, state: SessionState, change: Rewrite): PreparedFile {
  const header = encodeHeader(change, readEnvelope(path, state));
  const pieces = keptPieces(path, state, change.keep);
  const addedAt = pieces.reduce((sum, { start, end }) => sum + end - start, header.bytes.length);
  const added = copyOf(encodeEntries(change.add, change.keep === 0));
  header.setEntriesEnd(addedAt + added.bytes.length);
  const fill: Fill = async (descriptor) => {
    const writer = new SequentialWriter(path, descriptor);
    writer.write(header.bytes);
    for (const piece of pieces) {
      if ("bytes" in piece) writer.write(piece.bytes);
      else if (!(await copyPiece(path, state, piece, writer))) throw changedMeanwhile(path);
    }
    if (added.bytes.length > 0) writer.write(added.bytes);
    writer.write(Buffer.from(CLOSING));
  };
  return { fill, header, added, addedAt, keepsBytes: pieces.length <= 1 };
}

/** The file of a state with all entries given; those that are there already keep their bytes. */
export function prepareReplacement(
  path: string,
  state: SessionState,
  { metadata, context, entries }: Session,
): Fill {
  const epoch = firstEpoch(epochNumber());
  const header = encodeHeader({ metadata, context, epoch }, readEnvelope(path, state));
  return async (descriptor) => {
    const writer = new SequentialWriter(path, descriptor);
    writer.write(header.bytes);
    const stored = new StoredEntries(path, state);
    for (let first = 0; first < entries.length; first += ENTRIES_AT_ONCE) {
      const some = entries.slice(first, first + ENTRIES_AT_ONCE);
      for (const [i, bytes] of stored.bytesOf(some).entries()) {
        writer.write(Buffer.from(first + i === 0 ? FIRST_SEPARATOR : SEPARATOR));
        writer.write(bytes);
      }
      await setImmediate();
    }
    header.setEntriesEnd(writer.position);
    writer.write(Buffer.from(CLOSING));
    writer.position = UPDATED_AT_OFFSET;
    writer.write(header.bytes.subarray(UPDATED_AT_OFFSET, FIXED_HEADER_END));
  };
}

type StateOfHeader = Pick<
  SessionState,
  "metadata" | "context" | "contextInexact" | "fixed" | "epoch" | "entriesStart" | "headerHash"
>;

/** What follows from a header of ours, as a reader of the file finds it. */
export function stateOfHeader(id: SessionId, { bytes }: Header): StateOfHeader {
  const { metadata, context } = decodeEnvelope(bytes);
  const fixed = readFixedHeader(bytes) as FixedHeader;
  return {
    metadata: deepFreeze({ ...metadata.value, id }),
    context: deepFreeze(context.value),
    contextInexact: context.inexact,
    fixed,
    epoch: fixed.epoch ?? NO_EPOCH,
    entriesStart: bytes.length,
    headerHash: hashCanonicalHeader(bytes, fixed),
  };
}

/** A replacement is written so many entries at a time before others have their turn. */
const ENTRIES_AT_ONCE = 256;

/** The encoder's buffer is used again by the next append of any session. */
function copyOf({ bytes, ranges }: AppendText): AppendText {
  return { bytes: Buffer.from(bytes), ranges };
}

function readEnvelope(path: string, state: SessionState): Envelope {
  const { entriesStart, index, fixed, tail } = state;
  return fromFile(path, state, (file) => {
    const before = bytesOf(path, file, 0, entriesStart);
    const isClosing = fixed !== null || tail !== null;
    const after = isClosing ? undefined : bytesOf(path, file, entriesStart + index.end, file.size);
    return decodeEnvelope(before, after);
  });
}

/** @throws {SessionError} busy when the file is no longer the one of the state. */
function fromFile<T>(path: string, state: SessionState, use: (file: ReadableFile) => T): T {
  const result = withReadableFile(path, (file) =>
    sameStamp(file.info, state.info) ? { value: use(file) } : undefined,
  );
  if (!result) throw changedMeanwhile(path);
  return result.value;
}

/** A stretch of the old file, or other bytes in the place of one. */
type Piece = Range | (Range & { readonly bytes: Buffer });

/**
 * No batch may go on behind the last entry that is kept: an interrupted write after it would take it along.
 */
function keptPieces(path: string, state: SessionState, keep: number): Piece[] {
  if (keep === 0) return [];
  const { index, entriesStart } = state;
  const kept = { start: entriesStart, end: entriesStart + index.endOf(keep - 1) };
  const lastStart = entriesStart + index.startOf(keep - 1);
  const bytes = fromFile(path, state, (file) => bytesOf(path, file, lastStart, kept.end));
  const { more, moreAt } = decodeEntry(new JsonScanner(bytes));
  if (!more) return [kept];
  const at = lastStart + moreAt;
  const no = Buffer.from("false");
  return [
    { start: kept.start, end: at },
    { start: 0, end: no.length, bytes: no },
    { start: at + "true".length, end: kept.end },
  ];
}

function copyPiece(
  path: string,
  state: SessionState,
  piece: Range,
  writer: SequentialWriter,
): Promise<boolean> {
  return readRange(
    path,
    piece,
    (file) => sameStamp(file.info, state.info),
    (bytes) => writer.write(bytes),
  );
}

/** The entries that stand in a file, each given out once. */
class StoredEntries {
  readonly #path: string;
  readonly #state: SessionState;
  readonly #used = new Set<number>();

  constructor(path: string, state: SessionState) {
    this.#path = path;
    this.#state = state;
  }

  /** Of each entry the bytes in which it stands there, or in which we write it. */
  bytesOf(entries: readonly SessionEntry[]): Buffer[] {
    return fromFile(this.#path, this.#state, (file) =>
      entries.map((entry) => this.#find(file, entry) ?? Buffer.from(encodeEntry(entry))),
    );
  }

  #find(file: ReadableFile, entry: SessionEntry): Buffer | undefined {
    const { index, entriesStart } = this.#state;
    for (const seq of index.find(entry.id)) {
      if (this.#used.has(seq)) continue;
      const start = entriesStart + index.startOf(seq);
      const bytes = bytesOf(this.#path, file, start, entriesStart + index.endOf(seq));
      const stored = decodeEntry(new JsonScanner(bytes));
      if (!isSame(bytes, stored, entry)) continue;
      this.#used.add(seq);
      return stored.more ? withoutMore(bytes, stored) : bytes;
    }
    return undefined;
  }
}

function isSame(bytes: Buffer, stored: DecodedEntry, entry: SessionEntry): boolean {
  return (
    stored.timestamp === entry.timestamp &&
    jsonEqual(stored.entryType as JsonValue, entry.entryType as JsonValue) &&
    jsonEqual(parseRange(bytes, stored.content), entry.content)
  );
}

/** Written as a whole: where a batch ended before does not matter any more. */
export function withoutMore(bytes: Buffer, { moreAt }: DecodedEntry): Buffer {
  return Buffer.concat([
    bytes.subarray(0, moreAt),
    Buffer.from("false"),
    bytes.subarray(moreAt + "true".length),
  ]);
}
