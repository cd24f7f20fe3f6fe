import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { invalidInput } from "@thulp-sessions/core/store";
import type { ClientConfig } from "pg";

/** What the URL of a database says. */
export interface PostgresSettings {
  /** Without a password: for messages. */
  readonly location: string;
  /** For `pg`. */
  readonly client: ClientConfig;
  readonly schema: string;
  /** How many connections write, each for its part of the sessions. */
  readonly lanes: number;
  /** How many connections read, at most. */
  readonly pool: number;
  readonly pipeline: boolean;
  readonly prepare: boolean;
  /** The tables are made and brought up to date where they are missing or old. */
  readonly migrate: boolean;
  /** The words of entries and names are indexed, and searched for. */
  readonly search: boolean;
}

const PARAMETERS = [
  "schema",
  "sslmode",
  "sslrootcert",
  "lanes",
  "pool",
  "pipeline",
  "prepare",
  "migrate",
  "search",
] as const;
type Parameter = (typeof PARAMETERS)[number];

const CONNECT_WITHIN_MS = 5_000;

/**
 * Reads `postgres://USER@HOST:PORT/DATABASE?PARAMETERS`; a folder in place of the host, percent-encoded, is
 * that of a socket. No message quotes the password.
 *
 * @throws {SessionError} invalid_input
 */
export function parsePostgresUrl(text: string, givenPassword?: string): PostgresSettings {
  const url = /^postgres(ql)?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (!url) throw refused("it is not a URL: expected e.g. postgres://user@host:5432/database");
  const database = decoded(url.pathname.slice(1), "the database");
  if (database === "" || database.includes("/"))
    throw refused("it names no database: expected e.g. postgres://user@host:5432/database");
  if (url.hash !== "") throw refused("a fragment means nothing here: write # as %23");
  const host = decoded(url.hostname, "the host").replace(/^\[(.*)\]$/, "$1") || "localhost";
  if (host.includes(",")) throw refused("it names several hosts: name the endpoint that follows a failover");
  const given = parametersOf(url.searchParams);
  const schema = given.schema ?? "thulp_sessions";
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw refused("schema has to begin with a letter or _, followed by at most 62 of a-z, 0-9 and _");
  const user = decoded(url.username, "the user");
  const password = givenPassword ?? decoded(url.password, "the password");
  return {
    location: locationOf(url),
    client: {
      host,
      port: url.port === "" ? 5432 : Number(url.port),
      database,
      ...(user !== "" && { user }),
      ...(password !== "" && { password }),
      ssl: tlsOf(given, host),
      application_name: "thulp-sessions",
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      keepAlive: true,
      enableChannelBinding: true,
    },
    schema,
    lanes: numberOf("lanes", given.lanes, 1, 64),
    pool: numberOf("pool", given.pool, 4, 1000),
    pipeline: isOn("pipeline", given.pipeline),
    prepare: isOn("prepare", given.prepare),
    migrate: isOn("migrate", given.migrate),
    search: isOn("search", given.search),
  };
}

function parametersOf(search: URLSearchParams): { readonly [K in Parameter]?: string } {
  const given: { [K in Parameter]?: string } = {};
  for (const [name, value] of search) {
    const known = PARAMETERS.find((each) => each === name);
    if (!known) {
      const shown = JSON.stringify(name.slice(0, 40));
      throw refused(`the parameter ${shown} is unknown: expected one of ${PARAMETERS.join(", ")}`);
    }
    if (given[known] !== undefined) throw refused(`it gives ${known} twice`);
    given[known] = value;
  }
  return given;
}

/** Beyond this machine the server has to prove who it is, unless somebody has decided otherwise. */
function tlsOf({ sslmode, sslrootcert }: { sslmode?: string; sslrootcert?: string }, host: string) {
  const isNear = host.startsWith("/") || isLoopback(host);
  const mode = sslmode ?? (isNear && sslrootcert === undefined ? "disable" : "verify-full");
  if (mode === "disable" || mode === "no-verify") {
    if (sslrootcert !== undefined) throw refused(`sslrootcert means nothing with sslmode=${mode}`);
    return mode === "disable" ? false : { rejectUnauthorized: false };
  }
  if (mode !== "verify-full" && mode !== "verify-ca") {
    throw refused(
      "sslmode is one of verify-full (beyond this machine the default), verify-ca (any name), no-verify " +
        "(encrypted, but to any server) and disable",
    );
  }
  return {
    rejectUnauthorized: true,
    ...(sslrootcert !== undefined && { ca: certificateIn(sslrootcert) }),
    ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }),
  };
}

function certificateIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw refused(`sslrootcert cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function isOn(name: Parameter, value = "on"): boolean {
  if (value !== "on" && value !== "off") throw refused(`${name} is on or off`);
  return value === "on";
}

function numberOf(name: Parameter, text: string | undefined, byDefault: number, max: number): number {
  if (text === undefined) return byDefault;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw refused(`${name} is a number from 1 to ${max}`);
  return value;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(`the percent-encoding of ${what} is broken`);
  }
}

/** What a person may see: neither the password nor the parameters, some of which are paths. */
function locationOf(url: URL): string {
  const user = url.username === "" ? "" : `${url.username}@`;
  const schema = url.searchParams.get("schema");
  return `postgres://${user}${url.host}${url.pathname}${schema === null ? "" : `?schema=${schema}`}`;
}

function refused(reason: string) {
  return invalidInput(`The URL of the database is none: ${reason}.`, { field: "store" });
}
