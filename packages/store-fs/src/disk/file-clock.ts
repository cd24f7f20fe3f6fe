import { randomInt } from "node:crypto";
import fs from "node:fs";
import { type FileInfo, infoOfOpen, sameFile } from "./file-stamp.ts";
import { io } from "./io-error.ts";

// A stamp says that a file is unchanged only if every change gives it other times. The clock behind file
// times often ticks a few hundred times a second, and two changes within one tick show one time: git calls
// such a file racily clean.

/** Longer than a tick of the clocks in use; and where a file system keeps whole seconds, or two. */
const TICK_MS = 20;
const COARSE_TICK_MS = 2_000;

/** A tick is at least a millisecond long. Seconds in a double are good to a quarter of a microsecond. */
const MARK_US = { least: 10, range: 900 };

/**
 * So many changes have to get times of their own before that is believed: a tick may fall between two of
 * them.
 */
const PROBES = 4;

/**
 * May a file that shows this time be changed again without its time changing?
 *
 * @param nowMs not later than now.
 */
export function isRacy(timeMs: number, nowMs = Date.now()): boolean {
  return !isTickLater(timeMs, nowMs);
}

/** Does a tick of the clock lie between two times of one file system, in milliseconds? */
function isTickLater(timeMs: number, laterMs: number): boolean {
  return laterMs - timeMs > (timeMs % 1_000 === 0 ? COARSE_TICK_MS : TICK_MS);
}

/**
 * Is it certain that this is the same file, however it was changed since? The number of a removed file is
 * soon given to another: the two differ in when they were made, unless both were made within one tick of the
 * clock.
 */
export function isCertainlySameFile(before: FileInfo, now: FileInfo): boolean {
  return (
    sameFile(before, now) &&
    before.birthtimeMs === now.birthtimeMs &&
    before.birthtimeMs !== 0 &&
    isTickLater(before.birthtimeMs, before.ctimeMs)
  );
}

/**
 * The clock behind the file times of one folder. It counts as coarse until a probe has shown that it is fine.
 */
export class FileClock {
  #isFine = false;

  /**
   * Does every change of a file, once it was looked at, give it times of its own? Newer Linux sees to that.
   */
  get isFine(): boolean {
    return this.#isFine;
  }

  /** @param descriptor of a new file on the same file system, which is written to. */
  probe(descriptor: number): void {
    let last = { mtimeNs: 0n, ctimeNs: 0n };
    this.#isFine = false;
    for (let i = 0; i < PROBES; i++) {
      fs.writeSync(descriptor, "x", 0);
      const now = fs.fstatSync(descriptor, { bigint: true });
      if (now.mtimeNs === last.mtimeNs || now.ctimeNs === last.ctimeNs) return;
      last = now;
    }
    this.#isFine = true;
  }

  /** The stamp of a file that was just written through a descriptor: no later write leaves it as it is. */
  stampAfterWrite(path: string, descriptor: number): FileInfo {
    this.mark(path, descriptor);
    return infoOfOpen(path, descriptor);
  }

  /**
   * On a coarse clock gives a file that was just written a time of change that the system's own clock does
   * not give: the next write, also within the same tick, makes it another one.
   */
  mark(path: string, descriptor: number): void {
    if (this.#isFine) return;
    io(path, "write", () => {
      // Off the time that the clock shows in this tick, and before it shows the next.
      const clock = Number(fs.fstatSync(descriptor, { bigint: true }).mtimeNs / 1_000n);
      const marked = (clock + MARK_US.least + randomInt(MARK_US.range)) / 1e6;
      fs.futimesSync(descriptor, marked, marked);
    });
  }
}
