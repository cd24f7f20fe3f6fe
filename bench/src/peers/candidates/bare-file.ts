import fs from "node:fs";
import { join } from "node:path";
import type { SessionEntry } from "@thulp-sessions/core";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";
import { sync } from "./file-sync.ts";

/**
 * The floor of files: JSON at a known place of a file that stays open, and `fdatasync` where it is to be
 * durable.
 */
export const openBareFile: OpenAdapter = async (folder, durability): Promise<Adapter> => {
  fs.mkdirSync(folder, { recursive: true });
  const open = new Map<string, { descriptor: number; position: number }>();
  const pathOf = (id: string) => join(folder, `${id}.bare`);
  const write = (id: string, text: string) => {
    let file = open.get(id);
    if (!file) {
      const descriptor = fs.openSync(pathOf(id), fs.constants.O_CREAT | fs.constants.O_RDWR, 0o600);
      file = { descriptor, position: fs.fstatSync(descriptor).size };
      open.set(id, file);
    }
    file.position += fs.writeSync(file.descriptor, text, file.position);
    return file.descriptor;
  };
  const read = (id: string): SessionEntry[] =>
    JSON.parse(`[${fs.readFileSync(pathOf(id), "utf8").slice(0, -1)}]`);
  return {
    async make(sessions) {
      for (const { id, entries } of sessions)
        write(id, entries.map((each) => `${JSON.stringify(each)},`).join(""));
    },
    async append(id, entry) {
      const descriptor = write(id, `${JSON.stringify(entry)},`);
      if (durability === "durable") await sync(descriptor, "fdatasync");
    },
    load: async (id) => read(id),
    last: async (id, count) => read(id).slice(-count),
    textOf: (entry) => textOfEntry(entry as SessionEntry),
    settings: async () => (durability === "durable" ? "positioned write, fdatasync" : "positioned write"),
    async close() {
      for (const { descriptor } of open.values()) fs.closeSync(descriptor);
    },
  };
};
