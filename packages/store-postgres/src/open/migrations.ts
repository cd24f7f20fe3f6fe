import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Statement } from "../connection/connection.ts";
import { MIGRATIONS_FOLDER } from "../migrations-folder.ts";

/** How tables are called in the generated SQL; the URL may name another schema. */
const GENERATED_SCHEMA = '"thulp_sessions"';

/** The migrations that drizzle-kit has generated, each as its statements, in their order. */
export function readMigrations(schema: string): readonly (readonly Statement[])[] {
  const journal = JSON.parse(readFileSync(join(MIGRATIONS_FOLDER, "meta", "_journal.json"), "utf8"));
  return (journal.entries as readonly { tag: string }[]).map(({ tag }) =>
    readFileSync(join(MIGRATIONS_FOLDER, `${tag}.sql`), "utf8")
      .split("--> statement-breakpoint")
      .map((text) => ({ text: text.replaceAll(GENERATED_SCHEMA, schema) })),
  );
}
