import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createGzip } from "node:zlib";
import { allHeads, allSessions, type SessionStore } from "@thulp-sessions/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, openRemoteStore, sessionErrorOf } from "../src/index.ts";

const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const OTHER = "0190a3c5-8000-7c3a-9d4f-2a6b8c0d1e30";
const INFO = {
  name: "thulp-sessions",
  version: "1",
  capabilities: { persistent: true, shared: true, exactNumbers: false },
};
const METADATA = {
  id: ID,
  name: "n",
  sessionType: { type: "conversation", purpose: "" },
  createdAt: 5,
  updatedAt: 5,
  status: "active",
  tags: [],
  parentSession: null,
};
const HEAD = {
  metadata: METADATA,
  context: {},
  entryCount: 1_000_000_000,
  turnCount: 0,
  userMessageCount: 0,
  assistantMessageCount: 0,
  version: "v",
  epoch: "1",
};
const ENTRY = { id: ID, timestamp: 1, entryType: { type: "user_message" }, content: {}, seq: 0 };

type Handler = (path: string, request: IncomingMessage, response: ServerResponse) => unknown;

/** Answers with what the handler gives; `undefined` where it has answered by itself. */
async function serve(handler: Handler): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    const target = new URL(request.url ?? "", "http://server");
    const paths = target.pathname.slice("/trpc/".length).split(",");
    const answers = paths.map((path) => (path === "server.info" ? INFO : handler(path, request, response)));
    if (answers.includes(undefined)) return;
    const results = answers.map((data) => ({ result: { data } }));
    response.writeHead(200, { "content-type": "application/json" });
    request
      .resume()
      .on("end", () => response.end(JSON.stringify(target.searchParams.has("batch") ? results : results[0])));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests: () => requests };
}

async function opened(url: string, maxAnswerBytes?: number): Promise<SessionStore> {
  const store = await openRemoteStore({ url, maxAnswerBytes, retryForMs: 2000 });
  onTestFinished(() => store.close());
  return store;
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

async function entries(store: SessionStore): Promise<void> {
  let cursor: string | undefined;
  do cursor = (await store.readEntries(ID, { cursor })).nextCursor ?? undefined;
  while (cursor !== undefined);
}

async function values(store: SessionStore): Promise<void> {
  let cursor: string | undefined;
  do cursor = (await store.count({}, { by: "tag", cursor })).nextCursor ?? undefined;
  while (cursor !== undefined);
}

async function hits(store: SessionStore): Promise<void> {
  let cursor: string | undefined;
  do cursor = (await store.search({ text: "x", cursor })).nextCursor ?? undefined;
  while (cursor !== undefined);
}

describe("pages that do not get on end with an error", () => {
  const items: Record<string, unknown> = {
    "sessions.list": METADATA,
    "sessions.heads": HEAD,
    "entries.list": ENTRY,
    "sessions.countBy": { value: "a", count: 1 },
    "sessions.search": { sessionId: ID, seq: 0, snippet: "x", offsets: [[0, 1]] },
  };
  const walks: [string, (store: SessionStore) => Promise<unknown>][] = [
    ["sessions.list", (store) => all(allSessions(store))],
    ["sessions.heads", (store) => all(allHeads(store))],
    ["entries.list", entries],
    ["sessions.countBy", values],
    ["sessions.search", hits],
  ];

  test.each(walks)("%s with the same cursor again and again", async (_, walk) => {
    const { url, requests } = await serve((path) => ({
      items: [items[path]],
      nextCursor: "again",
      epoch: "1",
      more: true,
    }));
    await expect(walk(await opened(url))).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining(url),
    });
    expect(requests()).toBeLessThan(10);
  });

  test.each(walks.slice(0, 4))("%s with new cursors to what was there", async (_, walk) => {
    let n = 0;
    const { url, requests } = await serve((path) => ({
      items: [items[path]],
      nextCursor: `c${n++}`,
      epoch: "1",
      more: true,
    }));
    await expect(walk(await opened(url))).rejects.toMatchObject({ code: "io" });
    expect(requests()).toBeLessThan(10);
  });

  test.each(walks)("%s with empty pages without end", async (_, walk) => {
    let n = 0;
    const { url, requests } = await serve(() => ({
      items: [],
      nextCursor: `c${n++}`,
      more: true,
      epoch: "1",
    }));
    await expect(walk(await opened(url))).rejects.toMatchObject({ code: "io" });
    expect(requests()).toBeLessThan(200);
  });

  test("a whole session, of which the same part comes again", async () => {
    const { url, requests } = await serve((path) =>
      path === "sessions.head" ? HEAD : { items: [ENTRY], nextCursor: "c", epoch: "1" },
    );
    await expect((await opened(url)).get(ID)).rejects.toMatchObject({ code: "io" });
    expect(requests()).toBeLessThan(10);
  });

  test("heads that were changed since they were found are none of them: they stand at their place", async () => {
    const heads = [5, 9, 3].map((updatedAt, i) => {
      const id = `${ID.slice(0, -1)}${i}`;
      return { ...HEAD, entryCount: 1, metadata: { ...METADATA, id, updatedAt } };
    });
    const { url } = await serve((_, request) => {
      const at = Number(/"c(\d)/.exec(decodeURIComponent(request.url ?? ""))?.[1] ?? pages++);
      return { items: [heads[at]], nextCursor: at < 2 ? `c${at + 1}` : null };
    });
    let pages = 0;
    const found: number[] = [];
    for await (const { metadata } of allHeads(await opened(url))) found.push(metadata.updatedAt);
    expect(found).toEqual([5, 9, 3]);
  });

  test("pages that do get on are none of them, in each order", async () => {
    for (const direction of ["asc", "desc"] as const) {
      const times = direction === "asc" ? [1, 5, 5, 9] : [9, 5, 5, 1];
      const ids = direction === "asc" ? [ID, ID, OTHER, ID] : [ID, OTHER, ID, ID];
      const { url } = await serve((_, request) => {
        const at = Number(/"c(\d)/.exec(decodeURIComponent(request.url ?? ""))?.[1] ?? pages++);
        const item = { ...METADATA, updatedAt: times[at], id: ids[at] };
        return { items: [item], nextCursor: at < 3 ? `c${at + 1}` : null };
      });
      let pages = 0;
      const found: string[] = [];
      for await (const { id } of allSessions(await opened(url), { direction })) found.push(id);
      expect(found).toEqual(ids);
    }
  });
});

describe("answers are bounded in bytes", () => {
  const LIMIT = 1 << 20;
  const spaces = Buffer.alloc(1 << 16, 32);

  /** Writes without end, until the other side has had enough. */
  function endless(to: NodeJS.WritableStream, response: ServerResponse): void {
    const write = () => {
      while (!response.destroyed) if (!to.write(spaces)) return void to.once("drain", write);
    };
    write();
  }

  test.each(["plain", "gzip"])("%s", async (encoding) => {
    const { url } = await serve((_, request, response) => {
      request.resume();
      response.writeHead(200, {
        "content-type": "application/json",
        ...(encoding === "gzip" && { "content-encoding": "gzip" }),
      });
      if (encoding === "gzip") {
        const gzip = createGzip();
        gzip.pipe(response);
        endless(gzip, response);
      } else endless(response, response);
    });
    const store = await opened(url, LIMIT);
    await expect(store.list()).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining(`more than ${LIMIT} bytes`),
    });
  });

  test("of a subscription each line, and it does not come back", async () => {
    const { url, requests } = await serve((_, request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "text/event-stream" });
      endless(response, response);
    });
    const client = createClient({ url, maxAnswerBytes: LIMIT });
    const error = await new Promise((resolve) => {
      client.entries.subscribe.subscribe({ id: ID as never }, { onError: resolve });
    });
    expect(sessionErrorOf(error)?.message).toContain(`more than ${LIMIT} bytes`);
    expect(requests()).toBe(1);
  });
});

