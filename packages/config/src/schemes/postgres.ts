import { invalidInput } from "@thulp-sessions/core/store";
import { refused } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

type PostgresLocation = Extract<StoreLocation, { kind: "postgres" }>;

/**
 * The passwords of URLs that were read, by the URL without it. A URL is printed in many places, and goes into
 * logs: so a password goes no further than this, until the store is opened.
 */
const passwords = new Map<string, string>();

export const postgresScheme: StoreScheme<PostgresLocation> = {
  schemes: ["postgres", "postgresql"],
  form: "postgres://HOST/DB",
  parse: ({ text }) => ({ kind: "postgres", url: withoutPassword(text) }),
  format: ({ url }) => url,
  placeOf: () => null,
  isRemote: true,
  takesDurability: true,
  async open({ url }, { durability = "full", deletion, readOnly, onWarning }) {
    // To take it and do nothing would be to promise what nobody keeps.
    if (deletion === "secure") {
      throw invalidInput(
        `${url}: deletion "secure" is for sqlite: stores. PostgreSQL keeps what was deleted until it is vacuumed, and longer in its log and backups: docs/privacy.md.`,
        { field: "deletion" },
      );
    }
    const { openPostgresStore } = await import("@thulp-sessions/store-postgres");
    return openPostgresStore({ url, password: passwords.get(url), durability, readOnly, onWarning });
  },
  async maintenance({ url }) {
    const { postgresMaintenance } = await import("@thulp-sessions/store-postgres");
    return postgresMaintenance({ url, password: passwords.get(url) });
  },
};

// The store says what is wrong with the rest: it is loaded only when it is opened.
function withoutPassword(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.pathname.length < 2)
    throw refused(text, "it names no database: expected e.g. postgres://user@host:5432/database");
  const { password } = url;
  url.password = "";
  if (password !== "") passwords.set(url.href, decoded(password, text));
  return url.href;
}

function decoded(password: string, text: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    throw refused(text, "the percent-encoding of the password is broken: write % as %25");
  }
}
