import type { JsonObject, SessionMetadata } from "@thulp-sessions/core";
import { encodeMetadata, METADATA_FIELDS } from "./fields.ts";
import { CLOSING, ENTRIES_OPENING, fixedHeaderText, PREFIX } from "./layout.ts";

/** What a header says. */
export interface HeaderContent {
  readonly metadata: SessionMetadata;
  readonly context: JsonObject;
  readonly epoch: string;
}

/** Those that stand behind the fixed fields, in their order. */
export const NAMED_FIELDS = METADATA_FIELDS.filter((field) => field !== "updated_at");

/**
 * The first part of the header of a file that is written as a whole: of the same length whatever it says.
 *
 * @param entriesEnd where the entries end, in bytes from the start of the file.
 */
export function fixedPartText({ metadata, epoch }: HeaderContent, entriesEnd: number): string {
  const { updatedAt } = metadata;
  const fileSize = entriesEnd + CLOSING.length;
  const fixed = { updatedAt, fileSize, changedAt: updatedAt, entriesEnd, truncated: false, epoch };
  return PREFIX + fixedHeaderText(fixed);
}

/** The second part of the header of a new file, up to its first entry; it does not depend on the entries. */
export function namedPartText({ metadata, context }: HeaderContent): string {
  const encoded = encodeMetadata(metadata);
  const members = NAMED_FIELDS.map((field) => memberText(field, encoded[field], "    "));
  return `${members.join("")}\n  }${memberText("context", context, "  ")},${ENTRIES_OPENING}`;
}

function memberText(key: string, value: unknown, indent: string): string {
  return `,\n${indent}${JSON.stringify(key)}: ${indentedText(value, indent)}`;
}

/** Two-space pretty JSON as it stands behind a key that is indented so. */
export function indentedText(value: unknown, indent: string): string {
  // Line ends stand between values only: within strings they are escaped.
  return JSON.stringify(value, null, 2).replaceAll("\n", `\n${indent}`);
}
