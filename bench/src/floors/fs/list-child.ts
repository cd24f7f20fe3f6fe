// A process of its own that makes the first page of a folder of sessions. It tells how long that took, and how long until
// the store was closed, in microseconds.
// Arguments: "list", "read" or "heads", folder.
import fs from "node:fs";
import { join } from "node:path";
import { openFileStore } from "@thulp-sessions/store-fs";

/** As the original lists: every file is read and parsed. */
export function readAll(dir: string): void {
  const names = fs.readdirSync(dir).filter((name) => name.endsWith(".json"));
  const all = names.map((name) => JSON.parse(fs.readFileSync(join(dir, name), "utf8")).metadata);
  all.sort((a, b) => b.updated_at - a.updated_at);
}

/** What no list that reads the files anew can do without. */
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

const [mode, dir = ""] = process.argv.slice(2);
if (mode === "list" || mode === "read" || mode === "heads") {
  const start = performance.now();
  const microseconds = () => (performance.now() - start) * 1000;
  let page: number;
  if (mode === "list") {
    const store = await openFileStore({ dir });
    await store.list({ limit: 50 });
    page = microseconds();
    await store.close();
  } else {
    if (mode === "read") readAll(dir);
    else readHeads(dir);
    page = microseconds();
  }
  console.log(JSON.stringify({ page, closed: microseconds() }));
}
