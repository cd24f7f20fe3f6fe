import { join } from "node:path";
import { reportTarget, withFolder } from "../harness/compare.ts";
import { compareServers, reportServers } from "./compare-servers.ts";
import { load } from "./load.ts";
import { ServerProcess } from "./server-process.ts";

const CONNECTIONS = 16;

/** `sessions.head` over HTTP, against a bare handler that parses and answers JSON of the same size. */
export async function httpRead(quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 9;
  await withFolder(async (folder) => {
    const sqlite = await ServerProcess.start({ kind: "api", store: `sqlite:${join(folder, "sessions.db")}` });
    const files = await ServerProcess.start({ kind: "api", store: `fs:${join(folder, "sessions")}` });
    const memory = await ServerProcess.start({ kind: "api" });
    const ids = await Promise.all(
      [sqlite, files, memory].map(async (api) => ((await api.ask("sessions", 1)) as string[])[0] ?? ""),
    );
    const [ofSqlite = "", ofFiles = "", ofMemory = ""] = ids;
    const answer = await fetch(headUrl(memory, ofMemory));
    const bare = await ServerProcess.start({ kind: "bare", bytes: (await answer.text()).length });
    const stock = await ServerProcess.start({ kind: "stock" });
    const get = (name: string, server: ServerProcess, url: string) => ({
      name,
      server,
      run: () => load({ url, connections: CONNECTIONS, seconds: 1, method: "GET" }),
    });
    const results = await compareServers(
      [
        get("bare node:http, JSON of the same size", bare, headUrl(bare, ofMemory)),
        get("sessions.head, memory", memory, headUrl(memory, ofMemory)),
        get("sessions.head, sqlite", sqlite, headUrl(sqlite, ofSqlite)),
        get("sessions.head, fs", files, headUrl(files, ofFiles)),
        get("tRPC's own server, a procedure that does nothing", stock, `${stock.url}/trpc/query`),
      ],
      rounds,
    );
    reportServers(`reading over HTTP, ${CONNECTIONS} connections`, results);
    for (const [i, store] of ["memory", "sqlite", "fs"].entries())
      reportTarget(`sessions.head on ${store} against bare node:http`, results[i + 1], results[0]);
    await Promise.all([sqlite, files, memory, bare, stock].map((server) => server.stop()));
  });
}

function headUrl({ url }: ServerProcess, id: string): string {
  return `${url}/trpc/sessions.head?input=${encodeURIComponent(JSON.stringify({ id }))}`;
}
