import { VERSION } from "../version.ts";

export interface BannerFacts {
  readonly url: string;
  readonly store: string;
  readonly sessionCount: number;
  /** Absent for a store whose durability is decided elsewhere. */
  readonly durability?: string | undefined;
  /** False for a store that may only be read. */
  readonly writable: boolean;
  readonly hasToken: boolean;
  readonly hint: string | null;
}

/** What a person who has started the server wants to know. */
export function banner(facts: BannerFacts): string {
  const { url, store, sessionCount, durability, writable, hasToken, hint } = facts;
  const access = writable ? (durability === undefined ? "" : `, durability ${durability}`) : ", read only";
  const sessions = `${sessionCount} ${sessionCount === 1 ? "session" : "sessions"}`;
  const header = hasToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  const lines = [
    `thulp-sessions ${VERSION}`,
    `  store     ${store} (${sessions}${access})`,
    `  address   ${url}${hasToken ? " (with the token)" : ""}`,
    `  try it    curl${header} ${url}/trpc/sessions.list`,
    `  or        import { createClient } from "@thulp-sessions/client";`,
    `            const client = createClient({ url: "${url}"${hasToken ? ", token" : ""} });`,
    "            const { items } = await client.sessions.list.query({ limit: 20 });",
    "  stop      Ctrl-C",
  ];
  if (hint !== null) lines.push("", `  ${hint}`);
  return `${lines.join("\n")}\n`;
}
