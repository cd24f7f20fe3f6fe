import type { Session, SessionEntry } from "@thulp-sessions/core";
import { CLOSING } from "./file-text/layout.ts";
import { newFileHeader } from "./file-text/new-file.ts";
import { encodeEntries } from "./format/encode-entry.ts";

/**
 * The text of a session's file, piece by piece, as `create` of a store would write it. The entries are gone
 * through twice, since the beginning of the file says how long it is; no more than a page of them is in
 * memory.
 *
 * @param pages gives the entries from the first, the same ones each time.
 * @throws {Error} when they were others the second time. @throws what `pages` throws.
 */
export async function* sessionText(
  session: Pick<Session, "metadata" | "context">,
  pages: () => AsyncIterable<readonly SessionEntry[]>,
): AsyncGenerator<Buffer, void, undefined> {
  let length = 0;
  for await (const { bytes } of encoded(pages())) length += bytes.length;
  yield Buffer.from(newFileHeader(session, length));
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
