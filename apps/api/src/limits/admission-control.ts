import type { IncomingMessage } from "node:http";
import { SessionError } from "@thulp-sessions/core";

/** How long a refused caller is asked to wait, in seconds. */
export const RETRY_AFTER_S = 1;

export interface AdmissionLimits {
  /** How many writes may have been taken and not be answered yet. */
  readonly maxWrites: number;
  /** How many bytes the bodies of all requests under way may have together. */
  readonly maxBytes: number;
  /**
   * Called with how many writes were answered in one turn of the event loop: a group, where the store commits
   * in groups.
   */
  readonly onGroup: (size: number) => void;
}

/** What a request was let in with. */
export interface Permit {
  /** More of the body has come. @throws {SessionError} busy */
  grow(bytes: number): void;
  /** The request is answered. May be called again. */
  release(): void;
}

/**
 * Refuses a request on arrival when it could only be queued: what waits is bounded, in calls and in bytes.
 */
export class AdmissionControl {
  readonly #limits: AdmissionLimits;
  #writes = 0;
  #bytes = 0;
  #answered = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** The writes that have been taken and not answered yet. */
  get waiting(): number {
    return this.#writes;
  }

  /**
   * @param writes how many writes the request holds.
   * @throws {SessionError} busy, immediately, when there is no room; nothing of the request has been looked
   * at then.
   */
  acquire(writes: number, request: IncomingMessage): Permit {
    const { maxWrites, maxBytes } = this.#limits;
    let bytes = Number(request.headers["content-length"] ?? 0) || 0;
    if (writes > 0 && this.#writes + writes > maxWrites) {
      throw busy(`${this.#writes} writes are waiting already`);
    }
    if (this.#bytes + bytes > maxBytes) throw busy("the requests under way fill its memory");
    this.#writes += writes;
    this.#bytes += bytes;
    let isHeld = true;
    return {
      grow: (more) => {
        if (this.#bytes + more > maxBytes) throw busy("the requests under way fill its memory");
        this.#bytes += more;
        bytes += more;
      },
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#writes -= writes;
        this.#bytes -= bytes;
        if (writes > 0) this.#count(writes);
      },
    };
  }

  #count(writes: number): void {
    this.#answered += writes;
    if (this.#answered > writes) return;
    setImmediate(() => {
      this.#limits.onGroup(this.#answered);
      this.#answered = 0;
    });
  }
}

function busy(reason: string): SessionError {
  return new SessionError("busy", `The server is busy: ${reason}. Nothing was done; try again in a moment.`);
}
