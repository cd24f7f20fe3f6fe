import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRemoteStore } from "@thulp-sessions/client";
import type { SessionStore } from "@thulp-sessions/core";
import { conformanceCases, type Subject } from "@thulp-sessions/store-conformance";
import { test } from "vitest";
import { startServer } from "../src/index.ts";

/** What a view of a store does by itself, or passes on in another way. */
const OF_A_VIEW = /^(watch|close|handle|concurrent|missing|append|repeat)-/;

/**
 * Runs the contract against a remote store. One file for each store behind it, so that they run side by side.
 *
 * @param options.view against a view of it (`withSignal`), those of the cases that are of interest there.
 */
export function testRemoteStore(
  open: (folder: string) => Promise<SessionStore>,
  { lasts, view = false }: { lasts: boolean; view?: boolean },
): void {
  const factory = remotePlace(open, lasts, view);
  for (const { id, name, run } of conformanceCases) {
    if (view && !OF_A_VIEW.test(id)) continue;
    test(`${id} ${name}`, { timeout: 60_000 }, () => run(factory));
  }
}

/**
 * A place behind a server over real HTTP. Where the store does not last, the server lives as long as it is
 * used.
 */
function remotePlace(open: (folder: string) => Promise<SessionStore>, lasts: boolean, view: boolean) {
  return async (): Promise<Subject> => {
    const folder = mkdtempSync(join(tmpdir(), "thulp-remote-"));
    const start = async () => startServer({ store: await open(folder), port: 0 });
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
      const whole = await openRemoteStore({ url: server.url, readOnly });
      const store = view ? whole.withSignal(new AbortController().signal) : whole;
      handles++;
      const close = store.close.bind(store);
      let closed = false;
      store.close = async () => {
        if (!closed) handles--;
        closed = true;
        await close();
        if (view) await whole.close();
      };
      return store;
    }
  };
}
