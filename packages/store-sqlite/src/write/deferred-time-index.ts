import type { ChangeLog } from "../changes/change-log.ts";
import type { Database } from "../connection/database.ts";

/**
 * The sessions that entries are being appended to: schema.ts says why they stand in no index by `updatedAt`. To settle them
 * puts them there, at the price that each of their appends would have paid.
 */
export class MovingSessions {
  readonly #log: ChangeLog;
  readonly #moveTags;
  readonly #settle;
  readonly #count;

  constructor({ client }: Pick<Database, "client">, log: ChangeLog) {
    this.#log = log;
    this.#moveTags = client.prepare(
      "UPDATE session_tags SET updated_at = (SELECT updated_at FROM sessions WHERE key = session_key) " +
        "WHERE session_key IN (SELECT key FROM sessions WHERE moving = 1)",
    );
    this.#settle = client.prepare("UPDATE sessions SET moving = 0 WHERE moving = 1");
    this.#count = client.prepare<[], number>("SELECT count(*) FROM sessions WHERE moving = 1").pluck();
  }

  count(): number {
    return this.#count.get() ?? 0;
  }

  /** Settles all of them, inside a transaction. */
  settle(): void {
    this.#log.writeMoving();
    this.#moveTags.run();
    this.#settle.run();
  }
}
