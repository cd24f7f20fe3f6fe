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
  /** To open in a browser, or why there is nothing to open; `null` where the viewer is left out. */
  readonly viewer: { readonly address: string } | { readonly problem: string } | null;
  readonly hint: string | null;
}

/** What a person who has started the server wants to know. */
export function banner(facts: BannerFacts): string {
  const { url, store, sessionCount, durability, writable, hasToken, viewer, hint } = facts;
  const access = writable ? (durability === undefined ? "" : `, durability ${durability}`) : ", read only";
  const sessions = `${sessionCount} ${sessionCount === 1 ? "session" : "sessions"}`;
  const header = hasToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  const lines = [
    `thulp-sessions ${VERSION}`,
    `  store     ${store} (${sessions}${access})`,
    `  address   ${url}${hasToken ? " (with the token)" : ""}`,
    ...viewerLines(viewer, hasToken),
    ...(!hasToken ? [OPEN_TO_ALL] : []),
    `  try it    curl${header} ${url}/trpc/sessions.list`,
    `  or        import { createClient } from "@thulp-sessions/client";`,
    `            const client = createClient({ url: "${url}"${hasToken ? ", token" : ""} });`,
    "            const { items } = await client.sessions.list.query({ limit: 20 });",
    "  stop      Ctrl-C",
  ];
  if (hint !== null) lines.push("", `  ${hint}`);
  return `${lines.join("\n")}\n`;
}

/** What nobody should find out by surprise. */
const OPEN_TO_ALL = "  access    without a token: for every user of this machine; --token auto makes one";

function viewerLines(viewer: BannerFacts["viewer"], hasToken: boolean): string[] {
  if (viewer === null) return [];
  if ("problem" in viewer) return [`  look      ${viewer.problem}`];
  const once = hasToken ? "  (once, within 10 minutes; then: thulp-sessions open)" : "";
  return [`  look      ${viewer.address}${once}`];
}
