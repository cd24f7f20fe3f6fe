import { join } from "node:path";
import { withFolder } from "../harness/compare.ts";
import { entry } from "../harness/data.ts";
import { recordFigure } from "../harness/recording.ts";
import { compareServers, reportServers, type ServedResult } from "./compare-servers.ts";
import { load } from "./load.ts";
import { ServerProcess } from "./server-process.ts";

const CONNECTIONS = 64;
const SESSIONS = 64;
/** What an append in process may cost more when it comes over HTTP, beside the way itself. */
const ALLOWED = 1.3;

/**
 * Single appends to SQLite over HTTP: their processor time, against that of the way and of the same appends
 * in process.
 */
export async function httpAppend(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 9;
  const { entryType, content } = entry(1);
  const entries = [{ entryType, content }];
  for (const durability of quick ? (["full"] as const) : (["full", "relaxed"] as const)) {
    await withFolder(async (folder) => {
      const api = await ServerProcess.start({
        kind: "api",
        store: `sqlite:${join(folder, "api.db")}`,
        durability,
      });
      const nothing = await ServerProcess.start({ kind: "nothing" });
      const library = await ServerProcess.start({
        kind: "library",
        store: `sqlite:${join(folder, "library.db")}`,
        durability,
      });
      const overHttp = (name: string, server: ServerProcess, ids: readonly string[]) => ({
        name,
        server,
        run: () =>
          load({
            url: `${server.url}/trpc/entries.append`,
            connections: CONNECTIONS,
            seconds: 1,
            method: "POST",
            bodies: ids.map((id) => JSON.stringify({ id, entries })),
          }),
      });
      const ids = (await api.ask("sessions", SESSIONS)) as string[];
      const libraryIds = (await library.ask("sessions", SESSIONS)) as string[];
      const body = JSON.stringify({ entries });
      const durable = durability === "full" ? { mostOfOneSync: CONNECTIONS } : {};
      const results = await compareServers(
        [
          overHttp("a mutation over HTTP that stores nothing", nothing, ids),
          {
            ...durable,
            name: "an append to sqlite in process",
            server: library,
            run: () =>
              library.ask("append", { ids: libraryIds, callers: CONNECTIONS, seconds: 1, body }) as Promise<{
                operations: number;
                seconds: number;
              }>,
          },
          { ...overHttp("an append to sqlite over HTTP", api, ids), ...durable },
        ],
        rounds,
      );
      reportServers(`appending over HTTP, ${CONNECTIONS} connections, durability ${durability}`, results);
      recordFigure({
        what: `processor time of an append over HTTP against the way and ${ALLOWED} times that in process`,
        value: againstAllowed(results),
        ...failureOf(results),
      });
      await Promise.all([api, nothing, library].map((server) => server.stop()));
    });
  }
}

function againstAllowed(results: readonly ServedResult[]): number {
  const [nothing = Number.NaN, inProcess = Number.NaN, overHttp = Number.NaN] = results.map(
    ({ cpuUs }) => cpuUs,
  );
  return overHttp / (nothing + ALLOWED * inProcess);
}

function failureOf(results: readonly ServedResult[]): { failed?: string } {
  const failed = results.find((each) => each.failed)?.failed;
  return failed === undefined ? {} : { failed };
}
