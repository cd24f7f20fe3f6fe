import { type CatalogEntry, defaults } from "./catalog.ts";

/** Peers that keep sessions in PostgreSQL. They open no folder, but the URL of a database. */
export const postgresCatalog: readonly CatalogEntry[] = [
  {
    ...defaults,
    id: "mastra-postgres",
    title: "Mastra PostgresStore",
    durabilities: ["durable"],
    packages: true,
    node: 22,
    load: async () => (await import("./mastra.ts")).loadMastraPostgres(),
  },
  {
    ...defaults,
    id: "langgraph-postgres",
    title: "LangGraph PostgresSaver",
    durabilities: ["durable"],
    packages: true,
    load: async () => (await import("./langgraph.ts")).loadLanggraphPostgres(),
  },
];
