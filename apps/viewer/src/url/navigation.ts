import { signal } from "@preact/signals";
import { hrefOf, routeOf } from "./href.ts";
import type { Route } from "./route.ts";

/** What is shown now. */
export const route = signal<Route>(routeOf(new URL(location.href)));

/** Where on the page before people were, by the number of its place in the history. */
const offsets = new Map<number, number>();
let place = placeOf(history.state);
history.replaceState({ place }, "");

/**
 * Shows another route. A step that only refines what is shown, such as a letter typed into a search, replaces
 * the place in the history instead of adding one.
 */
export function navigate(next: Route, { replace = false }: { readonly replace?: boolean } = {}): void {
  const url = hrefOf(next);
  if (!replace) place++;
  history[replace ? "replaceState" : "pushState"]({ place }, "", url);
  route.value = next;
}

/** Remembers how far the shown page is scrolled, for the way back to it. */
export function rememberOffset(offset: number): void {
  offsets.set(place, offset);
}

/** How far the shown page was scrolled when it was left; 0 for a page that is new. */
export function rememberedOffset(): number {
  return offsets.get(place) ?? 0;
}

/** Follows links and the buttons of the browser; to be called once. */
export function followLinks(): void {
  addEventListener("popstate", (event) => {
    place = placeOf(event.state);
    route.value = routeOf(new URL(location.href));
  });
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link?.href || link.target !== "" || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    const next = routeOf(url);
    if (next.page === "missing") return;
    event.preventDefault();
    navigate(next);
  });
}

function placeOf(state: unknown): number {
  const known = typeof state === "object" && state !== null && "place" in state ? state.place : 0;
  return typeof known === "number" ? known : 0;
}
