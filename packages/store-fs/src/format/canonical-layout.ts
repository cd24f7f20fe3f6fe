// The bytes of our files: docs/file-format.md describes them one by one. `updated_at` stands first, at one fixed offset,
// padded to 16 columns, so that an append overwrites it in place; `entries` stands last, so that an append ends the file.

/** What every file of ours begins with. */
export const PREFIX = '{\n  "metadata": {\n    "updated_at": ';
const PREFIX_BYTES = Buffer.from(PREFIX);
/** Where the opening brace of the metadata stands. */
export const METADATA_OFFSET = PREFIX.indexOf("{", 1);
export const UPDATED_AT_OFFSET = PREFIX.length;
export const UPDATED_AT_WIDTH = 16;
export const ENTRIES_OPENING = '\n  "entries": [';
/** What ends every file of ours: an append writes over it. */
export const CLOSING = "\n  ]\n}";
export const FIRST_SEPARATOR = "\n    ";
export const SEPARATOR = ",\n    ";
/** How every entry of our layout begins and ends. */
export const ENTRY_BEGINNING = '\n    {\n      "id": "';
export const ENTRY_ENDING = "\n    }";

/** Does the file begin as only ours do? */
export function hasOurBeginning(bytes: Buffer): boolean {
  if (!bytes.subarray(0, UPDATED_AT_OFFSET).equals(PREFIX_BYTES)) return false;
  const end = UPDATED_AT_OFFSET + UPDATED_AT_WIDTH;
  return /^ *\d+,\n$/.test(bytes.toString("latin1", UPDATED_AT_OFFSET, end + 2));
}

/** Does the file begin as only ours do, but with zeros where `updated_at` stands, as the loss of power may leave it? */
export function isTimeLost(bytes: Buffer): boolean {
  const end = UPDATED_AT_OFFSET + UPDATED_AT_WIDTH;
  return (
    bytes.length > end &&
    bytes.subarray(0, UPDATED_AT_OFFSET).equals(PREFIX_BYTES) &&
    bytes.subarray(UPDATED_AT_OFFSET, end).every((byte) => byte === 0)
  );
}

/** The columns of `updated_at`. */
export function updatedAtText(updatedAt: number): string {
  return updatedAtBytes(updatedAt).toString("latin1");
}

const columns = Buffer.alloc(UPDATED_AT_WIDTH);

/** The same as bytes, good until the next are made: digit by digit, since every append writes them. */
export function updatedAtBytes(updatedAt: number): Buffer {
  columns.fill(" ");
  let at = UPDATED_AT_WIDTH;
  let rest = updatedAt;
  do {
    const tenth = Math.floor(rest / 10);
    columns[--at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
  return columns;
}

const ZERO = "0".charCodeAt(0);

/** A value: text that stays as it is, a value to be written, or an object made of such pieces. */
export type Piece =
  | { readonly raw: Buffer }
  | { readonly value: unknown }
  | { readonly members: readonly (readonly [key: string, piece: Piece])[] };

export interface Header {
  readonly updatedAt: number;
  /** All fields but `updated_at`. */
  readonly metadata: readonly (readonly [key: string, piece: Piece])[];
  readonly context: Piece;
  /** What stands beside metadata, context and entries. */
  readonly unknown: readonly (readonly [key: string, piece: Piece])[];
}

/** Everything before the first entry. */
export function headerBytes({ updatedAt, metadata, context, unknown }: Header): Buffer {
  const parts: Buffer[] = [Buffer.from(PREFIX + updatedAtText(updatedAt))];
  for (const [key, piece] of metadata)
    parts.push(Buffer.from(`,\n    ${JSON.stringify(key)}: `), pieceBytes(piece, "    "));
  parts.push(Buffer.from("\n  }"));
  for (const [key, piece] of [["context", context] as const, ...unknown]) {
    parts.push(Buffer.from(`,\n  ${JSON.stringify(key)}: `), pieceBytes(piece, "  "));
  }
  parts.push(Buffer.from(`,${ENTRIES_OPENING}`));
  return Buffer.concat(parts);
}

/** Two-space pretty JSON as it stands behind a key that is indented by `indent`. */
function pieceBytes(piece: Piece, indent: string): Buffer {
  if ("raw" in piece) return piece.raw;
  // Line ends stand between values only: within strings they are escaped.
  if ("value" in piece)
    return Buffer.from(JSON.stringify(piece.value, null, 2).replaceAll("\n", `\n${indent}`));
  if (piece.members.length === 0) return Buffer.from("{}");
  const parts = piece.members.flatMap(([key, member], i) => [
    Buffer.from(`${i === 0 ? "{" : ","}\n${indent}  ${JSON.stringify(key)}: `),
    pieceBytes(member, `${indent}  `),
  ]);
  return Buffer.concat([...parts, Buffer.from(`\n${indent}}`)]);
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
