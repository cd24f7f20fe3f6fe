import { statfsSync, statSync } from "node:fs";
import { LOCAL_FILE_SYSTEMS } from "@thulp-sessions/core/store";

/** Longer than any tick of a clock of these file systems, of which a later change gets another time. */
const TICK_MS = 50;

/**
 * Tells, by one look at a folder, that no name in it was removed, added or replaced since they were all
 * looked at.
 */
export class FolderTimes {
  readonly #folder: string;
  readonly #isTold: boolean;
  /** Its time at the last look at it. */
  #seen: bigint | undefined;
  /** Its time before the last look at the names; `undefined` where a later change could have the same. */
  #checked: bigint | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#isTold = process.platform === "linux" && LOCAL_FILE_SYSTEMS.has(statfsSync(folder).type >>> 0);
  }

  /** False where it is not certain: then each name has to be looked at, and `checked` be called. */
  isUnchanged(): boolean {
    if (!this.#isTold) return false;
    this.#seen = statSync(this.#folder, { bigint: true, throwIfNoEntry: false })?.ctimeNs;
    return this.#seen !== undefined && this.#seen === this.#checked;
  }

  /** The names are as they were. */
  checked(): void {
    // A change of just now might be followed by another one with the same time.
    const isPast = this.#seen !== undefined && Date.now() - Number(this.#seen / 1_000_000n) > TICK_MS;
    this.#checked = isPast ? this.#seen : undefined;
  }
}
