import { SessionError } from "@thulp-sessions/core";
import type { Database } from "../connection/database.ts";

const OLDEST_VERSION = 140_000;

/**
 * Looks at what the server is, and at its settings that take back what is promised.
 *
 * @throws {SessionError} unsupported for a server that cannot be used.
 */
export async function checkServer(database: Database): Promise<void> {
  const { location, options } = database;
  const names = ["server_version_num", "server_encoding", "fsync", "full_page_writes", "synchronous_commit"];
  const columns = names.map((name) => `current_setting('${name}')`).join(", ");
  const { rows } = await database.run({ text: `SELECT ${columns}, pg_is_in_recovery()` });
  const [version, encoding, fsync, fullPageWrites, synchronousCommit, isStandby] = rows[0] ?? [];
  const refuse = (reason: string) => new SessionError("unsupported", `${location}: ${reason}`);
  if (Number(version) < OLDEST_VERSION)
    throw refuse(
      `PostgreSQL ${Math.floor(Number(version) / 10_000)} is too old: 14 is the oldest that works.`,
    );
  if (encoding !== "UTF8")
    throw refuse(`the database is encoded in ${encoding}: make one with ENCODING 'UTF8' TEMPLATE template0.`);
  if (isStandby === true)
    throw refuse("this is a standby, which only reads: name the primary, or the endpoint that follows it.");
  for (const [name, value] of [
    ["fsync", fsync],
    ["full_page_writes", fullPageWrites],
  ]) {
    if (value === "off")
      options.warn(`${location}: ${name} is off: when its machine loses power, the database may be lost.`);
  }
  const isWeak = synchronousCommit === "off" || synchronousCommit === "local";
  if (options.durability === "full" && isWeak) database.synchronousCommit = "on";
}

/**
 * Takes out of the log of commits what has come with a dump from another server: there the numbers of
 * transactions went further, and to watchers each such row would seem new for ever.
 */
export async function forgetForeignCommits(database: Database): Promise<void> {
  const { schema } = database;
  const ahead = `FROM ${schema}.commits WHERE tx >= pg_snapshot_xmax(pg_current_snapshot())`;
  const { rows } = await database.run({ text: `SELECT 1 ${ahead} LIMIT 1` });
  if (rows.length > 0) await database.run({ text: `DELETE ${ahead}` });
}
