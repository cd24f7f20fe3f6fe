import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunningServer, startServer } from "@thulp-sessions/api";
import type { SessionStore } from "@thulp-sessions/core";

/** What `npm run build` has taken into the server: the tests run the server from its sources. */
export const PAGE_FOLDER = fileURLToPath(new URL("../../../apps/api/dist/viewer/page", import.meta.url));

export interface ViewerServerOptions {
  /** It is the server's from now on. */
  readonly store: SessionStore;
  /** Any that is free when absent. */
  readonly port?: number | undefined;
  readonly token?: string | undefined;
  readonly viewerWrites?: boolean | undefined;
}

/** A server with the page, as `npm start` starts it. */
export async function startViewerServer({
  store,
  token,
  port = 0,
  viewerWrites,
}: ViewerServerOptions): Promise<RunningServer> {
  if (!existsSync(join(PAGE_FOLDER, "index.html"))) throw new Error("The page is not built: npm run build.");
  const server = await startServer({ store, port, token, viewer: PAGE_FOLDER, viewerWrites });
  if (server.viewer?.problem) throw new Error(server.viewer.problem);
  return server;
}
