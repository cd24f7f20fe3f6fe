import type { StoredEntry } from "@thulp-sessions/core";
import {
  type EntriesRequest,
  type EntryRows,
  MAX_PAGE_BYTES,
  type Yielder,
} from "@thulp-sessions/core/store";
import { sameFile, sameStamp } from "../disk/file-stamp.ts";
import { type ReadableFile, withReadableFile } from "../disk/read-file.ts";
import { FIXED_HEADER_END, readFixedHeader } from "../format/canonical-layout.ts";
import { decodeEntry, type PlainEntry, plainEntry, textInSteps, textOf } from "../format/serde/codec.ts";
import { JsonScanner } from "../format/serde/json-scanner.ts";
import { damageError, type SessionState, storedEntry } from "./session-state.ts";

/**
 * How much is read and parsed at once: as many entries as fit, one at least. So large that calls do not
 * count, so small that text and buffer stay in the processor's cache and among the young objects.
 */
const CHUNK_BYTES = 64 * 1024;

/** From so many bytes on an entry can be read in one turn of the event loop and parsed in later ones. */
const LONG_ENTRY_BYTES = 1024 * 1024;

const OPEN = "[".charCodeAt(0);
const CLOSE = "]".charCodeAt(0);

/** Thrown when the file is another one than that of the state: the state has to be found out again. */
export class FileReplaced extends Error {}

/** All entries of a state. Throws {@link FileReplaced}. */
export function readAllEntries(path: string, state: SessionState): StoredEntry[] {
  return withEntries(path, state, (reader) => {
    const entries: StoredEntry[] = [];
    for (let seq = 0; seq < state.index.count; ) {
      const chunk = reader.chunk(seq, 1, state.index.count);
      for (const entry of chunk) entries.push(entry);
      seq += chunk.length;
    }
    return entries;
  });
}

/**
 * A page of entries, whose bytes are at most `mostBytes` or those of one entry. Throws {@link FileReplaced}.
 *
 * @throws {SessionError} corrupt, unsupported
 */
export function readPage(
  path: string,
  state: SessionState,
  request: EntriesRequest,
  mostBytes = MAX_PAGE_BYTES,
): EntryRows {
  const { epoch } = state;
  const { after, before, types, direction, limit } = request;
  const { entryCount } = state.counts;
  const from = Math.max(0, after + 1);
  const to = Math.min(entryCount, before);
  // What lies behind the damage is not known: not even whether there is anything.
  const damage = before > entryCount ? state.damage : null;
  if (damage && direction === "desc") throw damageError(path, state.metadata.id, damage);
  const items: StoredEntry[] = [];
  const step = direction === "asc" ? 1 : -1;
  const hasMore = withEntries(path, state, (reader) => {
    let left = to - from;
    let length = 0;
    for (let seq = direction === "asc" ? from : to - 1; left > 0; ) {
      const wanted = types ? left : Math.min(left, limit - items.length);
      if (wanted === 0) return true;
      const chunk = reader.chunk(seq, step, wanted);
      for (const entry of chunk) {
        if (types && !types.includes(entry.entryType.type)) continue;
        length += state.index.endOf(entry.seq) - state.index.startOf(entry.seq);
        if (items.length === limit || (length > mostBytes && items.length > 0)) return true;
        items.push(entry);
      }
      left -= chunk.length;
      seq += step * chunk.length;
    }
    return false;
  });
  if (hasMore) return { items, epoch, hasMore: true };
  if (damage && items.length === 0) throw damageError(path, state.metadata.id, damage);
  return { items, epoch, hasMore: damage !== null };
}

/** An entry that was read. */
export interface UnparsedEntry {
  /** Throws SyntaxError where another program has written other bytes there while they were read. */
  parse(yielder: Yielder): Promise<StoredEntry>;
}

/**
 * An entry where it is a long one, to be parsed when others have had their turn. Throws {@link FileReplaced}.
 */
export function readLongEntry(path: string, state: SessionState, seq: number): UnparsedEntry | undefined {
  const { index, plain, counts } = state;
  if (!plain || seq >= counts.entryCount) return undefined;
  if (index.endOf(seq) - index.startOf(seq) < LONG_ENTRY_BYTES) return undefined;
  const inexact = index.isInexact(seq);
  const bytes = withEntries(path, state, (reader) => reader.bytes(seq, seq));
  return {
    async parse(yielder) {
      await yielder.yieldIfDue();
      const text = await textInSteps(bytes, yielder);
      await yielder.yieldIfDue();
      return parsedEntries(text, seq, () => inexact)[0] as StoredEntry;
    },
  };
}

