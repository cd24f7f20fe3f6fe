import { effect, signal } from "@preact/signals";
import { store, stored } from "../../browser-storage.ts";
import { type ListState, listParams, parseListState } from "../../url/list-state.ts";

/** A name for what a list shows. */
export interface SavedView {
  readonly name: string;
  readonly list: ListState;
}

const KEY = "thulp-views";
/** More than anybody finds again. */
const MOST_VIEWS = 50;
/** The longest name, in UTF-16 units. */
export const MOST_NAME = 80;
/** So many can be opened by a key: `1`, `2`, ... */
export const VIEW_KEYS = 5;

/** The views of this browser, in the order in which they were saved. */
export const savedViews = signal<readonly SavedView[]>(readViews(stored(KEY) ?? ""));
/** Whether a name is being asked for. */
export const isNaming = signal(false);

let last = writeViews(savedViews.value);
effect(() => {
  const text = writeViews(savedViews.value);
  if (text !== last) store(KEY, text);
  last = text;
});
addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  last = event.newValue ?? "";
  savedViews.value = readViews(last);
});

/** Saves a view, in the place of one of the same name. @returns whether there was room for it. */
export function saveView(name: string, list: ListState): boolean {
  const next = withView(savedViews.value, { name, list });
  if (next) savedViews.value = next;
  return next !== null;
}

export function removeView(name: string): void {
  savedViews.value = savedViews.value.filter((view) => view.name !== name);
}

/** Some views with another one, in the place of one of its name; `null` where there are too many. */
export function withView(
  views: readonly SavedView[],
  { name, list }: SavedView,
): readonly SavedView[] | null {
  const short = name.trim().slice(0, MOST_NAME).toWellFormed();
  if (short === "") return views;
  const view = { name: short, list };
  if (views.some((each) => each.name === short))
    return views.map((each) => (each.name === short ? view : each));
  return views.length < MOST_VIEWS ? [...views, view] : null;
}

/** The views that a text holds, as {@link writeViews} makes it: what is none is left out. */
export function readViews(text: string): readonly SavedView[] {
  let views: readonly SavedView[] = [];
  for (const line of text.split("\n")) {
    const at = line.indexOf("?");
    const name = at < 0 ? null : decoded(line.slice(0, at));
    if (name === null) continue;
    const list = parseListState(new URLSearchParams(line.slice(at + 1)));
    views = withView(views, { name, list }) ?? views;
  }
  return views;
}

/** A line for each view: its name, encoded, and the query of its URL. */
export function writeViews(views: readonly SavedView[]): string {
  return views.map(({ name, list }) => `${encodeURIComponent(name)}?${listParams(list)}`).join("\n");
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
