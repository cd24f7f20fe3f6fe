import type { OpenKeeper, Promised } from "./keeper.ts";

/** Everybody who is measured side by side. */
export interface CatalogEntry {
  readonly id: string;
  readonly title: string;
  readonly promises: readonly Promised[];
  readonly whose: "ours" | "peer" | "floor";
  /** Keeps sessions on a disk; otherwise in memory. */
  readonly onDisk: boolean;
  /** One file for each session, which others may read, write and tear. */
  readonly files: boolean;
  /** Whether it has a list of sessions. */
  readonly lists: boolean;
  /** Needs the packages of bench/peers. */
  readonly packages: boolean;
  /** The major version of Node that it needs at least. */
  readonly node: number;
  /** Loads its modules. */
  readonly load: () => Promise<OpenKeeper>;
}

const defaults = {
  promises: ["durable", "relaxed"],
  whose: "peer",
  onDisk: true,
  files: false,
  lists: true,
  packages: false,
  node: 20,
} as const;

/** Each loads its own modules only, since not all of them run on every Node. */
export const catalog: readonly CatalogEntry[] = [
  {
    ...defaults,
    id: "sqlite",
    title: "store-sqlite",
    whose: "ours",
    load: async () => (await import("./ours.ts")).loadSqlite(),
  },
  {
    ...defaults,
    id: "fs",
    title: "store-fs",
    whose: "ours",
    files: true,
    load: async () => (await import("./ours.ts")).loadFs(),
  },
  {
    ...defaults,
    id: "memory",
    title: "MemoryStore",
    whose: "ours",
    promises: ["relaxed"],
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
    promises: ["durable"],
    packages: true,
    load: async () => (await import("./adk.ts")).loadAdk(),
  },
  {
    ...defaults,
    id: "openai",
    title: "OpenAI Agents MemorySession",
    promises: ["relaxed"],
    onDisk: false,
    lists: false,
    packages: true,
    load: async () => (await import("./openai.ts")).loadOpenai(),
  },
  {
    ...defaults,
    id: "jsonl",
    title: "JSONL append log",
    files: true,
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
    whose: "floor",
    load: async () => (await import("./bare-sqlite.ts")).openBareSqlite,
  },
  {
    ...defaults,
    id: "bare-file",
    title: "bare file writes",
    whose: "floor",
    lists: false,
    load: async () => (await import("./bare-file.ts")).openBareFile,
  },
];