describe("answers of another form are errors that name the server", () => {
  const wrong = [null, 5, "x", [], {}, { items: 5, nextCursor: {} }, { items: [null], nextCursor: null }];
  const calls: [string, (store: SessionStore) => Promise<unknown>][] = [
    ["list", (store) => store.list()],
    ["heads", (store) => store.list({ heads: true })],
    ["get", (store) => store.get(ID)],
    ["head", (store) => store.head(ID)],
    ["readEntries", (store) => store.readEntries(ID)],
    ["search", (store) => store.search({ text: "x" })],
    ["count", (store) => store.count()],
    ["countBy", (store) => store.count({}, { by: "tag" })],
    ["append", (store) => store.append(ID, [], { at: 1 })],
    ["update", (store) => store.update(ID, { name: "x" }, { at: 1 })],
    ["truncate", (store) => store.truncate(ID, 0, { at: 1 })],
    ["delete", (store) => store.delete(ID)],
  ];
  test.each(calls)("%s", async (name, call) => {
    let answer: unknown;
    const { url } = await serve(() => answer);
    const store = await opened(url);
    for (answer of wrong) {
      if (name === "count" && answer === 5) continue;
      await expect(call(store), JSON.stringify(answer)).rejects.toMatchObject({
        name: "SessionError",
        code: "io",
        message: expect.stringContaining(url),
      });
    }
  });

  test("what is nearly right, field by field", async () => {
    let answer: unknown;
    const { url } = await serve(() => answer);
    const store = await opened(url);
    for (const name of Object.keys(METADATA)) {
      answer = { items: [{ ...METADATA, [name]: { toString: 1 } }], nextCursor: null };
      await expect(store.list(), name).rejects.toMatchObject({ code: "io" });
    }
    for (const name of Object.keys(ENTRY).filter((each) => each !== "content")) {
      answer = { items: [{ ...ENTRY, [name]: -1 }], nextCursor: null, epoch: "1" };
      if (name !== "timestamp")
        await expect(store.readEntries(ID), name).rejects.toMatchObject({ code: "io" });
    }
    answer = { items: [{ ...METADATA, newer: 1 }], nextCursor: null, newer: 2 };
    expect((await store.list()).items).toHaveLength(1);
    answer = { items: [ENTRY], nextCursor: null };
    await expect(store.readEntries(ID), "a page without an epoch").rejects.toMatchObject({ code: "io" });
    answer = { items: [ENTRY], nextCursor: null, epoch: "1" };
    expect((await store.readEntries(ID)).items).toHaveLength(1);
  });

  test("a redirect is not followed, nor tried again", async () => {
    let stolen = 0;
    const thief = await serve(() => stolen++);
    const { url, requests } = await serve((_, request, response) => {
      request.resume();
      response.writeHead(307, { location: `${thief.url}/trpc/x` }).end();
    });
    const store = await opened(url);
    const before = requests();
    await expect(store.list()).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("redirects"),
    });
    expect(requests()).toBe(before + 1);
    expect(stolen).toBe(0);
  });
});
