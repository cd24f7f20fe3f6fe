import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { SessionError, SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { appRouter, procedureAt } from "@thulp-sessions/router";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { fastPath } from "../src/http/fast-path.ts";
import { VERSION } from "../src/version.ts";
import { CHAT, serve } from "./harness.ts";

// Longer than most files: both ways of a call are compared in one world, which is built here.

const CALLS = 5000;

const IDS = Array.from({ length: 4 }, (_, n) => `0190a3c5-7b1e-7c3a-9d4f-00000000000${n}`);
/** Sessions on which the store itself fails, each in its way. */
const BROKEN = "0190a3c5-7b1e-7c3a-9d4f-0000000000b0";
const BUSY = "0190a3c5-7b1e-7c3a-9d4f-0000000000b1";
const FULL = "0190a3c5-7b1e-7c3a-9d4f-0000000000b2";

const PATHS = Object.keys(appRouter._def.procedures).filter(
  (path) => procedureAt(path)?._def.type !== "subscription",
);

/** They are called twice as often: there are fewer of them, but they have more kinds of answers. */
const MUTATIONS = PATHS.filter((path) => procedureAt(path)?._def.type === "mutation");

/** A world of its own, the same each time: what is done to one is done to the other. */
function world() {
  const store = new MemoryStore();
  const fail = (id: string) => {
    if (id === BROKEN) throw new TypeError("inner workings");
    if (id === BUSY) throw new SessionError("busy", "Another process writes.");
    if (id === FULL) throw new SessionError("io", "The disk is full.");
  };
  for (const name of ["get", "head", "update", "append", "readEntries", "truncate", "delete"] as const) {
    const method = store[name].bind(store) as (id: string, ...rest: unknown[]) => Promise<unknown>;
    Object.assign(store, {
      [name]: async (id: string, ...rest: unknown[]) => {
        fail(id);
        return method(id, ...rest);
      },
    });
  }
  let time = 1_700_000_000_000;
  let ids = 0;
  const options = {
    clock: () => time++,
    newId: () => `0190a3c5-7b1e-7c3a-9d4e-${(ids++).toString(16).padStart(12, "0")}`,
  };
  return { store, options };
}

/** tRPC's own adapter over `node:http`. */
async function serveStock(): Promise<number> {
  const { store, options } = world();
  const manager = new SessionManager(store, options);
  const info = { name: "thulp-sessions", version: VERSION, startedAt: 1, durability: null, limits: null };
  const server = createServer(
    createHTTPHandler({
      router: appRouter,
      basePath: "/trpc/",
      allowMethodOverride: true,
      maxBatchSize: 100,
      createContext: () => ({ manager, info, requestId: "0190a3c5-7b1e-7c3a-9d4e-000000000000" }),
      responseMeta: ({ errors }) =>
        errors.some(({ code }) => code === "SERVICE_UNAVAILABLE")
          ? { headers: new Headers({ "retry-after": "1" }) }
          : {},
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

interface Generated {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly body: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;
}

function ask(port: number, agent: Agent, { method, target, body }: Generated): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = method === "POST" ? { "content-type": "application/json" } : {};
    const outgoing = request({ port, agent, method, path: target, headers }, (answer: IncomingMessage) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, ...told(answer, text) }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** What of an answer has to be the same; ids of requests and the time of the server's start never are. */
function told({ headers }: IncomingMessage, text: string): Omit<Answer, "status"> {
  const { "content-type": type, allow, vary, "retry-after": retryAfter } = headers;
  return {
    headers: { type, allow, retryAfter, vary: vary?.replace(/^origin, /, "") },
    body: text
      .replaceAll(/\(request [0-9a-f-]{36}\)/g, "(request)")
      .replaceAll(/"(startedAt|uptime)":\d+/g, '"$1":0'),
  };
}

const id = fc.oneof({ arbitrary: fc.constantFrom(...IDS), weight: 8 }, fc.constantFrom(BROKEN, BUSY, FULL));
const oddId = fc.constantFrom(
  "",
  "x",
  "../etc/passwd",
  "\0",
  IDS[0]?.toUpperCase() ?? "",
  "０190a3c5",
  "a".repeat(500),
);
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 8 }));
const entry = fc.record(
  {
    id: fc.constantFrom(...IDS),
    entryType: fc.constantFrom({ type: "user_message" }, { type: "tool_call", toolName: "t", success: true }),
    content: fc.oneof(fc.constant({ text: "a" }), fc.jsonValue({ maxDepth: 2 })),
    timestamp: fc.oneof(fc.nat(), fc.double()),
  },
  { requiredKeys: ["entryType", "content"] },
);
const filter = fc.constantFrom<unknown>(
  {},
  { status: "active" },
  { or: [] },
  { not: { tag: "x" } },
  { status: 3 },
  [],
);
/** What any of the paths may be given, and a little of what none of them takes. */
const model = {
  id: fc.oneof({ arbitrary: id, weight: 9 }, oddId),
  newId: id,
  name: text,
  sessionType: fc.constantFrom<unknown>(
    CHAT,
    { type: "evaluation", skillName: "s", testCases: 1 },
    { type: "no" },
  ),
  status: fc.constantFrom("active", "completed", "nonsense"),
  tags: fc.array(text, { maxLength: 3 }),
  entries: fc.array(entry, { maxLength: 3 }),
  entryCount: fc.integer({ min: -1, max: 5 }),
  filter,
  limit: fc.integer({ min: -1, max: 5 }),
  cursor: text,
  text,
  expectedVersion: text,
  context: fc.oneof(fc.constant({}), fc.jsonValue({ maxDepth: 1 })),
  limits: fc.record({
    maxEntries: fc.nat(4),
    action: fc.constantFrom("error", "end_session", "ignore", "x"),
  }),
  at: fc.nat(),
  surplus: fc.jsonValue({ maxDepth: 1 }),
};
const whole = fc.record(model);
const partial = fc.record(model, { requiredKeys: [] });

/** The keys that each path takes, so that a good part of the calls gets somewhere. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "sessions.create": ["id", "name", "sessionType", "tags", "entries"],
  "sessions.update": ["id", "name", "tags"],
  "sessions.fork": ["id", "newId", "entryCount"],
  "sessions.rewind": ["id", "entryCount"],
  "sessions.list": ["filter", "limit"],
  "sessions.count": ["filter"],
  "sessions.search": ["text", "limit"],
  "sessions.checkLimits": ["id", "limits"],
  "entries.append": ["id", "entries", "limits"],
  "entries.list": ["id", "limit"],
  "server.info": [],
};

const fitting = (path: string) =>
  whole.map((all) => {
    const keys = KEYS[path] ?? ["id"];
    return Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key)));
  });

const json = (path: string) =>
  fc.oneof(
    { arbitrary: fitting(path).map((value) => JSON.stringify(value)), weight: 8 },
    { arbitrary: partial.map((value) => JSON.stringify(value)), weight: 2 },
    { arbitrary: fc.json({ maxDepth: 2 }), weight: 1 },
    { arbitrary: fc.constantFrom("", "{", "nul", "[1,", '"\\u12"', "\t{}", "{}x"), weight: 1 },
  );

const calls: fc.Arbitrary<Generated> = fc
  .constantFrom(...PATHS, ...MUTATIONS, "sessions.nothing", "x", "sessions.constructor")
  .chain((path) =>
    fc.record({
      path: fc.constant(path),
      method: fc.constantFrom<("GET" | "POST")[]>("GET", "POST", "POST"),
      text: json(path),
      parameters: fc.oneof(
        { arbitrary: fc.constant(""), weight: 9 },
        fc.constantFrom("batch=0", "batch=1", "other=1", "input=%7B%7D", "connectionParams=null"),
      ),
    }),
  )
  .map(({ path, method, text: given, parameters }) => {
    const inUrl = method === "GET" && given !== "" ? [`input=${encodeURIComponent(given)}`] : [];
    const query = [...inUrl, ...(parameters === "" ? [] : [parameters])].join("&");
    return {
      method,
      target: `/trpc/${path}${query === "" ? "" : `?${query}`}`,
      body: method === "POST" ? given : undefined,
    };
  });

/** Whether the server takes it the direct way. */
function isDirect({ method, target }: Generated): boolean {
  const [path = "", query] = target.slice("/trpc/".length).split("?");
  const headers = method === "POST" ? { "content-type": "application/json" } : {};
  const parameters = query === undefined ? null : new URLSearchParams(query);
  return fastPath({ method, headers } as IncomingMessage, path, parameters) !== null;
}

describe("the direct way", () => {
  it(`answers as tRPC's own adapter does, over ${CALLS} calls, good and bad`, {
    timeout: 120_000,
  }, async () => {
    const { store, options } = world();
    const { server } = await serve({ store, manager: options });
    const stockPort = await serveStock();
    const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const;
    onTestFinished(() => {
      for (const agent of agents) agent.destroy();
    });
    const statuses = new Map<number, number>();
    let direct = 0;
    // One long conversation with both: what the one has written, the other has too.
    for (const call of fc.sample(calls, { numRuns: CALLS, seed: 4664 })) {
      const [ours, stock] = await Promise.all([
        ask(server.port, agents[0], call),
        ask(stockPort, agents[1], call),
      ]);
      // Ours refuses on arrival what JavaScript would round, before tRPC sees it.
      if (/beyond what JavaScript holds exactly/.test(String(ours.body))) continue;
      expect({ call, ...ours }).toEqual({ call, ...stock });
      if (!isDirect(call)) continue;
      direct++;
      statuses.set(ours.status, (statuses.get(ours.status) ?? 0) + 1);
    }
    expect(direct).toBeGreaterThan(CALLS / 2);
    // Each kind of answer has been among them, and not only once.
    for (const status of [200, 400, 404, 409, 500, 503]) {
      expect({ status, often: (statuses.get(status) ?? 0) > 10 }).toEqual({ status, often: true });
    }
  });

  it("is not taken for what it does not understand", () => {
    const asked = (method: string, path: string, headers: Record<string, string> = {}, query?: string) =>
      fastPath(
        { method, headers } as unknown as IncomingMessage,
        path,
        query === undefined ? null : new URLSearchParams(query),
      );
    const json = { "content-type": "application/json" };
    expect(asked("GET", "sessions.head")).toMatchObject({ path: "sessions.head" });
    expect(asked("POST", "sessions.head", json)).not.toBeNull();
    expect(asked("POST", "entries.append", json)).not.toBeNull();
    expect(asked("GET", "entries.append")).toBeNull();
    expect(asked("GET", "entries.subscribe")).not.toBeNull();
    expect(asked("GET", "entries.subscribe", { "trpc-accept": "x" })).toBeNull();
    expect(asked("GET", "sessions.head,sessions.list", {}, "batch=1")).toBeNull();
    expect(asked("GET", "sessions.head", {}, "batch=1")).toBeNull();
    expect(asked("GET", "sessions.head", json)).toBeNull();
    expect(asked("GET", "sessions.head", { "trpc-accept": "application/jsonl" })).toBeNull();
    expect(asked("GET", "sessions.head", { accept: "application/jsonl" })).toBeNull();
    expect(asked("GET", "sessions.head", {}, "connectionParams=x")).toBeNull();
    expect(asked("GET", "sessions%2Ehead")).toBeNull();
    expect(asked("GET", "toString")).toBeNull();
    expect(asked("GET", "__proto__")).toBeNull();
  });
});

describe("the direct way of a subscription", () => {
  /** The whole answer until it ends, or until the text is in it. */
  function streamed(port: number, target: string, headers: Record<string, string>, enough?: string) {
    return new Promise<{ headers: unknown; text: string }>((resolve, reject) => {
      const outgoing = request({ port, path: target, headers, agent: false }, (answer) => {
        let text = "";
        const { date: _, "x-request-id": __, ...rest } = answer.headers;
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
          if (enough !== undefined && text.includes(enough)) answer.destroy();
        });
        answer.on("error", () => {});
        answer.on("close", () => resolve({ headers: rest, text }));
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  it.each<[string, string, unknown, Record<string, string>]>([
    ["everything until the session is deleted", "entries.subscribe", { id: IDS[0] }, {}],
    ["what follows a token", "entries.subscribe", { id: IDS[0] }, { "last-event-id": `0.${IDS[1]}` }],
    ["what follows an older token", "entries.subscribe", { id: IDS[0], after: "start" }, {}],
    ["a session that is not there", "entries.subscribe", { id: IDS[3] }, {}],
    ["an id that is none", "entries.subscribe", { id: "x" }, {}],
    ["a token that is none", "entries.subscribe", { id: IDS[0], after: "x" }, {}],
    [
      "a token that is none, in the header",
      "entries.subscribe",
      { id: IDS[0] },
      { "last-event-id": "x\u00ff" },
    ],
    ["an input that is none", "entries.subscribe", null, {}],
    ["an input that is none, with a token", "entries.subscribe", [], { "last-event-id": "x" }],
    ["a session that cannot be read", "entries.subscribe", { id: BROKEN }, {}],
    ["a list", "sessions.watch", undefined, {}],
    ["a list, with a token that it has no use for", "sessions.watch", {}, { "last-event-id": "x" }],
  ])("answers the same as tRPC's own: %s", async (_, path, given, headers) => {
    const { store, options } = world();
    const { server, client } = await serve({ store, manager: options });
    const entries = [1, 2, 3].map((n) => ({
      id: IDS[n] ?? "",
      entryType: { type: "user_message" } as const,
      content: { text: `\n${n}\u2028` },
    }));
    await client.sessions.create.mutate({
      id: IDS[0],
      name: "a",
      sessionType: CHAT,
      entries: entries.slice(0, 2),
    });
    const target = `/trpc/${path}${given === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(given))}`}`;
    const enough = path === "sessions.watch" ? '"deleted"' : undefined;
    const ours = streamed(server.port, target, headers, enough);
    const stock = streamed(server.port, target, { ...headers, "trpc-accept": "x" }, enough);
    // Those that do not end by themselves hear what happens now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.entries.append.mutate({ id: IDS[0] ?? "", entries: entries.slice(2) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.sessions.rewind.mutate({ id: IDS[0] ?? "", entryCount: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.sessions.delete.mutate({ id: IDS[0] ?? "" });
    const [a, b] = await Promise.all([ours, stock]);
    const known = ({ headers: told, text }: typeof a) => ({
      headers: told,
      // What is cut at the reader's end ends anywhere behind what was waited for.
      text: text.replaceAll(/\(request [0-9a-f-]{36}\)/g, "(request)").trimEnd(),
    });
    expect(known(a)).toEqual(known(b));
    expect(a.text).toContain("event: connected");
  });
});
