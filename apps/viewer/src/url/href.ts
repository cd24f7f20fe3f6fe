import { BASE } from "./base.ts";
import { EMPTY_LIST } from "./list-state.ts";
import { formatRoute, parseRoute, type Route } from "./route.ts";

/** The path of a route on this server. */
export function hrefOf(route: Route): string {
  return BASE + formatRoute(route);
}

/** The route of an address of this server; of one that is none of its pages it is `missing`. */
export function routeOf(address: URL): Route {
  const isOurs = address.pathname === BASE || address.pathname.startsWith(`${BASE}/`);
  if (address.origin !== location.origin || !isOurs) return { page: "missing", path: address.pathname };
  const url = new URL(address);
  url.pathname = address.pathname.slice(BASE.length) || "/";
  return parseRoute(url);
}

/** The path of the list of all sessions. */
export const HOME = hrefOf({ page: "list", list: EMPTY_LIST });
