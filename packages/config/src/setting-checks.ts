import type { SessionError } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import type { Given } from "./source.ts";
import { formatStoreUrl, parseStoreUrl } from "./store-url.ts";

// Each check makes a value of what was given, or refuses it and says where it was given.

/** @param base the folder that a relative path is relative to. */
export function checkStoreUrl(given: Given, base: string): string {
  const url = text(given, "a store URL");
  try {
    return formatStoreUrl(parseStoreUrl(url, base));
  } catch (error) {
    throw bad(given, error instanceof Error ? error.message : String(error));
  }
}

export function checkHost(given: Given): string {
  const host = text(given, "a host name or an address");
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (/^[A-Za-z0-9._:%-]+$/.test(bare)) return bare;
  throw bad(given, `${quote(host)} is no host name or address.`);
}

export function checkPort(given: Given): number {
  const { value, source } = given;
  const port =
    source.kind === "file" ? value : /^\d{1,5}$/.test(text(given, "a port")) ? Number(value) : null;
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw bad(given, `${quote(value)} is no port: expected a whole number from 0 to 65535.`);
}

export function checkToken(given: Given): string {
  const token = text(given, "a token");
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  // Not shown: it may be the secret with a typing error.
  throw bad(given, "the token holds characters that no header can carry: use visible ASCII without spaces.");
}

export function checkOrigins(given: Given): string[] {
  return listOf(given, "origins", "http://localhost:3000").map((each) => origin(given, each));
}

export function checkHosts(given: Given): string[] {
  return listOf(given, "names of hosts", "sessions.internal").map((each) => hostName(given, each));
}

function listOf(given: Given, noun: string, example: string): unknown[] {
  const { value, source } = given;
  if (source.kind !== "file")
    return text(given, noun)
      .split(",")
      .map((each) => each.trim());
  if (Array.isArray(value)) return value;
  throw bad(given, `${quote(value)} is no list: expected e.g. [${JSON.stringify(example)}].`);
}

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

export function oneOf<const T extends string>(given: Given, values: readonly T[], noun: string): T {
  const expected = `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
  const value = text(given, expected);
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  throw bad(given, `${quote(value)} is no ${noun}: expected ${expected}.`);
}

export function trueOrFalse(given: Given): boolean {
  const { value, source } = given;
  if (source.kind === "file") {
    if (typeof value === "boolean") return value;
    throw bad(given, `${quote(value)} is neither true nor false.`);
  }
  return oneOf(given, ["true", "false"], "switch") === "true";
}

export function wholeNumber(given: Given, min: number, noun: string): number {
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

function hostName(given: Given, value: unknown): string {
  if (value === "*") throw bad(given, 'the name "*" would let in every web page: name the ones you mean.');
  const [, name, port] = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/.exec(String(value).toLowerCase()) ?? [];
  if (typeof value === "string" && name !== undefined && port === undefined) return name;
  const hint = name === undefined ? "" : ` Did you mean ${name}?`;
  throw bad(
    given,
    `${quote(value)} is no name of a host: expected e.g. sessions.internal, without a port.${hint}`,
  );
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}
