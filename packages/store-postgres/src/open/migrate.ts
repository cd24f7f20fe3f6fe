import { randomUUID } from "node:crypto";
import { SessionError } from "@thulp-sessions/core";
import type { Result, Statement } from "../connection/connection.ts";
import type { Database } from "../connection/database.ts";
import { failureOf, sessionErrorOf } from "../connection/postgres-errors.ts";
import { readMigrations } from "./migrations.ts";

/** Of our advisory locks; the second number is the schema's. */
const LOCK_CLASS = 7_482_915;
/** How long it is tried to get the lock: another program may be migrating much. */
const MIGRATE_WITHIN_MS = 60_000;

/** What is there, before anything is made. */
interface Version {
  /** 0 where there are no tables. */
  readonly version: number;
  readonly minReader: number;
  readonly minWriter: number;
}

type Run = (statements: readonly Statement[]) => Promise<Result[]>;

/**
 * Brings the tables to this version, in one transaction that one program at a time can be in; where they are
 * up to date no lock is taken. drizzle's own migrator takes none: of programs that open an empty database at
 * the same moment about half fail.
 *
 * @returns how many migrations were applied.
 * @throws {SessionError} unsupported for tables of a newer version, and for old or missing ones where `apply`
 *   is false; busy, io.
 */
export async function migrate(database: Database, apply: boolean): Promise<number> {
  const migrations = readMigrations(database.schema);
  const since = Date.now();
  for (;;) {
    try {
      return await database.withClient(
        async (run) => {
          const found = checked(await versionIn(run, database), migrations.length, database);
          if (found.version >= migrations.length) return 0;
          if (!apply) throw tablesAreOld(database, found.version, migrations.length);
          return await applyAll(run, database, migrations);
        },
        { answerWithinMs: 0, pipeline: false },
      );
    } catch (error) {
      const isHeld = failureOf(error) === "timeout" || failureOf(error) === "raced";
      if (!isHeld || Date.now() - since > MIGRATE_WITHIN_MS) throw sessionErrorOf(error, database.location);
    }
  }
}

async function applyAll(
  run: Run,
  database: Database,
  migrations: readonly (readonly Statement[])[],
): Promise<number> {
  const { schema, settings } = database;
  await run([
    { text: "BEGIN" },
    { text: "SET LOCAL lock_timeout = '5s'" },
    // Of the transaction: a session's would be left behind in a connection of a pooler.
    { text: "SELECT pg_advisory_xact_lock($1::int4, hashtext($2))", values: [LOCK_CLASS, settings.schema] },
  ]);
  const { version } = checked(await versionIn(run, database), migrations.length, database);
  const [found] = await run([
    { text: "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", values: [settings.schema] },
  ]);
  const count = migrations.length;
  if (version >= count) {
    // Another program has done it meanwhile.
    await run([{ text: "COMMIT" }]);
    return 0;
  }
  await run([
    // Not IF NOT EXISTS, which asks for the right to make one where there is one.
    ...(found?.rows.length === 1 ? [] : [{ text: `CREATE SCHEMA ${schema}` }]),
    ...migrations.slice(version).flat(),
    version === 0
      ? {
          text: `INSERT INTO ${schema}.meta (store_id, version, min_reader, min_writer) VALUES ($1, $2, $2, $2)`,
          values: [randomUUID(), count],
        }
      : { text: `UPDATE ${schema}.meta SET version = $1, min_reader = $1, min_writer = $1`, values: [count] },
    { text: "COMMIT" },
  ]);
  return count - version;
}

async function versionIn(run: Run, { schema, settings }: Database): Promise<Version> {
  // Not to_regclass: it may answer from what this session has looked up before it waited for the lock.
  const [table] = await run([
    {
      text: `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'meta'`,
      values: [settings.schema],
    },
  ]);
  if (table?.rows.length !== 1) return { version: 0, minReader: 0, minWriter: 0 };
  const [found] = await run([{ text: `SELECT version, min_reader, min_writer FROM ${schema}.meta` }]);
  const [version = 0, minReader = 0, minWriter = 0] = found?.rows[0] ?? [];
  return { version, minReader, minWriter };
}

/** @throws {SessionError} unsupported */
function checked(found: Version, known: number, { location }: Database): Version {
  if (Math.max(found.minReader, found.minWriter) <= known) return found;
  throw new SessionError(
    "unsupported",
    `${location}: the tables are of a newer version of thulp-sessions (${found.version}, and this one knows ${known}). Use that one.`,
  );
}

function tablesAreOld({ location }: Database, version: number, known: number): SessionError {
  const what = version === 0 ? "there are no tables" : `the tables are of version ${version} of ${known}`;
  return new SessionError(
    "unsupported",
    `${location}: ${what}, and migrate=off leaves them so. Run thulp-sessions migrate as a role that may make tables.`,
  );
}
