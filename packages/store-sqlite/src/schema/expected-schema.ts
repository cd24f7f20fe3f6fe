import { knownMigrations } from "../connection/application-id.ts";
import type { Client, Connect } from "../connection/driver.ts";

/** A row of `sqlite_schema`. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** The table that it belongs to. */
  readonly table: string;
  /** `null` for the indices that SQLite makes by itself. */
  readonly sql: string | null;
}

// The tables for search. What is in them follows from the sessions: they can be rebuilt at any time.
export const SEARCH_INDEX = "search_index";
export const SEARCH_PROGRESS = "search_progress";
export const SEARCH_PASSAGES = "search_passages";
const SEARCH_TABLES: readonly string[] = [SEARCH_INDEX, SEARCH_PROGRESS, SEARCH_PASSAGES];

/** True for the tables for search, and for those in which FTS5 keeps the index. */
export function isOfSearchIndex({ table }: Pick<SchemaObject, "table">): boolean {
  return SEARCH_TABLES.includes(table) || isFtsTable(table);
}

/** True for a table that FTS5 makes; its definition is that of the SQLite which made it. */
export function isFtsTable(table: string): boolean {
  return table.startsWith(`${SEARCH_INDEX}_`);
}

export function schemaOf(client: Client): SchemaObject[] {
  return client
    .prepare<[], SchemaObject>("SELECT type, name, tbl_name AS 'table', sql FROM sqlite_schema")
    .all();
}

const known = new Map<number, readonly SchemaObject[]>();

/**
 * What the migrations up to that version make of an empty database: they are carried out, so that nothing has
 * to be written down a second time.
 */
export function expectedSchema(connect: Connect, version: number): readonly SchemaObject[] {
  const before = known.get(version);
  if (before) return before;
  const client = connect(":memory:", {});
  try {
    applyMigrations(client, 0, version);
    const schema = schemaOf(client);
    known.set(version, schema);
    return schema;
  } finally {
    client.close();
  }
}

/** Carries out the migrations between two versions, within the transaction of the caller if there is one. */
export function applyMigrations(client: Client, from: number, to: number): void {
  for (const { sql } of knownMigrations().slice(from, to))
    for (const statement of sql) client.exec(statement);
}

/** The statements that make the tables for search, and their indices. */
export function searchDefinitions(schema: readonly SchemaObject[]): string[] {
  // FTS5 makes its tables by itself, and SQLite the indices that have no definition.
  const own = schema.filter((object) => isOfSearchIndex(object) && !isFtsTable(object.table));
  return own.flatMap(({ sql }) => (sql === null ? [] : [sql]));
}
