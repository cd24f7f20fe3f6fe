import type { SessionId } from "@thulp-sessions/core";
import type { AppendRow, AppendRows } from "../tables/append-rows.ts";

/**
 * The session rows that the appends of one group have changed and that are not written yet. Each is read once
 * and written once, however many appends of the group its session gets: 64 concurrent callers on one session
 * save 63 updates. Whatever else reads the rows needs a `flush` first.
 */
export class UnwrittenRows {
  readonly #table: AppendRows;
  readonly #rows = new Map<SessionId, { readonly before: AppendRow; readonly now: AppendRow }>();
  #newlyPending = 0;

  constructor(table: AppendRows) {
    this.#table = table;
  }

  /** How many sessions became pending in the deferred time index. */
  get newlyPending(): number {
    return this.#newlyPending;
  }

  /** The row as the appends so far have left it. */
  find(id: SessionId): AppendRow | undefined {
    return this.#rows.get(id)?.now ?? this.#table.find(id);
  }

  /** @param before what `find` returned. */
  put(id: SessionId, before: AppendRow, now: AppendRow): void {
    this.#rows.set(id, { before: this.#rows.get(id)?.before ?? before, now });
  }

  flush(): void {
    for (const { before, now } of this.#rows.values()) {
      this.#table.update(before, now);
      if (!before.timeIndexPending) this.#newlyPending++;
    }
    this.#rows.clear();
  }
}
