// A process of its own that lists a folder of sessions. It prints how long it took until the answer was
// there, and until the store was closed, in microseconds.
// Arguments: "list-sessions", "first-page", "parse-all" or "heads", folder.
import fs from "node:fs";
import { join } from "node:path";
import { SessionManager } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";

/** How the original lists: it reads and parses every file. Gives how many there are. */
export function parseAll(dir: string): number {
  const names = fs.readdirSync(dir).filter((name) => name.endsWith(".json"));
  const all = names.map((name) => JSON.parse(fs.readFileSync(join(dir, name), "utf8")).metadata);
  all.sort((a, b) => b.updated_at - a.updated_at);
  return all.length;
}

/**
 * The least that notices every change of every file: `readdir`, and `stat` of each. Gives the latest time of
 * a change.
 */
export function statAll(dir: string): number {
  let latest = 0;
  for (const name of fs.readdirSync(dir)) {
    if (name.endsWith(".json")) latest = Math.max(latest, fs.statSync(join(dir, name)).mtimeMs);
  }
  return latest;
}

/** The least of a list that opens every file. */
function readHeads(dir: string): void {
  const head = Buffer.alloc(1024);
  for (const name of fs.readdirSync(dir)) {
    if (!name.endsWith(".json")) continue;
    const descriptor = fs.openSync(join(dir, name), "r");
    fs.fstatSync(descriptor);
    fs.readSync(descriptor, head, 0, head.length, 0);
    fs.closeSync(descriptor);
  }
}

export interface ListTimes {
  readonly answer: number;
  readonly closed: number;
}

const [mode, dir = ""] = process.argv.slice(2);
if (mode === "list-sessions" || mode === "first-page" || mode === "parse-all" || mode === "heads") {
  const start = performance.now();
  const microseconds = () => (performance.now() - start) * 1000;
  let answer: number;
  if (mode === "list-sessions" || mode === "first-page") {
    const store = await openFileStore({ dir });
    const manager = new SessionManager(store);
    if (mode === "list-sessions") await manager.listSessions();
    else await manager.pageSessions({ limit: 50 });
    answer = microseconds();
    await store.close();
  } else {
    if (mode === "parse-all") parseAll(dir);
    else readHeads(dir);
    answer = microseconds();
  }
  const times: ListTimes = { answer, closed: microseconds() };
  console.log(JSON.stringify(times));
}
