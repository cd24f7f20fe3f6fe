import type { SessionId } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";

/** Looks for the beginnings of ids. */
export class SessionIds {
  readonly #beginning;

  constructor({ client }: Database) {
    this.#beginning = client
      .prepare<[string, string, number], SessionId>(`
        SELECT id FROM sessions
        WHERE id >= ? AND id < ?
        ORDER BY created_at DESC, id DESC
        LIMIT ?`)
      .pluck();
  }

  /** @param prefix hexadecimal digits in lower case and hyphens. @returns the newest ones first. */
  beginning(prefix: string, limit: number): SessionId[] {
    // Behind every character that an id can go on with.
    return this.#beginning.all(prefix, `${prefix}g`, limit);
  }
}
