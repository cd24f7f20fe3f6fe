import { startPostgres } from "@thulp-sessions/testing-postgres";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Of the server behind the shards; `null` where there is none. */
    postgresUrl: string | null;
    /** Why there is none. */
    postgresMissing: string;
  }
}

let server: Awaited<ReturnType<typeof startPostgres>> | undefined;

/** One server for the suite: a shard there is a schema. Tests that kill servers start their own. */
export async function setup(project: TestProject): Promise<void> {
  server = await startPostgres();
  const isThere = typeof server !== "string";
  // What is skipped on somebody's machine has to run somewhere.
  if (!isThere && process.env["CI"] !== undefined) throw new Error(`In CI nothing is skipped: ${server}.`);
  project.provide("postgresMissing", typeof server === "string" ? server : "");
  project.provide("postgresUrl", typeof server === "string" ? null : server.url);
}

export async function teardown(): Promise<void> {
  if (typeof server === "object") await server.close();
}
