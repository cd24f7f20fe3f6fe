import type { Durability, OpenAdapter } from "./adapter.ts";

/** Every candidate that is measured side by side. */
export interface CatalogEntry {
  readonly id: string;
  readonly title: string;
  readonly durabilities: readonly Durability[];
  readonly whose: "ours" | "peer" | "floor";
  /** Keeps sessions on a disk; otherwise in memory. */
  readonly onDisk: boolean;
  /** One file for each session, which others may read, write and tear. */
  readonly files: boolean;
  /** The most sessions that can be listed in reasonable time; 0 where it has no list. */
  readonly lists: number;
  /** Needs the packages of bench/peers. */
  readonly packages: boolean;
  /** The major version of Node that it needs at least. */
  readonly node: number;
  /** Loads its modules. */
  readonly load: () => Promise<OpenAdapter>;
}

export const defaults = {
  durabilities: ["durable", "relaxed"],
  whose: "peer",
  onDisk: true,
  files: false,
  lists: 10_000,
  packages: false,
  node: 20,
} as const;

/** Each loads its own modules only, since not all of them run on every Node. */
export const catalog: readonly CatalogEntry[] = [
  {
    ...defaults,
    id: "sqlite",
    title: "store-sqlite",
    lists: 100_000,
    whose: "ours",
    load: async () => (await import("./ours.ts")).loadSqlite(),
  },
  {
    ...defaults,
    id: "fs",
    title: "store-fs",
    whose: "ours",
    files: true,
    lists: 100_000,
    load: async () => (await import("./ours.ts")).loadFs(),
  },
  {
    ...defaults,
    id: "memory",
    title: "MemoryStore",
    lists: 100_000,
    whose: "ours",
    durabilities: ["relaxed"],
    onDisk: false,
    load: async () => (await import("./ours.ts")).loadMemory(),
  },
  {
    ...defaults,
    id: "langgraph",
    title: "LangGraph SqliteSaver",
    packages: true,
    load: async () => (await import("./langgraph.ts")).loadLanggraph(),
  },
  {
    ...defaults,
    id: "mastra",
    title: "Mastra LibSQLStore",
    packages: true,
    node: 22,
    load: async () => (await import("./mastra.ts")).loadMastra(),
  },
  {
    ...defaults,
    id: "adk",
    title: "Google ADK, MikroORM + libsql",
    lists: 100_000,
    durabilities: ["durable"],
    packages: true,
    load: async () => (await import("./adk.ts")).loadAdk(),
  },
  {
    ...defaults,
    id: "openai",
    title: "OpenAI Agents MemorySession",
    durabilities: ["relaxed"],
    onDisk: false,
    lists: 0,
    packages: true,
    load: async () => (await import("./openai.ts")).loadOpenai(),
  },
  {
    ...defaults,
    id: "jsonl",
    title: "JSONL append log",
    files: true,
    lists: 100_000,
    load: async () => (await import("./jsonl.ts")).openJsonl,
  },
  {
    ...defaults,
    id: "whole-file",
    title: "whole file rewritten",
    files: true,
    load: async () => (await import("./whole-file.ts")).openWholeFile,
  },
  {
    ...defaults,
    id: "bare-sqlite",
    title: "bare better-sqlite3",
    lists: 100_000,
    whose: "floor",
    load: async () => (await import("./bare-sqlite.ts")).openBareSqlite,
  },
  {
    ...defaults,
    id: "bare-file",
    title: "bare file writes",
    whose: "floor",
    lists: 0,
    load: async () => (await import("./bare-file.ts")).openBareFile,
  },
];
