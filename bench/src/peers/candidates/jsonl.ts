import fs from "node:fs";
import { join } from "node:path";
import type { SessionEntry } from "@thulp-sessions/core";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";
import { sync, syncFolder } from "./file-sync.ts";

/**
 * A log of one line for each entry, as Claude Code and Codex keep theirs: opened for each append, and read by
 * a reader that passes over lines which it cannot parse. Durable: with `fdatasync` before it is closed.
 */
export const openJsonl: OpenAdapter = async (folder, durability): Promise<Adapter> => {
  const dir = join(folder, "logs");
  fs.mkdirSync(dir, { recursive: true });
  const pathOf = (id: string) => join(dir, `${id}.jsonl`);
  const read = (path: string) => parseLines(fs.readFileSync(path, "utf8"));
  const names = () => fs.readdirSync(dir).map((name) => join(dir, name));
  const newest = () =>
    names()
      .map((path) => ({ path, changed: fs.statSync(path).mtimeMs }))
      .sort((a, b) => b.changed - a.changed);
  return {
    async make(sessions) {
      for (const { id, entries, marked, updatedAt } of sessions) {
        const lines = [{ id, marked }, ...entries].map((each) => `${JSON.stringify(each)}\n`);
        fs.writeFileSync(pathOf(id), lines.join(""));
        fs.utimesSync(pathOf(id), updatedAt / 1000, updatedAt / 1000);
      }
      if (durability === "durable") await syncFolder(dir);
    },
    async append(id, entry) {
      const file = fs.openSync(pathOf(id), "a");
      try {
        fs.writeSync(file, `${JSON.stringify(entry)}\n`);
        if (durability === "durable") await sync(file, "fdatasync");
      } finally {
        fs.closeSync(file);
      }
    },
    load: async (id) => read(pathOf(id)).slice(1),
    last: async (id, count) => read(pathOf(id)).slice(1).slice(-count),
    textOf: (entry) => textOfEntry(entry as SessionEntry),
    // As Codex does: the time from the file, the rest from its first line.
    list: async (limit) =>
      newest()
        .slice(0, limit)
        .map(({ path }) => firstLine(path)),
    async listMarked(limit) {
      const found: unknown[] = [];
      for (const { path } of newest()) {
        const head = firstLine(path) as { marked: boolean };
        if (head.marked) found.push(head);
        if (found.length === limit) break;
      }
      return found;
    },
    async search(word, limit) {
      const found: unknown[] = [];
      for (const { path } of newest()) {
        const text = fs.readFileSync(path, "utf8");
        if (!text.includes(word)) continue;
        found.push(...text.split("\n").filter((line) => line.includes(word)));
        if (found.length >= limit) break;
      }
      return found.slice(0, limit);
    },
    settings: async () =>
      durability === "durable" ? "open, append, fdatasync, close" : "open, append, close",
    close: async () => {},
  };
};

function parseLines(text: string): unknown[] {
  const parsed: unknown[] = [];
  for (const line of text.split("\n")) {
    try {
      if (line !== "") parsed.push(JSON.parse(line));
    } catch {
      // What is torn is passed over.
    }
  }
  return parsed;
}

function firstLine(path: string): unknown {
  const file = fs.openSync(path, "r");
  const bytes = Buffer.alloc(1024);
  const length = fs.readSync(file, bytes, 0, bytes.length, 0);
  fs.closeSync(file);
  const text = bytes.toString("utf8", 0, length);
  return JSON.parse(text.slice(0, text.indexOf("\n")));
}
