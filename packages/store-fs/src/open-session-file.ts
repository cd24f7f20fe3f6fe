import { SessionError, type SessionId } from "@thulp-sessions/core";
import { FileClock } from "./disk/file-clock.ts";
import { FileStore } from "./file-store.ts";
import { FormatError } from "./format/serde/format-error.ts";
import { readOwnId } from "./list/read-metadata.ts";
import { loadState } from "./session/load-state.ts";

/**
 * Opens one session file, wherever it is and whatever its name, as a store that holds that session, under
 * the id that the file says. It is only for reading: nothing is locked, written or made.
 *
 * @throws {SessionError} not_found where there is no regular file; corrupt where it holds no session, or its
 *   end is cut off, with the reason as its cause; unsupported, io.
 */
export function openSessionFile(path: string): FileStore {
  const id = sessionIdIn(path);
  refuseTornEnd(path, id);
  return new FileStore({
    // No folder: nothing beside the file is looked at.
    folder: path,
    pathOf: () => path,
    names: { read: () => [`${id}.json`] },
    durability: "relaxed",
    clock: new FileClock(),
    locks: NO_LOCKS,
    readOnlyReason: "a single session file is opened only to be read",
  });
}

/** Every write begins with a lock. */
const NO_LOCKS = {
  hold: () =>
    Promise.reject(new SessionError("unsupported", "A single session file is opened only to be read.")),
  close() {},
};

/** The id that a session file says it has. @throws {SessionError} as `openSessionFile`. */
export function sessionIdIn(path: string): SessionId {
  const id = explained(path, () => readOwnId(path));
  if (id !== undefined) return id;
  throw new SessionError("not_found", `There is no file ${path}.`, { details: { path } });
}

/**
 * A store serves what stands before a torn end, and cuts it off at the next write; a caller that is given
 * such a file has lost something.
 */
function refuseTornEnd(path: string, id: SessionId): void {
  const tail = explained(path, () => loadState(path, id)?.tail);
  if (tail?.kind === "torn") throw noSession(path, new FormatError("its end is cut off", tail.start));
}

function explained<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FormatError ? noSession(path, error) : error;
  }
}

function noSession(path: string, cause: FormatError): SessionError {
  return new SessionError(cause.code, `${path} holds no session: ${cause.message} (byte ${cause.offset}).`, {
    cause,
    details: { path, offset: cause.offset },
  });
}
