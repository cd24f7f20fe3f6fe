import { SessionError } from "@thulp-sessions/core";
import { refused } from "../connection/application-id.ts";
import { isFtsTable, isOfSearchIndex, type SchemaObject } from "./expected-schema.ts";
import { quotedName } from "./quoted-name.ts";

/** How a schema differs from that which the migrations make. */
export interface SchemaDifference {
  /** What is not ours: triggers, views, tables and indices of others, definitions that were changed. */
  readonly foreign: readonly string[];
  /** Tables and indices that are not there, those for search excepted. */
  readonly missing: readonly string[];
  /** Tables for search that are not there: they can be rebuilt. */
  readonly missingForSearch: readonly string[];
}

/** What `ANALYZE` leaves behind, also that of other tools. It only changes how SQLite plans its queries. */
const STATISTICS = new Map([
  ["sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"],
  ["sqlite_stat4", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"],
]);

/** Nothing of what is compared is carried out. */
export function compareSchema(
  actual: readonly SchemaObject[],
  expected: readonly SchemaObject[],
): SchemaDifference {
  const rest = new Map(expected.map((object) => [keyOf(object), object]));
  const foreign: string[] = [];
  for (const object of actual) {
    const own = rest.get(keyOf(object));
    if (own && isSame(object, own)) rest.delete(keyOf(object));
    else if (own) {
      rest.delete(keyOf(object));
      foreign.push(`${describe(object)}, whose definition was changed`);
    } else if (!isStatistics(object)) foreign.push(describe(object));
  }
  const missing = [...rest.values()];
  return {
    foreign,
    missing: missing.filter((object) => !isOfSearchIndex(object)).map(describe),
    missingForSearch: missing.filter(isOfSearchIndex).map(describe),
  };
}

/** @throws {SessionError} unsupported for a schema that is not ours; corrupt where parts of it are lost. */
export function refuseDifference(file: string, { foreign, missing }: SchemaDifference): void {
  if (foreign.length > 0) {
    throw refused(
      file,
      `has something in it that thulp-sessions has not made and that could change what it does: ${inWords(foreign)}. ` +
        "Nothing in it was used. If you made it yourself, drop it with another program; if the file is somebody else's, do not " +
        "trust it: thulp-sessions recover TO takes out the sessions alone",
      { field: SCHEMA_FIELD },
    );
  }
  if (missing.length > 0) {
    throw new SessionError(
      "corrupt",
      `${file} lacks parts of its tables: ${inWords(missing)}. It was left as it is; thulp-sessions recover TO writes what ` +
        "can be read into a new file.",
      { details: { path: file, field: SCHEMA_FIELD } },
    );
  }
}

/** `field` in the details of errors about the schema. */
export const SCHEMA_FIELD = "schema";

const MOST_NAMES = 10;

function inWords(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function keyOf({ type, name }: SchemaObject): string {
  return `${type}\0${name}`;
}

function isSame(object: SchemaObject, own: SchemaObject): boolean {
  if (object.table !== own.table) return false;
  if (object.type === "table" && isFtsTable(object.name)) return true;
  return inOneLine(object.sql) === inOneLine(own.sql);
}

/** Versions of SQLite may differ in the white space that they put in when they change a definition. */
function inOneLine(sql: string | null): string | null {
  return typeof sql === "string" ? sql.replace(/\s+/g, " ") : sql;
}

function isStatistics({ type, name, sql }: SchemaObject): boolean {
  return type === "table" && STATISTICS.get(name) === sql;
}

function describe({ type, name, table }: SchemaObject): string {
  return `${quotedName(type, "")} ${quotedName(name)}${name === table ? "" : ` on ${quotedName(table)}`}`;
}
