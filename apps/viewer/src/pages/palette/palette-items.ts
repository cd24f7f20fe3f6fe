import type { SessionMetadata } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";
import { oneLine, titleOf, typeText } from "../../parts/session-title.ts";
import { EMPTY_LIST } from "../../url/list-state.ts";
import type { Route } from "../../url/route.ts";
import { sessionState } from "../../url/session-state.ts";
import { savedViews } from "../list/saved-views.ts";

/** A place that one can go to. */
export interface PaletteItem {
  readonly key: string;
  readonly label: string;
  /** What it is, in a word or two. */
  readonly kind: string;
  readonly route: Route;
}

const PAGES: readonly PaletteItem[] = [
  { key: "page list", label: "All sessions", kind: "page", route: { page: "list", list: EMPTY_LIST } },
  { key: "page runs", label: "Runs", kind: "page", route: { page: "runs" } },
  { key: "page stats", label: "Statistics", kind: "page", route: { page: "stats", list: EMPTY_LIST } },
  { key: "page settings", label: "Settings", kind: "page", route: { page: "settings" } },
  { key: "page help", label: "Keys and help", kind: "page", route: { page: "help" } },
];
const MOST_SESSIONS = 8;

/** The pages and views whose names hold a text; all of them where it is empty. */
export function placesFor(text: string): readonly PaletteItem[] {
  const views = savedViews.value.map(({ name, list }): PaletteItem => {
    return { key: `view ${name}`, label: oneLine(name, 80), kind: "view", route: { page: "list", list } };
  });
  return [...views, ...PAGES].filter((item) => fits(item, text));
}

/** Is a text a part of what something is called, or the beginning of its id? */
export function fits({ label, key }: PaletteItem, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return label.toLowerCase().includes(wanted) || key.startsWith(wanted);
}

/** The way to a search for a text, where there is one. */
export function searchFor(text: string): readonly PaletteItem[] {
  const words = text.trim();
  if (words === "") return [];
  const route: Route = { page: "list", list: { ...EMPTY_LIST, text: words } };
  return [{ key: "search", label: `Search for ${oneLine(words, 60)}`, kind: "search", route }];
}

/** The sessions whose id begins so, and those that changed last of whose name it is a part. */
export async function sessionsFor(text: string, signal: AbortSignal): Promise<readonly PaletteItem[]> {
  const wanted = text.trim();
  const prefix = wanted.toLowerCase();
  const [named, begun] = await Promise.all([
    calls().sessions.list.query(
      { ...(wanted !== "" && { filter: { nameContains: wanted } }), limit: MOST_SESSIONS },
      { signal },
    ),
    /^[0-9a-f][0-9a-f-]{3,35}$/.test(prefix)
      ? calls().sessions.resolve.query({ prefix, limit: MOST_SESSIONS }, { signal })
      : { items: [] },
  ]);
  const byId = new Map<string, SessionMetadata>(
    [...begun.items, ...named.items].map((each) => [each.id, each]),
  );
  return [...byId.values()].map((metadata) => ({
    key: metadata.id,
    label: titleOf(metadata),
    kind: typeText(metadata.sessionType),
    route: { page: "session", session: sessionState(metadata.id) },
  }));
}
