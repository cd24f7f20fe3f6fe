import { type ListState, listParams, parseListState } from "./list-state.ts";
import { parseSessionState, type SessionState, sessionHash, sessionParams } from "./session-state.ts";
import { decodeSegment, encodeSegment, oneOf, textOf } from "./url-text.ts";

export const COMPARE_TABS = ["differences", "export"] as const;
/** One of {@link COMPARE_TABS}. */
type CompareTab = (typeof COMPARE_TABS)[number];

/** What the page shows. All that a person would want to send to another one stands in its URL. */
export type Route =
  | { readonly page: "list"; readonly list: ListState }
  | { readonly page: "session"; readonly session: SessionState }
  | { readonly page: "tree"; readonly id: string }
  | { readonly page: "compare"; readonly a: string; readonly b: string; readonly tab: CompareTab }
  /** Statistics of what a list shows. */
  | { readonly page: "stats"; readonly list: ListState }
  | { readonly page: "runs" }
  | { readonly page: "run"; readonly tag: string; readonly metric: string }
  | { readonly page: "skill"; readonly name: string }
  | { readonly page: "settings" }
  | { readonly page: "help" }
  | { readonly page: "missing"; readonly path: string };

/** The route of a URL of this page; what it does not know is left out, and never an error. */
export function parseRoute(url: URL): Route {
  const [first = "", ...rest] = url.pathname.split("/").slice(1);
  const params = url.searchParams;
  const name = decodeSegment(rest[0] ?? "");
  if (first === "" && rest.length === 0) return { page: "list", list: parseListState(params) };
  if (first === "s" && name !== null && rest.length === 1)
    return { page: "session", session: parseSessionState(name, params, url.hash) };
  if (first === "s" && name !== null && rest.length === 2 && rest[1] === "tree")
    return { page: "tree", id: name };
  if (first === "run" && name !== null && rest.length === 1)
    return { page: "run", tag: name, metric: textOf(params, "metric") };
  if (first === "skill" && name !== null && rest.length === 1) return { page: "skill", name };
  if (rest.length > 0) return { page: "missing", path: url.pathname };
  switch (first) {
    case "compare":
      return {
        page: "compare",
        a: textOf(params, "a"),
        b: textOf(params, "b"),
        tab: oneOf(params, "tab", COMPARE_TABS),
      };
    case "stats":
      return { page: "stats", list: { ...parseListState(params), text: "" } };
    case "runs":
    case "settings":
    case "help":
      return { page: first };
    default:
      return { page: "missing", path: url.pathname };
  }
}

/** The path, query and fragment of a route; {@link parseRoute} gives the same route of it. */
export function formatRoute(route: Route): string {
  switch (route.page) {
    case "list":
      return withQuery("/", listParams(route.list));
    case "session":
      return `${withQuery(`/s/${encodeSegment(route.session.id)}`, sessionParams(route.session))}${sessionHash(route.session)}`;
    case "stats":
      return withQuery("/stats", listParams({ ...route.list, text: "" }));
    case "tree":
      return `/s/${encodeSegment(route.id)}/tree`;
    case "compare": {
      const params = new URLSearchParams();
      if (route.a !== "") params.set("a", route.a);
      if (route.b !== "") params.set("b", route.b);
      if (route.tab !== "differences") params.set("tab", route.tab);
      return withQuery("/compare", params);
    }
    case "run": {
      const params = new URLSearchParams();
      if (route.metric !== "") params.set("metric", route.metric);
      return withQuery(`/run/${encodeSegment(route.tag)}`, params);
    }
    case "skill":
      return `/skill/${encodeSegment(route.name)}`;
    case "missing":
      return route.path;
    default:
      return `/${route.page}`;
  }
}

function withQuery(path: string, params: URLSearchParams): string {
  const query = params.toString();
  return query === "" ? path : `${path}?${query}`;
}