/** Opens the file of a state for reading entries. Throws {@link FileReplaced}. */
function withEntries<T>(path: string, state: SessionState, use: (reader: EntryReader) => T): T {
  const result = withReadableFile(path, (file) => {
    if (!sameFile(file.info, state.info)) throw new FileReplaced();
    const value = use(new EntryReader(state, file));
    if (!isAppendedTo(file, state)) throw new FileReplaced();
    return { value };
  });
  if (!result) throw new FileReplaced();
  return result.value;
}

/**
 * Is it still the file of the state, or has it been appended to at most? What is appended stands behind what
 * was read, and leaves it as it is; what is cut off and written again does not.
 */
function isAppendedTo(file: ReadableFile, { info, fixed }: SessionState): boolean {
  const now = file.look();
  if (sameStamp(now, info)) return true;
  if (!fixed || now.size < info.size) return false;
  const head = Buffer.allocUnsafe(FIXED_HEADER_END);
  const header = readFixedHeader(head.subarray(0, file.readInto(head, 0)));
  return header?.changedAt === fixed.changedAt && header.entriesEnd === fixed.entriesEnd;
}

/** Reads entries from where a state says they stand, some at a time. */
class EntryReader {
  readonly #file: ReadableFile;
  readonly #state: SessionState;
  #buffer = Buffer.alloc(0);

  constructor(state: SessionState, file: ReadableFile) {
    this.#state = state;
    this.#file = file;
  }

  /**
   * The entry and those that follow it in the direction, as many as are read at once, at least it.
   *
   * @param direction 1 or -1.
   * @param atMost no more than so many.
   */
  chunk(seq: number, direction: 1 | -1, atMost: number): StoredEntry[] {
    const { index } = this.#state;
    let [first, last] = [seq, seq];
    while (last - first + 1 < atMost) {
      const next = direction === 1 ? last + 1 : first - 1;
      if (next < 0 || next >= index.count) break;
      if (index.endOf(Math.max(last, next)) - index.startOf(Math.min(first, next)) > CHUNK_BYTES) break;
      if (direction === 1) last = next;
      else first = next;
    }
    const entries = this.#read(first, last);
    return direction === 1 ? entries : entries.reverse();
  }

  /** From the entry `first` to the end of `last`, within brackets. Valid until the next read. */
  bytes(first: number, last: number): Buffer {
    const { index, entriesStart } = this.#state;
    const start = index.startOf(first);
    const length = index.endOf(last) - start;
    if (this.#buffer.length < length + 2)
      this.#buffer = Buffer.allocUnsafe(Math.max(length, CHUNK_BYTES) + 2);
    const bytes = this.#buffer.subarray(0, length + 2);
    const read = this.#file.readInto(bytes.subarray(1, length + 1), entriesStart + start);
    if (read !== length) throw new FileReplaced();
    bytes[0] = OPEN;
    bytes[length + 1] = CLOSE;
    return bytes;
  }

  #read(first: number, last: number): StoredEntry[] {
    const { index, plain } = this.#state;
    const bytes = this.bytes(first, last);
    if (!plain) {
      const base = index.startOf(first) - 1;
      return Array.from({ length: last - first + 1 }, (_, i) => {
        const scanner = new JsonScanner(bytes, index.startOf(first + i) - base);
        return storedEntry(bytes, decodeEntry(scanner), first + i);
      });
    }
    const entries = parsedEntries(textOf(bytes), first, (seq) => index.isInexact(seq));
    if (entries.length !== last - first + 1) throw new FileReplaced();
    return entries;
  }
}

/** These bytes were checked when the state was made of them: what is left is the engine's own parser. */
function parsedEntries(text: string, first: number, isInexact: (seq: number) => boolean): StoredEntry[] {
  return (JSON.parse(text) as readonly PlainEntry[]).map((entry, i) => {
    const decoded = plainEntry(entry, first + i);
    return isInexact(first + i) ? { ...decoded, inexact: true } : decoded;
  });
}
