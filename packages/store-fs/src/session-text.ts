import type { Session, SessionEntry } from "@thulp-sessions/core";
import { firstEpoch } from "@thulp-sessions/core/store";
import { CLOSING } from "./format/canonical-layout.ts";
import { encodeEntries } from "./format/encode-entry.ts";
import { encodeHeader } from "./format/encode-header.ts";
import { epochNumber } from "./format/epoch-number.ts";

/**
 * The text of a session's file, piece by piece, as `create` of a store would write it. The entries are gone
 * through twice, since the beginning of the file says how long it is; no more than a page of them is in
 * memory.
 *
 * @param pages gives the entries from the first, the same ones each time.
 * @throws {Error} when they were others the second time. @throws what `pages` throws.
 */
export async function* sessionText(
  { metadata, context }: Pick<Session, "metadata" | "context">,
  pages: () => AsyncIterable<readonly SessionEntry[]>,
): AsyncGenerator<Buffer, void, undefined> {
  const header = encodeHeader({ metadata, context, epoch: firstEpoch(epochNumber()) });
  let length = 0;
  for await (const { bytes } of encoded(pages())) length += bytes.length;
  header.setEntriesEnd(header.bytes.length + length);
  yield header.bytes;
  for await (const { bytes } of encoded(pages())) {
    length -= bytes.length;
    // The encoder's buffer is used again by the next page.
    yield Buffer.from(bytes);
  }
  if (length !== 0) throw new Error("The entries of the session were changed while it was written.");
  yield Buffer.from(CLOSING);
}

async function* encoded(pages: AsyncIterable<readonly SessionEntry[]>) {
  let isFirst = true;
  for await (const entries of pages) {
    if (entries.length > 0) yield encodeEntries(entries, isFirst);
    isFirst &&= entries.length === 0;
  }
}
