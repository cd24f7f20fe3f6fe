// A process of its own that takes the lock of a session, says so, and keeps it until it is killed. Runs the built package.
import { LockFolder } from "../dist/lock/session-lock.js";

const [dir, id] = process.argv.slice(2);
setInterval(() => {}, 1_000_000);
await new LockFolder(dir, 5_000).hold(id, async () => {
  process.stdout.write("held\n");
  await new Promise(() => {});
});
