import type { SessionId } from "@thulp-sessions/core";
import { type CoarseStamp, sameCoarseStamp } from "../disk/file-stamp.ts";

/** About 15 MB. */
const MOST = 100_000;

/** Which session files were read from front to back without finding damage, and in which state. */
export class SoundFiles {
  /** In the order in which they were read, the first one first. */
  readonly #stamps = new Map<SessionId, CoarseStamp>();

  has(id: SessionId, stamp: CoarseStamp): boolean {
    const known = this.#stamps.get(id);
    return known !== undefined && sameCoarseStamp(known, stamp);
  }

  /** @param stamp so old that a later change gives the file another one. */
  add(id: SessionId, stamp: CoarseStamp): void {
    this.#stamps.delete(id);
    this.#stamps.set(id, stamp);
    if (this.#stamps.size <= MOST) return;
    for (const oldest of this.#stamps.keys()) {
      this.#stamps.delete(oldest);
      break;
    }
  }
}
