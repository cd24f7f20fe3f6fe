import type { SessionId } from "@thulp-sessions/core";

export interface Change {
  readonly type: "created" | "changed" | "deleted";
  readonly id: SessionId;
  readonly revision: number;
  /** Told by the session itself, which moves, and not by a row in `changes`. */
  readonly isAppend: boolean;
}

/** What one writing call leaves to be done for its whole group. Dropped where the call fails. */
export class Effects {
  /** What the call changes in `changes`; null while it changes nothing. A call changes one session. */
  change: Change | null = null;
  /** How many rows it has written that `search_index` does not have yet. */
  rowsToIndex = 0;
  /** Whether the session did not move before. */
  startsMoving = false;
  readonly #revision: number;

  /** @param revision the next one that is free. */
  constructor(revision: number) {
    this.#revision = revision;
  }

  /** Notes that the call changes the session, and gives the revision that the session has from now on. */
  changed(type: Change["type"], id: SessionId): number {
    this.change = { type, id, revision: this.#revision, isAppend: false };
    return this.#revision;
  }

  /** The same for an append, after which the session moves. */
  appended(id: SessionId): number {
    this.change = { type: "changed", id, revision: this.#revision, isAppend: true };
    return this.#revision;
  }
}
