import type { Session, SessionEntry } from "@thulp-sessions/core";
import { firstEpoch } from "@thulp-sessions/core/store";
import { encodeEntry } from "./entry-text.ts";
import { epochNumber } from "./epoch-number.ts";
import { fixedPartText, namedPartText } from "./header-text.ts";
import { FIRST_SEPARATOR, SEPARATOR } from "./layout.ts";

/**
 * What a new file of a session begins with, before its first entry. Each call gives it an epoch of its own.
 *
 * @param entryBytes how long all entries are, with what separates them, in bytes of UTF-8.
 */
export function newFileHeader(
  { metadata, context }: Pick<Session, "metadata" | "context">,
  entryBytes: number,
): string {
  const content = { metadata, context, epoch: firstEpoch(epochNumber()) };
  const named = namedPartText(content);
  const length = fixedPartText(content, 0).length + new TextEncoder().encode(named).length;
  return fixedPartText(content, length + entryBytes) + named;
}

/** An entry of a new file, with what separates it from the one before it. */
export function newFileEntry(entry: SessionEntry, isFirst: boolean): string {
  return (isFirst ? FIRST_SEPARATOR : SEPARATOR) + encodeEntry(entry);
}
