import {
  appendedFieldsText,
  BEFORE_CHANGED_AT,
  BEFORE_ENTRIES_END,
  BEFORE_EPOCH,
  BEFORE_FILE_SIZE,
  BEFORE_TRUNCATED,
  columns,
  EPOCH_WIDTH,
  type FixedHeader,
  fixedHeaderText,
  NUMBER_WIDTH,
  PREFIX,
} from "../file-text/layout.ts";

// Where the fields of our layout (file-text/layout.ts) stand in the bytes of a file, and what they say.

const PREFIX_BYTES = Buffer.from(PREFIX);
export const UPDATED_AT_OFFSET = PREFIX.length;
export const UPDATED_AT_END = UPDATED_AT_OFFSET + NUMBER_WIDTH;
/** Behind the fields that an append overwrites. */
const APPENDED_END = UPDATED_AT_END + BEFORE_FILE_SIZE.length + NUMBER_WIDTH;
const CHANGED_AT_OFFSET = APPENDED_END + BEFORE_CHANGED_AT.length;
const ENTRIES_END_OFFSET = CHANGED_AT_OFFSET + NUMBER_WIDTH + BEFORE_ENTRIES_END.length;
const TRUNCATED_OFFSET = ENTRIES_END_OFFSET + NUMBER_WIDTH + BEFORE_TRUNCATED.length;
const TRUNCATED_END = TRUNCATED_OFFSET + 1;
/** Behind all fixed fields. */
export const FIXED_HEADER_END = TRUNCATED_END + BEFORE_EPOCH.length + EPOCH_WIDTH;

/** The fields of the header that are ours; the original ignores all but the first. */
export const OUR_FIELDS: readonly string[] = ["file_size", "changed_at", "entries_end", "truncated", "epoch"];

/** The epoch of a file that says none. */
export const NO_EPOCH = "0";

const NUMBER = "( *(?:0|[1-9]\\d*))";
/** All of it in one expression: a list asks this of every file. */
const FIXED_HEADER = new RegExp(
  `^${PREFIX.replaceAll("{", "\\{")}${NUMBER}${BEFORE_FILE_SIZE}${NUMBER}${BEFORE_CHANGED_AT}${NUMBER}` +
    `${BEFORE_ENTRIES_END}${NUMBER}${BEFORE_TRUNCATED}([01])(?:${BEFORE_EPOCH}( *"([0-9.]{1,50})")$)?`,
);

/** `null` when the file does not begin as only ours do. */
export function readFixedHeader(bytes: Buffer): FixedHeader | null {
  const found = FIXED_HEADER.exec(bytes.toString("latin1", 0, FIXED_HEADER_END));
  if (!found) return null;
  const [text, updated, size, changed, end, truncated, epochColumns, epoch = null] = found;
  const width = epochColumns === undefined ? 0 : BEFORE_EPOCH.length + epochColumns.length;
  // Then each field stands at its place.
  if (text.length - width !== TRUNCATED_END) return null;
  const updatedAt = Number(updated);
  const changedAt = Number(changed);
  if (!(Number.isSafeInteger(updatedAt) && Number.isSafeInteger(changedAt))) return null;
  const [fileSize, entriesEnd] = [Number(size), Number(end)];
  return { updatedAt, fileSize, changedAt, entriesEnd, truncated: truncated === "1", epoch };
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
