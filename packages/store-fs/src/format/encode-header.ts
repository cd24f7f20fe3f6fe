import type { JsonObject, JsonValue, SessionMetadata } from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";
import { encodeMetadata } from "../file-text/fields.ts";
import {
  fixedPartText,
  type HeaderContent,
  indentedText,
  NAMED_FIELDS,
  namedPartText,
} from "../file-text/header-text.ts";
import { CLOSING, ENTRIES_OPENING } from "../file-text/layout.ts";
import { ByteWindow, bufferSource } from "./byte-window.ts";
import { OUR_FIELDS } from "./canonical-layout.ts";
import { FileWalker } from "./file-walker.ts";
import type { DecodedContext, DecodedMetadata } from "./serde/codec.ts";
import { FormatError } from "./serde/format-error.ts";
import type { Range, RawField } from "./serde/serde.ts";

/** What a session file holds beside its entries, with the bytes in which it is written. */
export interface Envelope {
  /** The file without its entries. */
  readonly bytes: Buffer;
  readonly metadata: DecodedMetadata;
  readonly context: DecodedContext;
  /** Unknown members of the session itself. */
  readonly unknown: readonly RawField[];
}

/**
 * @param before all bytes of the file to where its entries begin, the opening bracket included.
 * @param after all bytes behind the last entry; the closing where it is torn off.
 * @throws {FormatError}
 */
export function decodeEnvelope(before: Buffer, after: Buffer = Buffer.from(CLOSING)): Envelope {
  const bytes = Buffer.concat([before, after]);
  const walker = new FileWalker(new ByteWindow(bufferSource(bytes), bytes.length), {
    readEntry: (scanner) => scanner.fail("expected no entry"),
    onEntry: () => {},
  });
  const damage = walker.run();
  if (damage) throw damage;
  const { metadata, context, unknown } = walker;
  if (!metadata) throw new FormatError('session: field "metadata" is missing', 0);
  return { bytes, metadata, context, unknown };
}

/** The header of a file: everything before the first entry. */
export interface Header {
  readonly bytes: Buffer;
  /** Puts the place where the entries end into the fixed fields, once it is known. */
  setEntriesEnd(entriesEnd: number): void;
}

/**
 * The header of a session in our layout. What is as it was (fields, context values, what we do not know)
 * keeps its bytes: numbers that JavaScript cannot hold stay what they are.
 *
 * @param envelope of the file that it takes the place of; absent for a new session.
 */
export function encodeHeader(content: HeaderContent, envelope?: Envelope): Header {
  const named = envelope ? changedPart(content, envelope) : Buffer.from(namedPartText(content));
  const bytes = Buffer.concat([Buffer.from(fixedPartText(content, 0)), named]);
  const setEntriesEnd = (entriesEnd: number): void => {
    bytes.write(fixedPartText(content, entriesEnd), "latin1");
  };
  setEntriesEnd(bytes.length);
  return { bytes, setEntriesEnd };
}

/** The same as {@link namedPartText}, with what stays as it is in its own bytes. */
function changedPart({ metadata, context }: HeaderContent, envelope: Envelope): Buffer {
  const parts: Buffer[] = [];
  for (const [key, piece] of metadataMembers(metadata, envelope))
    parts.push(Buffer.from(`,\n    ${JSON.stringify(key)}: `), pieceBytes(piece, "    "));
  parts.push(Buffer.from("\n  }"));
  const unknown = envelope.unknown.map((field): Member => [field.key, rawPiece(envelope, field)]);
  const members = [["context", contextPiece(context, envelope)] as const, ...unknown];
  for (const [key, piece] of members)
    parts.push(Buffer.from(`,\n  ${JSON.stringify(key)}: `), pieceBytes(piece, "  "));
  parts.push(Buffer.from(`,${ENTRIES_OPENING}`));
  return Buffer.concat(parts);
}

/** A value: text that stays as it is, a value to be written, or an object made of such pieces. */
type Piece =
  | { readonly raw: Buffer }
  | { readonly value: unknown }
  | { readonly members: readonly (readonly [key: string, piece: Piece])[] };
type Member = readonly [key: string, piece: Piece];

function metadataMembers(metadata: SessionMetadata, envelope: Envelope): Member[] {
  const before = encodeMetadata(envelope.metadata.value);
  const after = encodeMetadata(metadata);
  const known = NAMED_FIELDS.map((field): Member => {
    const range = envelope.metadata.fields.get(field);
    // The file's name is the identity; what the file says of its id is not ours to change.
    const isSame = field === "id" || jsonEqual(before[field] as JsonValue, after[field] as JsonValue);
    return [field, range && isSame ? rawPiece(envelope, range) : { value: after[field] }];
  });
  const unknown = envelope.metadata.unknown.filter(({ key }) => !OUR_FIELDS.includes(key));
  return [...known, ...unknown.map((field): Member => [field.key, rawPiece(envelope, field)])];
}

function contextPiece(context: JsonObject, envelope: Envelope): Piece {
  const before = envelope.context;
  const members = Object.entries(context).map(([key, value]): Member => {
    const range = before.fields.get(key);
    const isSame = range !== undefined && jsonEqual(before.value[key] as JsonValue, value);
    return [key, isSame ? rawPiece(envelope, range) : { value }];
  });
  return { members };
}

function rawPiece({ bytes }: Envelope, { start, end }: Range): Piece {
  return { raw: bytes.subarray(start, end) };
}

/** Two-space pretty JSON as it stands behind a key that is indented by `indent`. */
function pieceBytes(piece: Piece, indent: string): Buffer {
  if ("raw" in piece) return piece.raw;
  if ("value" in piece) return Buffer.from(indentedText(piece.value, indent));
  if (piece.members.length === 0) return Buffer.from("{}");
  const parts = piece.members.flatMap(([key, member], i) => [
    Buffer.from(`${i === 0 ? "{" : ","}\n${indent}  ${JSON.stringify(key)}: `),
    pieceBytes(member, `${indent}  `),
  ]);
  return Buffer.concat([...parts, Buffer.from(`\n${indent}}`)]);
}
