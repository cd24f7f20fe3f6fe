import { connect } from "node:net";
import { join } from "node:path";
import { openStore } from "@thulp-sessions/config";
import { appRouter } from "@thulp-sessions/router";
import fc from "fast-check";
import { expect, it } from "vitest";
import { CHAT, ID, OTHER_ID, send, serve, tempFolder, user } from "./harness.ts";

const REQUESTS = 10_000;
/** How many requests are under way at once. */
const LANES = 8;
/**
 * What the process may keep of ten thousand requests, in bytes: noise of the collector, nothing of each
 * request.
 */
const MAX_GROWTH = 8 * 1024 * 1024;

const PATHS = Object.keys(appRouter._def.procedures);

/** As it goes over the wire; nothing mends it on its way. */
interface Raw {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

const evilId = fc.constantFrom(
  "../../etc/passwd",
  "..\\..\\x",
  "/etc/passwd",
  "%2e%2e%2f",
  "a\0b",
  "\0",
  "x".repeat(100_000),
  "０190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f",
  "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f\u200b",
  "0190A3C5\u20107b1e-7c3a-9d4f-2a6b8c0d1e2f",
  "\ud800",
  "con",
  "nul.json",
  "__proto__",
  "constructor",
  "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f/../x",
);
const id = fc.oneof({ arbitrary: fc.constantFrom(ID, OTHER_ID), weight: 6 }, evilId, fc.string(), fc.uuid());
const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), evilId);
const deepFilter = fc
  .integer({ min: 0, max: 5000 })
  .map((depth) => `${'{"not":'.repeat(depth)}{}${"}".repeat(depth)}`);
