// The bytes of our files: docs/file-format.md describes them one by one. Six fields stand first in
// `metadata`, each at a fixed place within the first sector, so that an append overwrites the first two in
// place and a truncate all of them; `entries` stands last, so that an append ends the file.

/** Columns of a number in the header: padded with blanks before it. */
const NUMBER_WIDTH = 16;
/** What closes every file of ours: an append writes over it. */
export const CLOSING = "\n  ]\n}";
/**
 * The blank before the colon makes a file one of another program to versions that know the first layout only.
 */
export const ENTRIES_OPENING = '\n  "entries" : [';
export const FIRST_ENTRIES_OPENING = '\n  "entries": [';
export const FIRST_SEPARATOR = "\n    ";
export const SEPARATOR = ",\n    ";
/** How every entry of our layout begins and ends. */
export const ENTRY_BEGINNING = '\n    {\n      "id": "';
export const ENTRY_ENDING = "\n    }";

export const PREFIX = '{\n  "metadata": {\n    "updated_at": ';
const BEFORE_FILE_SIZE = ',\n    "file_size": ';
const BEFORE_CHANGED_AT = ',\n    "changed_at": ';
const BEFORE_ENTRIES_END = ',\n    "entries_end": ';
const BEFORE_TRUNCATED = ',\n    "truncated": ';
const BEFORE_EPOCH = ',\n    "epoch": ';
/** Three numbers with points between them, in quotes, padded as numbers are. */
const EPOCH_WIDTH = 52;

const PREFIX_BYTES = Buffer.from(PREFIX);
export const UPDATED_AT_OFFSET = PREFIX.length;
export const UPDATED_AT_END = UPDATED_AT_OFFSET + NUMBER_WIDTH;
/** Behind the fields that an append overwrites. */
const APPENDED_END = UPDATED_AT_END + BEFORE_FILE_SIZE.length + NUMBER_WIDTH;
const CHANGED_AT_OFFSET = APPENDED_END + BEFORE_CHANGED_AT.length;
const ENTRIES_END_OFFSET = CHANGED_AT_OFFSET + NUMBER_WIDTH + BEFORE_ENTRIES_END.length;
const TRUNCATED_OFFSET = ENTRIES_END_OFFSET + NUMBER_WIDTH + BEFORE_TRUNCATED.length;
const TRUNCATED_END = TRUNCATED_OFFSET + 1;
const EPOCH_OFFSET = TRUNCATED_END + BEFORE_EPOCH.length;
/** Behind all fixed fields. */
export const FIXED_HEADER_END = EPOCH_OFFSET + EPOCH_WIDTH;

/** The fields of the header that are ours; the original ignores all but the first. */
export const OUR_FIELDS: readonly string[] = ["file_size", "changed_at", "entries_end", "truncated", "epoch"];

/** The epoch of a file that says none. */
export const NO_EPOCH = "0";

/**
 * What stands at the fixed places of a header. Only the first field is the original's.
 *
 * An append writes its entries first, then `updatedAt` and `fileSize`. So a reader beside it, or after a
 * kill, finds another size where the entries are there without their time; after a loss of power one may be
 * there without the other. What counts is `changedAt`, or the time that the last batch behind `entriesEnd`
 * carries itself.
 */
export interface FixedHeader {
  readonly updatedAt: number;
  /** Of the file after the last write. */
  readonly fileSize: number;
  /** `updatedAt` of the last change that was no append. */
  readonly changedAt: number;
  /** Where the entries ended at that change, in bytes from the start of the file. */
  readonly entriesEnd: number;
  /** That change was a truncate in place: batches behind `entriesEnd` that are older than it were cut off. */
  readonly truncated: boolean;
  /** `null` in a file of the second layout, which has no such field: then no truncate is in place. */
  readonly epoch: string | null;
}

const NUMBER = "( *(?:0|[1-9]\\d*))";
const FIXED_HEADER = new RegExp(
  `^${NUMBER}${BEFORE_FILE_SIZE}${NUMBER}${BEFORE_CHANGED_AT}${NUMBER}${BEFORE_ENTRIES_END}${NUMBER}` +
    `${BEFORE_TRUNCATED}([01])$`,
);

