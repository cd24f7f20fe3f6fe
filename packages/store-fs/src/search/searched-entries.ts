import { isSessionError, type SessionError, type StoredEntry } from "@thulp-sessions/core";
import { Yielder } from "@thulp-sessions/core/store";
import { readLongEntry, readPage } from "../session/entry-reader.ts";
import type { SessionFile } from "../session/session-file.ts";

/** What is read and parsed in one turn of the event loop, unless one entry is longer. */
const PAGE = { entries: 1_000, bytes: 1024 * 1024 };

const ALL = {
  before: Number.MAX_SAFE_INTEGER,
  types: null,
  direction: "asc",
  limit: PAGE.entries,
} as const;

/** All entries of a session, or those before the damage; what cannot be read is warned of. */
export async function* searchedEntries(
  session: SessionFile,
  warn: (error: SessionError) => void,
): AsyncGenerator<StoredEntry> {
  const { path } = session;
  const yielder = Yielder.ofPieces();
  try {
    let canBeLong = true;
    for (let after = -1, hasMore = true; hasMore; ) {
      const read = await session.read(
        (state) =>
          (canBeLong ? readLongEntry(path, state, after + 1) : undefined) ??
          readPage(path, state, { ...ALL, after }, PAGE.bytes),
      );
      if ("parse" in read) {
        const entry = await read.parse(yielder).catch(notIfOverwritten);
        // Else it is read anew, as a page, which tries again until the bytes are those of the state.
        canBeLong = entry !== undefined;
        if (!entry) continue;
        yield entry;
        after++;
      } else {
        yield* read.items;
        after += read.items.length;
        ({ hasMore } = read);
        canBeLong = true;
      }
    }
  } catch (error) {
    if (!isSessionError(error)) throw error;
    // Deleted since the folder was read.
    if (error.code !== "not_found") warn(error);
  }
}

function notIfOverwritten(error: unknown): undefined {
  if (!(error instanceof SyntaxError)) throw error;
}
