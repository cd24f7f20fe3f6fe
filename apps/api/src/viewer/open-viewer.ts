import { BuiltPage } from "./built-page.ts";
import { OneTimeCodes } from "./one-time-codes.ts";
import { type ViewerParts, ViewerRoutes } from "./viewer-routes.ts";

export interface OpenViewer {
  readonly routes: ViewerRoutes;
  /** Why there is no page; `null` where there is one. */
  readonly problem: string | null;
}

/**
 * The viewer of a server.
 *
 * @param wanted false to leave it out; a text for the folder of another build.
 * @returns `null` where it is left out.
 */
export function openViewer(
  wanted: boolean | string | undefined,
  parts: Omit<ViewerParts, "page" | "codes">,
): OpenViewer | null {
  if (wanted === false) return null;
  const open = (page: BuiltPage | null, problem: string | null) => ({
    routes: new ViewerRoutes({ ...parts, page, codes: new OneTimeCodes() }),
    problem,
  });
  try {
    return open(BuiltPage.load("", typeof wanted === "string" ? wanted : undefined), null);
  } catch (error) {
    // Whoever serves the API goes on with it.
    return open(null, error instanceof Error ? error.message : String(error));
  }
}

/** Where a browser finds the page; a code stands where no server and no log gets to see it. */
export function viewerAddress(url: string, code: string | null): string {
  return `${url}/${code === null ? "" : `#c=${code}`}`;
}
