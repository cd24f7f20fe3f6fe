import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRemoteStore } from "@thulp-sessions/client";
import type { SessionStore } from "@thulp-sessions/core";
import { conformanceCases, type Subject } from "@thulp-sessions/store-conformance";
import { test } from "vitest";
import { startServer } from "../src/index.ts";

/** Opens a store in a folder; one that does not last is never asked for a read-only one. */
type OpenPlace = (folder: string, readOnly: boolean) => Promise<SessionStore>;

/** What a view of a store does by itself, or passes on in another way. */
const OF_A_VIEW = /^(watch|close|handle|concurrent|missing|append|repeat)-/;

/**
 * Runs the contract against a remote store. One file for each store behind it, so that they run side by side.
 *
 * @param options.view against a view of it (`withSignal`), those of the cases that are of interest there.
 * @param options.every 8: every eighth case, from the one at `first` on, is enough; `npm run soak` runs all.
 */
export function testRemoteStore(
  open: OpenPlace,
  {
    lasts,
    view = false,
    every = 1,
    first = 0,
  }: { lasts: boolean; view?: boolean; every?: number; first?: number },
): void {
  const factory = remotePlace(open, lasts, view);
  for (const [i, { id, name, run }] of conformanceCases.entries()) {
    if (view && !OF_A_VIEW.test(id)) continue;
    if (i % every !== first && process.env["SOAK"] !== "1") continue;
    test(`${id} ${name}`, { timeout: 60_000 }, () => run(factory));
  }
}

/**
 * A place behind a server over real HTTP. Where the store does not last, the server lives as long as it is
 * used.
 */
function remotePlace(open: OpenPlace, lasts: boolean, view: boolean) {
  return async (): Promise<Subject> => {
    const folder = mkdtempSync(join(tmpdir(), "thulp-remote-"));
    const start = async (readOnly = false) => startServer({ store: await open(folder, readOnly), port: 0 });
    let server = await start();
    let handles = 0;
    return {
      open: () => openHandle(false),
      openReadOnly: () => openHandle(true),
      async dispose() {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };

    async function openHandle(readOnly: boolean): Promise<SessionStore> {
      if (handles === 0 && !lasts) {
        await server.stop();
        server = await start();
      }
      // A second server over the same place, where there is one; else a client that refuses by itself.
      const reader = readOnly && lasts ? await start(true) : null;
      const { url } = reader ?? server;
      const whole = await openRemoteStore({ url, readOnly: readOnly && !reader });
      const store = view ? whole.withSignal(new AbortController().signal) : whole;
      handles++;
      const close = store.close.bind(store);
      let closed = false;
      store.close = async () => {
        if (!closed) handles--;
        closed = true;
        await close();
        if (view) await whole.close();
        await reader?.stop();
      };
      return store;
    }
  };
}
