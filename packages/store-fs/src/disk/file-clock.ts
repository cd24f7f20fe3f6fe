import { randomInt } from "node:crypto";
import fs from "node:fs";

// A stamp (device, inode, size, times) tells that a file is unchanged only if every change gives it other times. The clock
// behind file times often ticks a few hundred times a second; what is changed twice within a tick shows one time only.

/** Longer than a tick of the clocks in use; and where a file system keeps whole seconds, or two. */
const TICK_MS = 20;
const COARSE_TICK_MS = 2_000;

/**
 * Is the time so far back that whatever happens to the file from now on gets a later one?
 *
 * @param nowMs not later than now.
 */
export function isPast(timeMs: number, nowMs = Date.now()): boolean {
  return isTickLater(timeMs, nowMs);
}

/** Does a tick of the clock lie between two times of one file system, in milliseconds? */
export function isTickLater(timeMs: number, laterMs: number): boolean {
  return laterMs - timeMs > (timeMs % 1_000 === 0 ? COARSE_TICK_MS : TICK_MS);
}

/** A tick is at least a millisecond long. Seconds in a double are good to a quarter of a microsecond. */
const MARK_US = { least: 10, range: 900 };

/** So often a change has to get a time of its own before it is believed: by chance a tick may fall between two of them. */
const PROBES = 4;

/**
 * Does every change of a file, once it was looked at, give it times of its own? Newer Linux sees to that.
 *
 * @param descriptor of a new file on the same file system, which is written to.
 */
export function hasExactTimes(descriptor: number): boolean {
  let last = { mtimeNs: 0n, ctimeNs: 0n };
  for (let i = 0; i < PROBES; i++) {
    fs.writeSync(descriptor, "x", 0);
    const now = fs.fstatSync(descriptor, { bigint: true });
    if (now.mtimeNs === last.mtimeNs || now.ctimeNs === last.ctimeNs) return false;
    last = now;
  }
  return true;
}

/**
 * Gives a file that was just written a time of change that the system's own clock does not give: whoever writes to it next,
 * within the same tick too, makes it another one.
 */
export function markTime(descriptor: number): void {
  // Off the time that the clock shows in this tick, and before it shows the next.
  const clock = Number(fs.fstatSync(descriptor, { bigint: true }).mtimeNs / 1_000n);
  const marked = (clock + MARK_US.least + randomInt(MARK_US.range)) / 1e6;
  fs.futimesSync(descriptor, marked, marked);
}
