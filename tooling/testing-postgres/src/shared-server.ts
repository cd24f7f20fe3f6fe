import type {} from "vitest";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of a database of the server that all tests share; `null` where there is none. */
    postgresUrl: string | null;
    /** Why there is none. */
    postgresMissing: string;
  }
}

let server: Awaited<ReturnType<typeof startPostgres>> | undefined;

/**
 * One server for all tests of a package, each of which takes a schema of its own; the one that
 * `THULP_TEST_POSTGRES` names, where it does. For `globalSetup` of Vitest. Tests that kill servers start
 * others.
 *
 * @throws in CI where there is no server.
 */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env["THULP_TEST_POSTGRES"];
  project.provide("postgresMissing", "");
  if (given !== undefined) {
    project.provide("postgresUrl", given);
    return;
  }
  server = await startPostgres({ settings: { fsync: "off" } });
  if (typeof server === "string") {
    // What is skipped on somebody's machine has to run somewhere.
    if (process.env["CI"] !== undefined) throw new Error(`In CI nothing is skipped: ${server}.`);
    project.provide("postgresMissing", server);
    project.provide("postgresUrl", null);
    return;
  }
  project.provide("postgresUrl", server.url);
}

export async function teardown(): Promise<void> {
  if (typeof server === "object") await server.close();
}
