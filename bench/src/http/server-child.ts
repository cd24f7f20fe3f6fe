// The servers that are measured, each in a process of its own: `node server-child.js '{"kind":"bare"}'`.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import { type SessionEntry, SessionManager, type SessionStore } from "@thulp-sessions/core";
import { initTRPC } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { entry, makeSession } from "../harness/data.ts";
import type { Role } from "./server-process.ts";
import { StoreOfNothing } from "./store-of-nothing.ts";

type Questions = Readonly<Record<string, (input: unknown) => unknown>>;
interface Served {
  readonly url: string;
  readonly questions: Questions;
  stop(): Promise<unknown>;
}

const role = JSON.parse(process.argv[2] ?? "{}") as Role;
const served = await start(role);
const collect = (globalThis as { gc?: () => void }).gc;
const questions: Questions = {
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async memory() {
    for (let i = 0; i < 3; i++) {
      collect?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  ...served.questions,
};
process.on("message", async ({ question, input }: { question: string; input: unknown }) => {
  process.send?.({ result: await questions[question]?.(input) });
});
process.on("SIGTERM", async () => {
  await served.stop();
  process.exit(0);
});
process.send?.({ url: served.url });

async function start({ kind, store = "memory:", durability = "full", bytes = 500 }: Role): Promise<Served> {
  switch (kind) {
    case "bare":
      return listen(bareServer(bytes));
    case "stock":
      return listen(stockServer());
    case "broadcast":
      return broadcastServer();
    case "library":
      return library(await openStore(store, { durability }));
    case "nothing": {
      const server = await startServer({ store: new StoreOfNothing(), port: 0 });
      return { url: server.url, stop: () => server.stop(), questions: {} };
    }
    case "api": {
      const opened = await openStore(store, { durability });
      const server = await startServer({ store: opened, port: 0 });
      return {
        url: server.url,
        stop: () => server.stop(),
        questions: { sessions: (count) => makeSessions(opened, Number(count)) },
      };
    }
  }
}

/** Parses what it is given as JSON, from the URL or the body, and answers so many bytes of JSON. */
function bareServer(bytes: number): Server {
  const answer = { id: "", text: "x".repeat(Math.max(0, bytes - 22)) };
  return createServer((request, response) => {
    const reply = (text: string) => {
      const { id } = JSON.parse(text) as { id: string };
      const body = JSON.stringify({ ...answer, id });
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      });
      response.end(body);
    };
    if (request.method === "GET") {
      const query = new URLSearchParams(request.url?.split("?")[1]);
      return reply(query.get("input") ?? "{}");
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => reply(Buffer.concat(chunks).toString()));
  });
}

/** tRPC's own adapter over procedures that do nothing. */
function stockServer(): Server {
  const t = initTRPC.create();
  const router = t.router({
    query: t.procedure.query(() => ({ text: "x".repeat(450) })),
    mutation: t.procedure.mutation(() => ({ entryCount: 1 })),
  });
  return createServer(createHTTPHandler({ router, basePath: "/trpc/" }));
}

/** No server at all: appends in this process, by so many callers, each by turns to every session. */
function library(store: SessionStore): Served {
  const manager = new SessionManager(store);
  return {
    url: "",
    stop: () => store.close(),
    questions: {
      sessions: (count) => makeSessions(store, Number(count)),
      async append(input) {
        const { ids, callers, seconds, body } = input as {
          ids: string[];
          callers: number;
          seconds: number;
          body: string;
        };
        const start = performance.now();
        let operations = 0;
        const caller = async () => {
          for (let n = 0; performance.now() - start < seconds * 1000; n++) {
            const { entries } = JSON.parse(body) as { entries: SessionEntry[] };
            await manager.addEntries(ids[n % ids.length] as string, entries);
            operations++;
          }
        };
        await Promise.all(Array.from({ length: callers }, caller));
        return { operations, seconds: (performance.now() - start) / 1000 };
      },
    },
  };
}

function makeSessions(store: SessionStore, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => makeSession(store, 20)));
}

/** Server-sent events, as bare as they can be: every broadcast is written to every connection. */
async function broadcastServer(): Promise<Served> {
  const readers = new Set<ServerResponse>();
  let seq = 0;
  const server = createServer((request, response) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("event: connected\ndata: {}\n\n");
      readers.add(response);
      response.on("close", () => readers.delete(response));
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [sent] = JSON.parse(Buffer.concat(chunks).toString()).entries;
      const { id } = sent;
      const text = `data: ${JSON.stringify({ type: "entry", entry: { ...entry(0), ...sent, seq } })}\nid: ${seq}.${id}\n\n\n`;
      for (const reader of readers) reader.write(text);
      const body = JSON.stringify({ result: { data: { entries: [{ id, seq }], entryCount: ++seq } } });
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
  return listen(server);
}

async function listen(server: Server): Promise<Served> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    questions: {},
    stop: async () => server.closeAllConnections(),
  };
}
