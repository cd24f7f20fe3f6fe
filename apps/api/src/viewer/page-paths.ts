/** The addresses of the page, apps/viewer's routes: all are one file, which looks at its address itself. */
const PAGES: ReadonlySet<string> = new Set(["/", "/compare", "/runs", "/stats", "/settings", "/help"]);
const PAGES_WITH_NAMES = ["/s/", "/run/", "/skill/"];

/** Everything that the page consists of, as routers of other servers have it. */
export const ROUTES: readonly string[] = [
  ...PAGES,
  ...[...PAGES_WITH_NAMES, "/assets/"].map((start) => `${start}*`),
  "/viewer/settings",
];

/** @param path encoded, without what follows it. */
export function isPagePath(path: string): boolean {
  return PAGES.has(path) || PAGES_WITH_NAMES.some((start) => path.startsWith(start));
}
