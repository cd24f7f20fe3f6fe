// A process of its own that takes the lock of a session, says so, and keeps it until it is killed. Runs the
// built package.
import { FileClock } from "../dist/disk/file-clock.js";
import { SessionLocks } from "../dist/lock/session-locks.js";

const [dir, id] = process.argv.slice(2);
setInterval(() => {}, 1_000_000);
await new SessionLocks(dir, 5_000, new FileClock()).hold(id, async () => {
  process.stdout.write("held\n");
  await new Promise(() => {});
});
