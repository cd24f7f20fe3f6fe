// The bytes of our files: docs/file-format.md describes them one by one. Six fields stand first in
// `metadata`, each at a fixed place within the first sector, so that an append overwrites the first two in
// place and a truncate all of them; `entries` stands last, so that an append ends the file.

/** Columns of a number in the header: padded with blanks before it. */
export const NUMBER_WIDTH = 16;
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
export const BEFORE_FILE_SIZE = ',\n    "file_size": ';
export const BEFORE_CHANGED_AT = ',\n    "changed_at": ';
export const BEFORE_ENTRIES_END = ',\n    "entries_end": ';
export const BEFORE_TRUNCATED = ',\n    "truncated": ';
export const BEFORE_EPOCH = ',\n    "epoch": ';
/** Three numbers with points between them, in quotes, padded as numbers are. */
export const EPOCH_WIDTH = 52;

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

/** The fixed fields as text, from behind {@link PREFIX} on. */
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

/** The fields that an append overwrites, from behind {@link PREFIX} on. */
export function appendedFieldsText(updatedAt: number, fileSize: number): string {
  return columns(updatedAt) + BEFORE_FILE_SIZE + columns(fileSize);
}

/** A number as it stands in the header. */
export function columns(value: number): string {
  return String(value).padStart(NUMBER_WIDTH);
}
