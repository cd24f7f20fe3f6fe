import { join } from "node:path";
import { withFolder } from "../harness/compare.ts";
import { printTable } from "../harness/recording.ts";
import { ServerProcess } from "../http/server-process.ts";
import { following } from "./following.ts";
import { asking, opening, scriptBytes } from "./opening.ts";
import { memoryAfterAll, scrolling } from "./scrolling.ts";
import { openBrowser } from "./viewer-browser.ts";
import { writeViewerData } from "./viewer-data.ts";

/** The page of the server in a real Chromium, on a store of 100,000 sessions, one of 100,000 entries. */
export async function viewer(quick: boolean): Promise<void> {
  const browser = await openBrowser();
  if (typeof browser === "string") {
    const title = "viewer: not measured here";
    printTable({ title, columns: [], rows: [{ name: "the page", cells: [], skipped: browser }] });
    return;
  }
  const size = quick ? { sessions: 200, entries: 2000 } : { sessions: 100_000, entries: 100_000 };
  const rounds = quick ? 1 : 15;
  try {
    await withFolder(async (folder) => {
      const store = `sqlite:${join(folder, "sessions.db")}`;
      const data = await writeViewerData(store, size);
      const server = await ServerProcess.start({ kind: "api", store, durability: "relaxed" });
      try {
        const bench = { browser, url: server.url, data, entries: size.entries, rounds, store };
        await scriptBytes(bench);
        await opening(bench);
        await asking(bench);
        await scrolling(bench);
        await memoryAfterAll(bench);
        await following(bench);
      } finally {
        await server.stop();
      }
    });
  } finally {
    await browser.close();
  }
}
