import type { SessionId } from "@thulp-sessions/core";
import { type FileStamp, sameStamp } from "../disk/file-stamp.ts";

/** About 15 MB. */
const MOST = 100_000;

/** Which session files were read from front to back without finding damage, and in which state. */
export class IntactFiles {
  /** The one that was read first comes first. */
  readonly #stamps = new Map<SessionId, FileStamp>();

  has(id: SessionId, stamp: FileStamp): boolean {
    const known = this.#stamps.get(id);
    return known !== undefined && sameStamp(known, stamp);
  }

  /** @param stamp not racy: a later change gives the file another one. */
  add(id: SessionId, stamp: FileStamp): void {
    this.#stamps.delete(id);
    this.#stamps.set(id, stamp);
    if (this.#stamps.size <= MOST) return;
    for (const oldest of this.#stamps.keys()) {
      this.#stamps.delete(oldest);
      break;
    }
  }
}
