import type { StoredEntry, ViewedEntry } from "@thulp-sessions/core";
import {
  callTitle,
  DEFAULT_VIEW,
  defaultParts,
  type EntryView,
  EntryViews,
  type ViewPart,
  viewedParts,
} from "@thulp-sessions/core/view";
import { AGENT_VIEWS } from "@thulp-sessions/transcripts/views";
import { createContext } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

const views = new EntryViews(AGENT_VIEWS);

/** How the entries of the session that is looked at are read. */
export const EntryViewContext = createContext<EntryView>(DEFAULT_VIEW);

/** The view of a session. Rejects where it cannot be loaded: figures by another one would be wrong. */
export function viewOf(tags: readonly string[]): Promise<EntryView> {
  return views.of(tags);
}

/** The view of a session; where it cannot be loaded, contents are shown as those of any other session. */
export async function loadView(tags: readonly string[]): Promise<EntryView> {
  return viewOf(tags).catch(() => DEFAULT_VIEW);
}

/**
 * The same; `null` until the first one is loaded: what is drawn by another one would be other rows when it
 * comes, and the place that was gone to another row.
 */
export function useEntryView(tags: readonly string[] | undefined): EntryView | null {
  const [view, setView] = useState<EntryView | null>(null);
  const key = tags && JSON.stringify(tags);
  useLayoutEffect(() => {
    if (!tags) return;
    let isCurrent = true;
    void loadView(tags).then((loaded) => isCurrent && setView(loaded));
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return view;
}

type Shown = Pick<StoredEntry | ViewedEntry, "entryType" | "content" | "timestamp">;

/** What a person sees of an entry. */
export function shownParts(view: EntryView, entry: Shown): readonly ViewPart[] {
  return view.parts(entry) ?? defaultParts(entry.content, entry.entryType);
}

/** What an entry is about, for its one line; empty where there is no text. */
export function entryTitle(view: EntryView, entry: Shown): string {
  const parts = viewedParts(view, entry);
  if (!parts) return callTitle(entry.content);
  for (const part of parts) {
    const title =
      part.type === "call" ? callTitle(part.input) : "text" in part ? part.text : callTitle(part.value);
    if (title.trim() !== "") return title;
  }
  return "";
}
