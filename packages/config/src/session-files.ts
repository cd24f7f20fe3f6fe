import type { Session, SessionEntry, SessionId, SessionStore } from "@thulp-sessions/core";

/**
 * Opens a file as a store of files keeps a session, wherever it is, as a store that holds that session alone,
 * to be read.
 *
 * @throws {SessionError} corrupt or unsupported where it holds no session that can be read, with the reason
 *   as its cause and the place in bytes as `details.offset`; not_found, io.
 */
export async function openSessionFile(path: string): Promise<SessionStore> {
  return (await import("@thulp-sessions/store-fs")).openSessionFile(path);
}

/** The id that such a file says it has. @throws {SessionError} as `openSessionFile`. */
export async function sessionIdIn(path: string): Promise<SessionId> {
  return (await import("@thulp-sessions/store-fs")).sessionIdIn(path);
}

/**
 * The text of such a file, piece by piece; no more than a page of the entries is in memory.
 *
 * @param pages gives the entries from the first, the same ones each time: it is called twice.
 * @throws {Error} when they were others the second time.
 */
export async function* sessionText(
  session: Pick<Session, "metadata" | "context">,
  pages: () => AsyncIterable<readonly SessionEntry[]>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* (await import("@thulp-sessions/store-fs")).sessionText(session, pages);
}
