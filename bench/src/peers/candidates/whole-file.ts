import fs from "node:fs";
import { dirname, join } from "node:path";
import type { SessionEntry } from "@thulp-sessions/core";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";
import { sync, syncFolder } from "./file-sync.ts";

interface File {
  readonly metadata: { readonly id: string; readonly marked: boolean; updatedAt: number };
  readonly entries: SessionEntry[];
}

/**
 * One JSON file for each session that is rewritten with each entry, as the Rust original and many apps do;
 * what was read once is kept. Durable: to a temporary file, fsync, rename, fsync of the folder.
 */
export const openWholeFile: OpenAdapter = async (folder, durability): Promise<Adapter> => {
  const dir = join(folder, "files");
  fs.mkdirSync(dir, { recursive: true });
  const known = new Map<string, File>();
  const pathOf = (id: string) => join(dir, `${id}.json`);
  const read = (path: string): File => JSON.parse(fs.readFileSync(path, "utf8"));
  const write = async (file: File) => {
    const path = pathOf(file.metadata.id);
    const text = JSON.stringify(file, null, 2);
    if (durability === "durable") await replaceDurably(path, text);
    else fs.writeFileSync(path, text);
  };
  const all = () =>
    fs
      .readdirSync(dir)
      .map((name) => read(join(dir, name)))
      .sort((a, b) => b.metadata.updatedAt - a.metadata.updatedAt);
  let time = 1_800_000_000_000;
  return {
    async make(sessions) {
      for (const { id, entries, marked, updatedAt } of sessions)
        await write({ metadata: { id, marked, updatedAt }, entries: [...entries] });
    },
    async append(id, entry) {
      const file = known.get(id) ?? read(pathOf(id));
      known.set(id, file);
      file.metadata.updatedAt = time++;
      file.entries.push(entry);
      await write(file);
    },
    load: async (id) => read(pathOf(id)).entries,
    last: async (id, count) => read(pathOf(id)).entries.slice(-count),
    textOf: (entry) => textOfEntry(entry as SessionEntry),
    list: async (limit) => all().slice(0, limit),
    listMarked: async (limit) =>
      all()
        .filter(({ metadata }) => metadata.marked)
        .slice(0, limit),
    search: async (word, limit) =>
      all()
        .flatMap(({ entries }) => entries.filter((entry) => textOfEntry(entry).includes(word)))
        .slice(0, limit),
    settings: async () =>
      durability === "durable" ? "temporary file, fsync, rename, fsync of the folder" : "written in place",
    close: async () => {},
  };
};

async function replaceDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  const file = fs.openSync(temporary, "w");
  try {
    fs.writeSync(file, text);
    await sync(file, "fsync");
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(temporary, path);
  await syncFolder(dirname(path));
}
