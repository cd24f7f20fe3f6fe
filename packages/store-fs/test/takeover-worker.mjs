// One of several threads that wait for the locks of dead owners, one lock after the other, all at the same
// moment. Runs the built package. Each thread has locks of its own, as a process has.
import fs from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { FileClock } from "../dist/disk/file-clock.js";
import { SessionLocks } from "../dist/lock/session-locks.js";

const { folder, names, threads, deadToken, shared } = workerData;
const [arrived, holders, most] = [0, 1, 2];
const counters = new Int32Array(shared, 0, 3);
const takers = new Int32Array(shared, 12);

/** Goes on when all threads are here. */
function meet(round) {
  if (Atomics.add(counters, arrived, 1) === (round + 1) * threads - 1) Atomics.notify(counters, arrived);
  for (;;) {
    const now = Atomics.load(counters, arrived);
    if (now >= (round + 1) * threads) return;
    Atomics.wait(counters, arrived, now, 100);
  }
}

let round = 0;
const unlink = fs.unlinkSync;
fs.unlinkSync = (path) => {
  // The dead one's link, at the moment at which it goes.
  if (path === join(folder, ".locks", `${names[round]}.lock`)) {
    if (fs.readFileSync(path, "utf8").includes(deadToken)) Atomics.add(takers, round, 1);
  }
  return unlink(path);
};

const locks = new SessionLocks(folder, 60_000, new FileClock());
for (; round < names.length; round++) {
  meet(round);
  await locks.hold(names[round], async () => {
    const before = Atomics.add(counters, holders, 1);
    if (before > 0) Atomics.add(counters, most, 1);
    await setImmediate();
    Atomics.sub(counters, holders, 1);
  });
  // It is let go of at the end of a turn: others could not come to the next lock while this thread waits for
  // them.
  await setImmediate();
  await setImmediate();
}
locks.close();
