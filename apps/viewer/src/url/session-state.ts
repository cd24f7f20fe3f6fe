import { oneOf, textOf } from "./url-text.ts";

export const SESSION_TABS = ["conversation", "data", "context", "raw", "export"] as const;
/** One of {@link SESSION_TABS}. */
type SessionTab = (typeof SESSION_TABS)[number];

/** Which entries are shown: all, or those of a kind. */
export const ENTRY_KINDS = ["all", "messages", "tools", "failed", "results"] as const;
/** One of {@link ENTRY_KINDS}. */
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Some entries that follow each other, the last included. */
export interface EntryRange {
  readonly first: number;
  readonly last: number;
}

/** What is shown of one session. */
export interface SessionState {
  /** A session's id, or its beginning. */
  readonly id: string;
  readonly tab: SessionTab;
  readonly kind: EntryKind;
  /** Only calls of this tool; empty for all. */
  readonly tool: string;
  /** What is looked for within the session. */
  readonly find: string;
  /** The entries that a link points at: `#e123` or `#e120-131`. */
  readonly range: EntryRange | null;
}

/** The conversation of a session, from its end. */
export function sessionState(id: string, range: EntryRange | null = null): SessionState {
  return { id, tab: "conversation", kind: "all", tool: "", find: "", range };
}

export function parseSessionState(id: string, params: URLSearchParams, hash: string): SessionState {
  return {
    id,
    tab: oneOf(params, "tab", SESSION_TABS),
    kind: oneOf(params, "k", ENTRY_KINDS),
    tool: textOf(params, "tool"),
    find: textOf(params, "q"),
    range: parseRange(hash),
  };
}

export function sessionParams({ tab, kind, tool, find }: SessionState): URLSearchParams {
  const params = new URLSearchParams();
  if (tab !== "conversation") params.set("tab", tab);
  if (kind !== "all") params.set("k", kind);
  if (tool !== "") params.set("tool", tool);
  if (find !== "") params.set("q", find);
  return params;
}

export function sessionHash({ range }: SessionState): string {
  if (range === null) return "";
  return range.first === range.last ? `#e${range.first}` : `#e${range.first}-${range.last}`;
}

function parseRange(hash: string): EntryRange | null {
  const [, from, to] = /^#e(\d{1,15})(?:-(\d{1,15}))?$/.exec(hash) ?? [];
  if (from === undefined) return null;
  const first = Number(from);
  const last = to === undefined ? first : Number(to);
  return first <= last ? { first, last } : { first: last, last: first };
}