/** `null` when the file does not begin as only ours do. */
export function readFixedHeader(bytes: Buffer): FixedHeader | null {
  if (bytes.length < TRUNCATED_END || !beginsWithPrefix(bytes)) return null;
  const found = FIXED_HEADER.exec(bytes.toString("latin1", UPDATED_AT_OFFSET, TRUNCATED_END));
  if (!found) return null;
  const updatedAt = Number(found[1]);
  const fileSize = Number(found[2]);
  const changedAt = Number(found[3]);
  const entriesEnd = Number(found[4]);
  if (!(Number.isSafeInteger(updatedAt) && Number.isSafeInteger(changedAt))) return null;
  const truncated = found[5] === "1";
  return { updatedAt, fileSize, changedAt, entriesEnd, truncated, epoch: readEpoch(bytes) };
}

const EPOCH = /^ *"([0-9.]{1,50})"$/;

function readEpoch(bytes: Buffer): string | null {
  if (bytes.length < FIXED_HEADER_END || !standsAt(bytes, TRUNCATED_END, BEFORE_EPOCH)) return null;
  return EPOCH.exec(bytes.toString("latin1", EPOCH_OFFSET, FIXED_HEADER_END))?.[1] ?? null;
}

/** Behind the fixed fields of this file. */
export function endOfFixed({ epoch }: FixedHeader): number {
  return epoch === null ? TRUNCATED_END : FIXED_HEADER_END;
}

/** Does the file begin as those of the first version of our layout did, which had `updated_at` only? */
export function hasFirstLayout(bytes: Buffer): boolean {
  if (!beginsWithPrefix(bytes)) return false;
  return /^ *\d+,\n$/.test(bytes.toString("latin1", UPDATED_AT_OFFSET, UPDATED_AT_END + 2));
}

export function beginsWithPrefix(bytes: Buffer): boolean {
  return bytes.length > UPDATED_AT_END && bytes.subarray(0, UPDATED_AT_OFFSET).equals(PREFIX_BYTES);
}

/** The fixed fields as text, from {@link UPDATED_AT_OFFSET} on. */
export function fixedHeaderText(fixed: FixedHeader): string {
  return (
    appendedFieldsText(fixed.updatedAt, fixed.fileSize) +
    BEFORE_CHANGED_AT +
    columns(fixed.changedAt) +
    BEFORE_ENTRIES_END +
    columns(fixed.entriesEnd) +
    BEFORE_TRUNCATED +
    (fixed.truncated ? "1" : "0") +
    (fixed.epoch === null ? "" : BEFORE_EPOCH + `"${fixed.epoch}"`.padStart(EPOCH_WIDTH))
  );
}

/** The fields that an append overwrites, from {@link UPDATED_AT_OFFSET} on. */
export function appendedFieldsText(updatedAt: number, fileSize: number): string {
  return columns(updatedAt) + BEFORE_FILE_SIZE + columns(fileSize);
}

function columns(value: number): string {
  return String(value).padStart(NUMBER_WIDTH);
}

/** What the loss of power has left as zeros of the fixed fields. */
export type LostHeader = "nothing" | "updated_at" | "all";

/**
 * The loss of power may leave zeros in the place of what was being written. Puts numbers there, so that the
 * rest can be read; what was lost has to come from elsewhere.
 */
export function patchLostHeader(bytes: Buffer): LostHeader {
  if (!beginsWithPrefix(bytes) || bytes[UPDATED_AT_OFFSET] !== 0) return "nothing";
  let end = UPDATED_AT_OFFSET;
  while (bytes[end] === 0 && end < FIXED_HEADER_END) end++;
  if (end === TRUNCATED_END || end === FIXED_HEADER_END) {
    const epoch = end === TRUNCATED_END ? null : NO_EPOCH;
    const nothing = { updatedAt: 0, fileSize: 0, changedAt: 0, entriesEnd: 0, truncated: false, epoch };
    bytes.write(fixedHeaderText(nothing), UPDATED_AT_OFFSET);
    return "all";
  }
  if (end !== UPDATED_AT_END && end !== APPENDED_END) return "nothing";
  bytes.write(end === APPENDED_END ? appendedFieldsText(0, 0) : columns(0), UPDATED_AT_OFFSET);
  return "updated_at";
}

/** Does the text, of ASCII characters, stand at `at`? */
export function standsAt(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Does the text stand at `at`, and is it the last? */
export function endsWith(bytes: Buffer, at: number, text: string): boolean {
  return at + text.length === bytes.length && standsAt(bytes, at, text);
}
