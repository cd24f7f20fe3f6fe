import type { ListedHead, SessionId } from "@thulp-sessions/core";
import { type FileStamp, isUnchanged, toStamp } from "../disk/file-stamp.ts";

/** How much the heads may take together, by the length of their contexts and names. */
const MOST_LENGTH = 32 * 1024 * 1024;

/** What a head takes beside them, roughly. */
const LENGTH_PER_HEAD = 512;

interface Kept {
  readonly stamp: FileStamp;
  readonly head: ListedHead;
  readonly length: number;
}

/**
 * The heads of files that were read from front to back, so that a list with heads does so once while they
 * stay as they are, also where there are more sessions than SessionCache holds.
 */
export class HeadCache {
  /** The least recently used first. */
  readonly #heads = new Map<SessionId, Kept>();
  #length = 0;

  get(id: SessionId, path: string): ListedHead | undefined {
    const kept = this.#heads.get(id);
    if (!kept) return undefined;
    this.#heads.delete(id);
    if (isUnchanged(path, kept.stamp)) {
      this.#heads.set(id, kept);
      return kept.head;
    }
    this.#length -= kept.length;
    return undefined;
  }

  /** @param stamp not racy: a later change gives the file another one. */
  put(id: SessionId, stamp: FileStamp, head: ListedHead): void {
    const before = this.#heads.get(id);
    if (before) this.#remove(id, before);
    const { name, tags } = head.metadata;
    const context = "context" in head ? JSON.stringify(head.context).length : 0;
    const length = LENGTH_PER_HEAD + context + name.length + tags.join().length;
    this.#heads.set(id, { stamp: toStamp(stamp), head, length });
    this.#length += length;
    for (const [oldest, kept] of this.#heads) {
      if (this.#length <= MOST_LENGTH) return;
      this.#remove(oldest, kept);
    }
  }

  #remove(id: SessionId, { length }: Kept): void {
    this.#heads.delete(id);
    this.#length -= length;
  }
}
