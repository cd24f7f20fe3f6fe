// A process of its own that appends an entry and suspends itself in the middle of that: before the write,
// after everything was checked, or between the write and the sync. Runs the built package. Arguments: folder,
// session, entry, moment.
import fs from "node:fs";
import { openFileStore } from "@thulp-sessions/store-fs";

const [dir, id, entryId, moment] = process.argv.slice(2);
const store = await openFileStore({ dir });
await store.head(id);
const call = moment === "before the write" ? "writeSync" : "fdatasync";
const real = fs[call];
// The owner's file of the lock is written before; the session's comes after its file was opened.
let opened = false;
const open = fs.openSync;
fs.openSync = (path, ...rest) => {
  if (String(path).endsWith(`${id}.json`)) opened = true;
  return open(path, ...rest);
};
fs[call] = (...args) => {
  if (opened) {
    fs[call] = real;
    process.kill(process.pid, "SIGSTOP");
  }
  return real(...args);
};
const entry = { id: entryId, timestamp: 1, entryType: { type: "user_message" }, content: "suspended" };
const { entries } = await store.append(id, [entry], { at: 9 });
await store.close();
process.stdout.write(JSON.stringify(entries));
