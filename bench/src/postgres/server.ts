import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "@thulp-sessions/testing-postgres";
import { Client } from "pg";
import { quantiles, withFolder } from "../harness/compare.ts";
import { printTable, recordFigure } from "../harness/recording.ts";

/** A PostgreSQL of one bench, as it comes but for the number of connections; gone after it. */
export interface BenchServer {
  readonly folder: string;
  readonly version: string;
  /** For a store, in a schema of its own. */
  url(schema: string, parameters?: string): string;
  /** For anybody else, who has the database `name` for himself. */
  database(name: string): Promise<string>;
  /** A connection as a program without a store would have it. */
  connect(): Promise<Client>;
}

/**
 * Runs a bench on a server; where none can be had, says so in place of its table.
 *
 * @param settings of the server that are not as it comes.
 */
export async function withPostgres(
  bench: string,
  work: (server: BenchServer) => Promise<void>,
  settings: Readonly<Record<string, number>> = {},
): Promise<void> {
  const started = await startPostgres({ settings: { max_connections: 250, ...settings } });
  if (typeof started === "string") {
    const title = `${bench}: not measured here`;
    printTable({ title, columns: [], rows: [{ name: "store-postgres", cells: [], skipped: started }] });
    return;
  }
  const { url, folder, version } = started;
  const open = new Set<Client>();
  const connect = async () => {
    const client = new Client({ host: folder, user: "postgres", database: "postgres" });
    // A server that ends before its clients is no error of theirs.
    client.on("error", () => {});
    await client.connect();
    open.add(client);
    return client;
  };
  try {
    await work({
      folder,
      version,
      url: (schema, parameters = "") => `${url}?schema=${schema}${parameters && `&${parameters}`}`,
      async database(name) {
        const client = await connect();
        await client.query(`CREATE DATABASE ${name}`);
        return url.replace(/[^/]+$/, name);
      },
      connect,
    });
  } finally {
    for (const client of open) await client.end();
    await started.close();
  }
}

/** Reports how long a sync of 8 KiB takes on the disk that the server lies on, in milliseconds. */
export async function reportSync(): Promise<void> {
  const times: number[] = [];
  await withFolder(async (folder) => {
    const file = openSync(join(folder, "synced"), "w");
    for (let i = 0; i < 60; i++) {
      const start = performance.now();
      writeSync(file, Buffer.alloc(8192, i), 0, 8192, 0);
      fdatasyncSync(file);
      times.push(performance.now() - start);
    }
    closeSync(file);
  });
  const at = quantiles(times);
  recordFigure({
    what: "a sync of 8 KiB on this disk",
    value: at(0.5),
    low: at(0.25),
    high: at(0.75),
    unit: " ms",
  });
}
