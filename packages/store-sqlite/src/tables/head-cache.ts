import type { SessionHead, SessionId } from "@thulp-sessions/core";
import { deepFreeze } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";

const MAX_HEADS = 1000;

/** Of a head with a context that is longer than that nothing is kept; in characters of JSON. */
const MAX_CONTEXT = 4096;

/**
 * The heads read last, as they stand in the database: whether another connection has committed since is asked each time,
 * which costs half of what reading one does, and what this one commits is told by {@link forget}.
 */
export class HeadCache {
  readonly #database: Pick<Database, "dataVersion">;
  readonly #heads = new Map<SessionId, SessionHead>();
  #dataVersion = -1;

  constructor(database: Pick<Database, "dataVersion">) {
    this.#database = database;
  }

  /** To be asked before the head is read, and in no transaction that writes. */
  get(id: SessionId): SessionHead | undefined {
    const dataVersion = this.#database.dataVersion();
    if (dataVersion !== this.#dataVersion) this.#heads.clear();
    this.#dataVersion = dataVersion;
    return this.#heads.get(id);
  }

  /** Keeps a head that was read after `get`, frozen, since every caller gets the same one. */
  put(head: SessionHead, contextLength: number): void {
    if (contextLength > MAX_CONTEXT) return;
    if (this.#heads.size === MAX_HEADS) this.#heads.clear();
    this.#heads.set(head.metadata.id, deepFreeze(head));
  }

  forget(id: SessionId): void {
    this.#heads.delete(id);
  }
}
