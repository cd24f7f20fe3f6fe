import type { SessionId } from "@thulp-sessions/core";
import { SessionFile } from "./session-file.ts";
import type { SharedParts } from "./shared-parts.ts";

/** How much what is remembered of all sessions may take together; the one in use stays, however large. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What one session takes beside its index and its header, roughly. */
const BYTES_PER_SESSION = 4_096;

/** The sessions of a folder that are in use, or were a short time ago: one object for each. */
export class SessionCache {
  readonly #shared: SharedParts;
  /** The least recently used first, each with its weight when it was last used. */
  readonly #sessions = new Map<SessionId, { readonly session: SessionFile; weight: number }>();
  #latest: { readonly session: SessionFile; weight: number } | undefined;
  #bytes = 0;

  constructor(shared: SharedParts) {
    this.#shared = shared;
  }

  pathOf(id: SessionId): string {
    return this.#shared.pathOf(id);
  }

  of(id: SessionId): SessionFile {
    if (this.#latest?.session.id === id) return this.#latest.session;
    this.#weighLatest();
    const cached = this.#sessions.get(id) ?? {
      session: new SessionFile(id, this.pathOf(id), this.#shared),
      weight: 0,
    };
    this.#sessions.delete(id);
    this.#sessions.set(id, cached);
    this.#latest = cached;
    if (this.#bytes > MOST_BYTES) this.#evict();
    return cached.session;
  }

  /** The object of a session that is cached already; it does not count as used. */
  peek(id: SessionId): SessionFile | undefined {
    return this.#sessions.get(id)?.session;
  }

  clear(): void {
    this.#sessions.clear();
    this.#latest = undefined;
    this.#bytes = 0;
  }

  /** What it takes was not known when it was asked for. */
  #weighLatest(): void {
    if (!this.#latest) return;
    const weight = this.#latest.session.byteLength + BYTES_PER_SESSION;
    this.#bytes += weight - this.#latest.weight;
    this.#latest.weight = weight;
  }

  #evict(): void {
    for (const [id, cached] of this.#sessions) {
      if (this.#bytes <= MOST_BYTES) return;
      if (cached === this.#latest || cached.session.isInUse) continue;
      this.#sessions.delete(id);
      this.#bytes -= cached.weight;
    }
  }
}
