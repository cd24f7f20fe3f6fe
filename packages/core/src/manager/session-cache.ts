import type { SessionId } from "../model/ids.ts";
import { deepFreeze } from "../model/json.ts";
import type { StoredSession } from "../model/model.ts";

/**
 * The sessions that were read last. A caller has to compare the version with the store's before it trusts
 * one.
 */
export class SessionCache {
  readonly #capacity: number;
  /** In the order of use, the least recently used first. */
  readonly #sessions = new Map<SessionId, StoredSession>();

  /** @param capacity how many sessions it holds; 0 for none. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(id: SessionId): StoredSession | undefined {
    const session = this.#sessions.get(id);
    if (session) this.put(session);
    return session;
  }

  /** Caches a session, frozen, since every caller gets the same object. */
  put(session: StoredSession): StoredSession {
    const { id } = session.metadata;
    deepFreeze(session);
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    if (this.#sessions.size > this.#capacity) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    return session;
  }

  delete(id: SessionId): void {
    this.#sessions.delete(id);
  }

  clear(): void {
    this.#sessions.clear();
  }

  ids(): SessionId[] {
    return [...this.#sessions.keys()];
  }
}
