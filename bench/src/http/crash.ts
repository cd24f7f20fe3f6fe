import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { newUuid } from "@thulp-sessions/core";
import { withFolder } from "../harness/compare.ts";
import { recordFigure, recordTable } from "../harness/recording.ts";
import { CommandServer } from "./command-server.ts";

const CLIENTS = 8;

/**
 * A server that is killed again and again while clients append: is every acknowledged entry there, once and
 * in order?
 */
export async function httpCrash(quick: boolean): Promise<void> {
  const each = quick ? 50 : 10_000;
  const kills = quick ? 1 : 20;
  for (const kind of ["sqlite", "fs"]) {
    await withFolder((folder) => crash(`${kind}:${join(folder, "store")}`, each, kills));
  }
}

// Longer than most functions: one story, whose every step needs what the steps before have counted.
async function crash(store: string, each: number, kills: number): Promise<void> {
  const began = performance.now();
  const server = await CommandServer.at(["--store", store, "--log-level", "silent"]);
  await server.start();
  const id = newUuid();
  let requests = 0;
  const counting: typeof fetch = (input, init) => {
    requests++;
    return fetch(input, init);
  };
  const open = () => createClient({ url: server.url, retryForMs: 60_000, fetch: counting });
  await open().sessions.create.mutate({
    id,
    name: "crash",
    sessionType: { type: "conversation", purpose: "bench" },
  });

  const total = CLIENTS * each;
  const thresholds = Array.from({ length: kills }, () => Math.random() * total).sort((a, b) => a - b);
  const acknowledged: string[][] = [];
  let count = 0;
  let killed = 0;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const api = open();
    const mine: string[] = [];
    acknowledged.push(mine);
    for (let n = 0; n < each; n++) {
      const entry = { entryType: { type: "user_message" } as const, content: { client, n } };
      const { entries } = await api.entries.append.mutate({ id, entries: [entry] });
      mine.push(entries[0]?.id ?? "");
      count++;
    }
  });
  const done = Promise.all(clients).then(() => true);
  while (killed < kills) {
    const ended = await Promise.race([done, new Promise<false>((resolve) => setTimeout(resolve, 1, false))]);
    if (count < (thresholds[killed] ?? total)) {
      if (ended) break;
      continue;
    }
    killed++;
    await server.end("SIGKILL");
    await server.start();
  }
  await done;

  const api = open();
  const stored: string[] = [];
  for (let more = true; more; ) {
    const { items } = await api.entries.list.query({ id, after: stored.length - 1, limit: 1000 });
    for (const item of items) stored.push(item.id);
    more = items.length > 0;
  }
  await server.end("SIGTERM");
  const places = new Map<string, number>();
  let twice = 0;
  for (const [seq, entry] of stored.entries()) {
    if (places.has(entry)) twice++;
    places.set(entry, seq);
  }
  const all = acknowledged.flat();
  const lost = all.filter((entry) => !places.has(entry)).length;
  const astray = acknowledged.reduce(
    (sum, mine) =>
      sum +
      mine.filter((entry, n) => n > 0 && (places.get(entry) ?? 0) < (places.get(mine[n - 1] ?? "") ?? 0))
        .length,
    0,
  );
  console.log(
    `\n${store.split(":")[0]}: ${CLIENTS} clients, ${each} appends each, the server killed ${killed} times in ${((performance.now() - began) / 1000).toFixed(0)} s\n` +
      `  acknowledged ${all.length}, stored ${stored.length}: lost ${lost}, twice ${twice}, out of order ${astray}; requests ${requests}`,
  );
  const kind = store.split(":")[0] ?? "";
  recordTable({
    title: `a server on ${kind} that is killed ${killed} times while ${CLIENTS} clients append`,
    columns: ["acknowledged", "stored", "lost", "twice", "out of order"].map((label) => ({
      label,
      unit: "count" as const,
    })),
    rows: [{ name: kind, cells: [all.length, stored.length, lost, twice, astray] }],
  });
  recordFigure({ what: `entries on ${kind} lost, twice or out of order`, value: lost + twice + astray });
}