const value: fc.Arbitrary<unknown> = fc.oneof(fc.jsonValue(), id, text, fc.double(), fc.bigInt().map(String));
const input = fc.record(
  {
    id,
    newId: id,
    name: text,
    sessionType: fc.oneof(fc.constant(CHAT), value),
    status: value,
    tags: fc.oneof(fc.array(text), value),
    entries: fc.oneof(fc.array(fc.oneof(fc.constant(user("x")), value), { maxLength: 5 }), value),
    entryCount: fc.oneof(fc.integer(), value),
    filter: value,
    session: value,
    limit: fc.oneof(fc.integer(), value),
    cursor: text,
    text,
    context: value,
    limits: value,
    at: fc.oneof(fc.double(), value),
    after: text,
    seq: fc.oneof(fc.integer({ min: 0, max: 3 }), value),
    pointer: text,
    include: fc.oneof(fc.array(fc.constantFrom("counts", "preview", "score", "x")), value),
    by: fc.oneof(fc.array(fc.constantFrom("tag", "type", "x")), value),
    contentBytes: fc.oneof(fc.integer({ min: 0, max: 1000 }), value),
    prefix: text,
    __proto__: value,
  },
  { requiredKeys: [] },
);
const json = fc.oneof(
  { arbitrary: input.map((given) => JSON.stringify(given)), weight: 6 },
  { arbitrary: fc.json(), weight: 2 },
  { arbitrary: deepFilter.map((filter) => `{"filter":${filter}}`), weight: 1 },
  { arbitrary: fc.integer({ min: 1, max: 20_000 }).map((n) => "[".repeat(n)), weight: 1 },
  { arbitrary: fc.constantFrom("", "{", '{"id":9007199254740993}', "1e999", "-0", '"\\ud800"'), weight: 1 },
);
const body = fc.oneof(
  { arbitrary: json.map((given) => Buffer.from(given)), weight: 8 },
  { arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
);

const path = fc.oneof(
  { arbitrary: fc.constantFrom(...PATHS), weight: 12 },
  {
    arbitrary: fc.array(fc.constantFrom(...PATHS), { maxLength: 4 }).map((paths) => paths.join(",")),
    weight: 2,
  },
  { arbitrary: text.map((given) => encodeURIComponent(given.toWellFormed()).slice(0, 300)), weight: 2 },
  {
    arbitrary: fc.constantFrom("..", "%2e%2e", "%ff", "%00", "__proto__", "toString", "sessions", ""),
    weight: 1,
  },
);
const target = fc
  .record({
    prefix: fc.oneof(
      { arbitrary: fc.constant("/trpc/"), weight: 12 },
      fc.constantFrom("/", "/health", "/metrics", "//", "*", "http://x/"),
    ),
    path,
    query: fc.oneof(
      { arbitrary: fc.constant(""), weight: 4 },
      { arbitrary: json.map((given) => `?input=${encodeURIComponent(given.toWellFormed())}`), weight: 4 },
      {
        arbitrary: json.map((given) => `?batch=1&input=${encodeURIComponent(given.toWellFormed())}`),
        weight: 1,
      },
      {
        arbitrary: fc.constantFrom(
          "?batch=1",
          "?batch=2",
          "?input=",
          "?&&==",
          "?lastEventId=%00",
          "?connectionParams={",
        ),
        weight: 1,
      },
    ),
  })
  .map(({ prefix, path: given, query }) => `${prefix}${given}${query}`.slice(0, 12_000));

const headers = fc.array(
  fc.oneof(
    { arbitrary: fc.constant(["content-type", "application/json"] as const), weight: 6 },
    fc.constantFrom(
      ["content-type", "text/plain"] as const,
      ["content-type", "multipart/form-data; boundary=x"] as const,
      ["content-type", "application/octet-stream"] as const,
      ["accept", "application/jsonl"] as const,
      ["trpc-accept", "application/jsonl"] as const,
      ["origin", "http://evil.example"] as const,
      ["origin", "null"] as const,
      ["sec-fetch-site", "cross-site"] as const,
      ["authorization", "Bearer x"] as const,
      ["last-event-id", "7.x"] as const,
      ["expect", "100-continue"] as const,
      ["x-a", "y".repeat(3000)] as const,
      ["traceparent", "\u00ff"] as const,
      ["access-control-request-private-network", "true"] as const,
    ),
  ),
  { maxLength: 3 },
);

const method = fc.oneof(
  { arbitrary: fc.constantFrom("GET", "POST"), weight: 6 },
  fc.constantFrom("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"),
);
/** What gets through to a procedure, and what is strange on the way there. */
const requests: fc.Arbitrary<Raw> = fc.oneof(
  fc.record({ method, target, headers, body }),
  fc.record({
    method: fc.constant("POST"),
    target: fc.constantFrom(...PATHS).map((each) => `/trpc/${each}`),
    headers: fc.constant([["content-type", "application/json"] as const]),
    body: input.map((given) => Buffer.from(JSON.stringify(given))),
  }),
);

/** Sends it and gives the whole answer; of an event stream the beginning, since it has no end. */
function exchange(port: number, { method, target: to, headers: given, body: content }: Raw): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = [
      `${method} ${to} HTTP/1.1`,
      "host: localhost",
      "connection: close",
      ...given.map(([name, of]) => `${name}: ${of}`),
      ...(method === "GET" || method === "HEAD" ? [] : [`content-length: ${content.length}`]),
    ];
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer: ${lines.join(" | ").slice(0, 2000)}`));
    }, 20_000);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
      if (
        /^content-type: text\/event-stream/im.test(answer) &&
        /event: (?:serialized-error|return)|event: connected/.test(answer)
      ) {
        socket.destroy();
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    if (method !== "GET" && method !== "HEAD") socket.write(content);
  });
}

async function memory(): Promise<number> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await new Promise((resolve) => setTimeout(resolve, 100));
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it(`${REQUESTS} strange requests find no failure of the server's own, no stack, no hang, no growth`, {
  timeout: 300_000,
}, async () => {
  const store = await openStore(`sqlite:${join(tempFolder(), "sessions.db")}`, { durability: "relaxed" });
  const { server, client, url } = await serve({ store });
  const { port } = server;
  await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT, entries: [user("0")] });
  const statuses = new Map<string, number>();
  let seed = 4664;
  const run = async (count: number) => {
    const all = fc.sample(requests, { numRuns: count, seed: seed++ });
    const lanes = Array.from({ length: LANES }, async () => {
      for (let next = all.pop(); next !== undefined; next = all.pop()) {
        const answer = await exchange(port, next);
        const [, status = "none"] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const shown = {
          ...next,
          body: next.body.toString("latin1").slice(0, 500),
          answer: answer.slice(0, 1000),
        };
        if (!/^[1-4]/.test(status)) expect(shown).toBe("an answer below 500");
        if (/node_modules|\.[jt]s:\d+|\n\s+at /.test(answer)) expect(shown).toBe("an answer without a stack");
      }
    });
    await Promise.all(lanes);
  };
  // In parts, so that the generated requests are not what grows. The first warms up.
  await run(1000);
  const before = await memory();
  for (let part = 0; part < 9; part++) await run(1000);
  // What was stored is allowed to be there: it is on the disk.
  const growth = (await memory()) - before;
  expect(growth).toBeLessThan(MAX_GROWTH);
  expect([...statuses.keys()].sort()).toEqual(
    expect.arrayContaining(["200", "400", "403", "404", "405", "415"]),
  );
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  // It lives, and nothing hangs behind.
  expect((await send(`${url}/health`)).json).toEqual({ status: "ok" });
  const info = await client.server.info.query();
  expect(info).toMatchObject({ waitingWriteCount: 0 });
  expect(await client.sessions.create.mutate({ name: "after", sessionType: CHAT })).toMatchObject({
    entryCount: 0,
  });
});
