import { Client } from "pg";
import { inject } from "vitest";

/** The reason why nothing here can be tested, for names of tests; `null` where there is a server. */
export const MISSING = inject("postgresUrl") === null ? inject("postgresMissing") : null;

/** A schema of its own. */
export interface Place {
  readonly schema: string;
  /** For `openPostgresStore`, with further parameters. */
  url(parameters?: string): string;
  /** Asks the database itself, past every store. */
  ask(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  dispose(): Promise<void>;
}

let count = 0;

export function newPlace(base = inject("postgresUrl") ?? ""): Place {
  const schema = `t${process.pid}_${Date.now().toString(36)}_${count++}`;
  const ask: Place["ask"] = async (text, values = []) => {
    const { pathname, hostname, port, username } = new URL(base);
    const client = new Client({
      host: decodeURIComponent(hostname),
      ...(port !== "" && { port: Number(port) }),
      user: username,
      database: pathname.slice(1),
    });
    await client.connect();
    try {
      return (await client.query(text.replaceAll("{schema}", schema), [...values])).rows;
    } finally {
      await client.end();
    }
  };
  return {
    schema,
    url: (parameters = "") => `${base}?schema=${schema}${parameters && `&${parameters}`}`,
    ask,
    dispose: async () => void (await ask("DROP SCHEMA IF EXISTS {schema} CASCADE")),
  };
}
