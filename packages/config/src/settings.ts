import type { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import type { Durability } from "./open-store.ts";
import type { Given } from "./source.ts";
import { formatStoreUrl, parseStoreUrl } from "./store-url.ts";

/** Every setting, with its flag, its variable, and the check that makes a value of what was given. */
export interface Settings {
  /** The store's URL, its path absolute. */
  readonly store: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly token: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly durability: Durability;
  /** Bounds on every session, together with those of each call; `undefined` does not bind. */
  readonly maxTurns: number | undefined;
  readonly maxEntries: number | undefined;
  readonly maxDurationMs: number | undefined;
  /** What an append does that meets one of them; `undefined` where there is none. */
  readonly limitAction: LimitAction | undefined;
  /** How many writes may wait before the server answers `busy`. */
  readonly maxWaitingWrites: number;
  readonly logLevel: LogLevel;
}

export type LimitAction = "error" | "end_session" | "ignore";
/** `info`: start, stop, warnings and the server's own failures; `debug`: every request too. */
export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";

export type SettingName = keyof Settings;

export const SETTING_NAMES = [
  "store",
  "host",
  "port",
  "token",
  "allowedOrigins",
  "durability",
  "maxTurns",
  "maxEntries",
  "maxDurationMs",
  "limitAction",
  "maxWaitingWrites",
  "logLevel",
] as const;

export const FLAGS: Readonly<Record<SettingName, string>> = {
  store: "--store",
  host: "--host",
  port: "--port",
  token: "--token",
  allowedOrigins: "--allowed-origins",
  durability: "--durability",
  maxTurns: "--max-turns",
  maxEntries: "--max-entries",
  maxDurationMs: "--max-duration-ms",
  limitAction: "--limit-action",
  maxWaitingWrites: "--max-waiting-writes",
  logLevel: "--log-level",
};

export const VARIABLES: Readonly<Record<SettingName, string>> = {
  store: "THULP_SESSIONS_STORE",
  host: "THULP_SESSIONS_HOST",
  port: "THULP_SESSIONS_PORT",
  token: "THULP_SESSIONS_TOKEN",
  allowedOrigins: "THULP_SESSIONS_ALLOWED_ORIGINS",
  durability: "THULP_SESSIONS_DURABILITY",
  maxTurns: "THULP_SESSIONS_MAX_TURNS",
  maxEntries: "THULP_SESSIONS_MAX_ENTRIES",
  maxDurationMs: "THULP_SESSIONS_MAX_DURATION_MS",
  limitAction: "THULP_SESSIONS_LIMIT_ACTION",
  maxWaitingWrites: "THULP_SESSIONS_MAX_WAITING_WRITES",
  logLevel: "THULP_SESSIONS_LOG_LEVEL",
};

/** Checks what was given for each setting. `base` is the folder that relative paths are relative to. */
export const CHECKS: { readonly [K in SettingName]: (given: Given, base: string) => Settings[K] } = {
  store(given, base) {
    const url = text(given, "a store URL");
    try {
      return formatStoreUrl(parseStoreUrl(url, base));
    } catch (error) {
      throw bad(given, error instanceof Error ? error.message : String(error));
    }
  },
  host(given) {
    const host = text(given, "a host name or an address");
    const bare = host.replace(/^\[(.*)\]$/, "$1");
    if (/^[A-Za-z0-9._:%-]+$/.test(bare)) return bare;
    throw bad(given, `${quote(host)} is no host name or address.`);
  },
  port(given) {
    const { value, source } = given;
    const port =
      source.kind === "file" ? value : /^\d{1,5}$/.test(text(given, "a port")) ? Number(value) : null;
    if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
    throw bad(given, `${quote(value)} is no port: expected a whole number from 0 to 65535.`);
  },
  token(given) {
    const token = text(given, "a token");
    if (/^[\x21-\x7e]+$/.test(token)) return token;
    // Not shown: it may be the secret with a typing error.
    throw bad(
      given,
      "the token holds characters that no header can carry: use visible ASCII without spaces.",
    );
  },
  allowedOrigins(given) {
    const { value, source } = given;
    const list =
      source.kind === "file"
        ? value
        : text(given, "origins")
            .split(",")
            .map((each) => each.trim());
    if (!Array.isArray(list))
      throw bad(given, `${quote(value)} is no list: expected e.g. ["http://localhost:3000"].`);
    return list.map((each) => origin(given, each));
  },
  durability: (given) => oneOf(given, ["full", "relaxed"], "durability"),
  maxTurns: (given) => wholeNumber(given, 0, "number of turns"),
  maxEntries: (given) => wholeNumber(given, 0, "number of entries"),
  maxDurationMs: (given) => wholeNumber(given, 0, "number of milliseconds"),
  limitAction: (given) => oneOf(given, ["error", "end_session", "ignore"], "action"),
  maxWaitingWrites: (given) => wholeNumber(given, 1, "number of writes"),
  logLevel: (given) => oneOf(given, ["silent", "error", "warn", "info", "debug"], "level"),
};

/** The refusal of a value, with where it was given. */
export function bad({ source }: Given, message: string): SessionError {
  return invalidInput(`${source.name}: ${message}`, { field: source.name });
}

function text(given: Given, expected: string): string {
  if (typeof given.value !== "string")
    throw bad(given, `${quote(given.value)} is no text: expected ${expected}.`);
  if (given.value.trim() === "") throw bad(given, `it is empty: expected ${expected}, or leave it out.`);
  return given.value;
}

function oneOf<const T extends string>(given: Given, values: readonly T[], noun: string): T {
  const expected = `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
  const value = text(given, expected);
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  throw bad(given, `${quote(value)} is no ${noun}: expected ${expected}.`);
}

function wholeNumber(given: Given, min: number, noun: string): number {
  const { value, source } = given;
  const number =
    source.kind === "file" ? value : /^\d{1,15}$/.test(text(given, `a ${noun}`)) ? Number(value) : null;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= min) return number;
  throw bad(given, `${quote(value)} is no ${noun}: expected a whole number from ${min}.`);
}

function origin(given: Given, value: unknown): string {
  if (value === "*") throw bad(given, 'the origin "*" would let in every web page: name the ones you mean.');
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  if (url && (url.protocol === "http:" || url.protocol === "https:") && url.origin === value) return value;
  const hint = url && url.origin !== "null" ? ` Did you mean ${url.origin}?` : "";
  throw bad(
    given,
    `${quote(value)} is no origin: expected e.g. http://localhost:3000, without a path.${hint}`,
  );
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}
