import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { compare, report, reportTarget, withFolder } from "../harness/compare.ts";
import { makeSession } from "../harness/data.ts";
import { CommandServer } from "./command-server.ts";

/**
 * From the start of the process to the first answered request, on a store of many sessions, against `node -e
 * 0`.
 */
export async function startUp(quick: boolean): Promise<void> {
  const sessions = quick ? 200 : 10_000;
  const rounds = quick ? 2 : 11;
  await withFolder(async (folder) => {
    const places = [`sqlite:${join(folder, "sessions.db")}`, `fs:${join(folder, "sessions")}`];
    const heads: string[] = [];
    for (const place of places) {
      const store = await openStore(place, { durability: "relaxed" });
      for (let made = 0; made < sessions; made += 100) {
        await Promise.all(Array.from({ length: 100 }, () => makeSession(store, 5)));
      }
      heads.push(
        `/trpc/sessions.head?input=${encodeURIComponent(JSON.stringify({ id: await makeSession(store, 5) }))}`,
      );
      await store.close();
    }
    const candidates = await Promise.all(
      places.map(async (place, i) => {
        const server = await CommandServer.at(["--store", place]);
        return {
          name: `the server on ${place.split(":")[0]}, sessions.head`,
          operations: 1,
          run: async () => {
            await server.start(heads[i]);
          },
          after: () => server.end("SIGTERM"),
        };
      }),
    );
    const node = {
      name: "node -e 0",
      operations: 1,
      async run() {
        await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
      },
    };
    const results = await compare([node, ...candidates], rounds);
    report(`start to the first answered request, ${sessions} sessions`, results);
    for (const result of results.slice(1))
      reportTarget(`${result.name}, against node -e 0`, result, results[0]);
  });
}
