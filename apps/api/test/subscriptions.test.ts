import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient, openRemoteStore, sessionErrorOf } from "@thulp-sessions/client";
import { SessionManager, type StoreChange, sessionIdSchema } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it, onTestFinished } from "vitest";
import { startServer } from "../src/index.ts";
import { openProxy } from "./cuttable-proxy.ts";
import { CHAT, ID, OTHER_ID, serve, until, user } from "./harness.ts";

type Client = ReturnType<typeof createClient>;

/** Follows a session and keeps what was received: the texts of its entries, as the events say they are. */
/** What follows a signal weakly is gone after this. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function follow(client: Client, input: { id: string; after?: string }) {
  const seen = {
    texts: [] as string[],
    events: [] as string[],
    tokens: [] as string[],
    error: undefined as unknown,
  };
  let ended = false;
  const subscription = client.entries.subscribe.subscribe(input, {
    onData({ id, data }) {
      seen.tokens.push(id);
      seen.events.push(data.type);
      if (data.type === "entry") seen.texts.push((data.entry.content as { text: string }).text);
      else if (data.type === "rewound") seen.texts.length = data.entryCount;
      else seen.texts.length = 0;
    },
    onError(error) {
      seen.error = error;
    },
    onComplete() {
      ended = true;
    },
  });
  onTestFinished(() => subscription.unsubscribe());
  return {
    seen,
    stop: () => subscription.unsubscribe(),
    hasTold: (count: number) => until(() => seen.texts.length >= count, `${count} entries were told`),
    hasEnded: () => until(() => ended || seen.error !== undefined, "the subscription ended"),
  };
}

async function setUp() {
  const served = await serve();
  const proxy = await openProxy(served.server.port);
  await served.client.sessions.create.mutate({
    id: ID,
    name: "a",
    sessionType: CHAT,
    entries: [user("0"), user("1")],
  });
  const append = (...texts: string[]) =>
    served.client.entries.append.mutate({ id: ID, entries: texts.map(user) });
  return { ...served, proxy, append };
}

describe("entries.subscribe over HTTP", () => {
  it("sends each entry once and in order, also after the connection was cut", async () => {
    const { proxy, append } = await setUp();
    const { seen, hasTold } = follow(createClient({ url: proxy.url }), { id: ID });
    await hasTold(2);
    await append("2");
    await hasTold(3);
    for (const round of [1, 2]) {
      proxy.cut();
      await append(`${round}a`, `${round}b`);
      await hasTold(3 + 2 * round);
    }
    expect(seen.texts).toEqual(["0", "1", "2", "1a", "1b", "2a", "2b"]);
    expect(new Set(seen.events)).toEqual(new Set(["entry"]));
    expect(seen.error).toBeUndefined();
  });

  it("goes on with the server that comes after, and hears what was rewound meanwhile", async () => {
    const { proxy, server, store } = await setUp();
    const { seen, hasTold } = follow(createClient({ url: proxy.url }), { id: ID });
    await hasTold(2);
    // The next server has the same sessions: the store of the first one is put under it before it is closed.
    const next = await startServer({ store: await copyOf(store as MemoryStore), port: 0 });
    onTestFinished(async () => {
      await next.stop(1000);
    });
    await next.manager.rewindSession(ID, 0);
    await next.manager.addEntries(ID, [user("new 0")]);
    expect(await server.stop()).toBe(true);
    proxy.cut(next.port);
    await until(() => seen.texts.join() === "new 0", "the rewound session was told");
    expect(seen.events.slice(2)).toEqual(["rewound", "entry"]);
    expect(seen.error).toBeUndefined();
  });

  it("resumes from a token that was kept, and ends with the session", async () => {
    const { client, url } = await setUp();
    const first = follow(client, { id: ID });
    await first.hasTold(2);
    first.stop();
    const [token] = first.seen.tokens;
    const second = follow(createClient({ url }), { id: ID, after: token ?? "" });
    await second.hasTold(1);
    expect(second.seen.texts).toEqual(["1"]);
    await client.sessions.delete.mutate({ id: ID });
    await second.hasEnded();
    expect(second.seen.events).toEqual(["entry", "deleted"]);
    expect(second.seen.error).toBeUndefined();
  });

  it("fails in words: no such session, a token that is none, the wrong bearer token", async () => {
    const { client, url } = await serve({ token: "right" });
    const cases = [
      [follow(client, { id: OTHER_ID }), "not_found", /There is no session/],
      [follow(client, { id: OTHER_ID, after: "x" }), "invalid_input", /subscription token/],
      [follow(client, { id: "x" }), "invalid_input", /^id: /],
      [follow(createClient({ url, token: "wrong" }), { id: ID }), "invalid_input", /bearer token/],
      [follow(createClient({ url: `${url}/elsewhere` }), { id: ID }), "unsupported", /the API is at/],
    ] as const;
    for (const [{ seen, hasEnded }, code, message] of cases) {
      await hasEnded();
      expect(sessionErrorOf(seen.error)).toMatchObject({ code, message: expect.stringMatching(message) });
    }
  });

  it("lets go of the store's watch when the client goes away", async () => {
    const store = new MemoryStore();
    let open = 0;
    const watch = store.watch.bind(store);
    store.watch = async (options) => {
      const changes = await watch(options);
      open++;
      const end = changes.return?.bind(changes);
      changes.return = async () => {
        open--;
        return (await end?.()) ?? { done: true, value: undefined };
      };
      return changes;
    };
    const { client, server } = await serve({ store });
    const proxy = await openProxy(server.port);
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT, entries: [user("0")] });
    const polite = follow(client, { id: ID });
    await polite.hasTold(1);
    expect(open).toBe(1);
    collectGarbage();
    polite.stop();
    await until(() => open === 0, "the watch was ended");
    const rude = follow(createClient({ url: proxy.url }), { id: ID });
    await rude.hasTold(1);
    collectGarbage();
    rude.stop();
    proxy.cut();
    await until(() => open === 0, "the watch of the broken connection was ended");
  });
});

describe("sessions.watch over HTTP", () => {
  it("begins every connection with a reset, so that a list stays true", async () => {
    const { client, proxy } = await setUp();
    const events: string[] = [];
    const subscription = createClient({ url: proxy.url }).sessions.watch.subscribe(undefined, {
      onData: (event) =>
        events.push(
          event.type === "reset" || event.type === "deleted"
            ? event.type
            : `${event.type} ${event.metadata.name}`,
        ),
    });
    onTestFinished(() => subscription.unsubscribe());
    const hasTold = (count: number) => until(() => events.length >= count, `${count} events were told`);
    await hasTold(1);
    await client.sessions.create.mutate({ id: OTHER_ID, name: "b", sessionType: CHAT });
    await hasTold(2);
    proxy.cut();
    await client.sessions.delete.mutate({ id: OTHER_ID });
    await hasTold(3);
    await client.sessions.update.mutate({ id: ID, name: "renamed" });
    await hasTold(4);
    expect(events).toEqual(["reset", "created b", "reset", "changed renamed"]);
  });
});

describe("a remote store's watch", () => {
  it("shares one connection, and says reset after it was cut", async () => {
    const { client, proxy } = await setUp();
    const warnings: string[] = [];
    const store = await openRemoteStore({
      url: proxy.url,
      onWarning: ({ message }) => warnings.push(message),
    });
    onTestFinished(() => store.close());
    const id = sessionIdSchema.parse(ID);
    const [all, one] = await Promise.all([store.watch(), store.watch({ id })]);
    await client.sessions.complete.mutate({ id: ID });
    const changed: StoreChange = { type: "changed", id };
    expect((await all.next()).value).toEqual(changed);
    expect((await one.next()).value).toEqual(changed);
    proxy.cut();
    expect((await all.next()).value).toEqual({ type: "reset" });
    expect(warnings).toEqual([expect.stringContaining("was interrupted")]);
    await client.sessions.delete.mutate({ id: ID });
    expect((await all.next()).value).toEqual({ type: "deleted", id: ID });
  });

  it("rejects when the server is not there", async () => {
    const { server, url } = await serve();
    const store = await openRemoteStore({ url });
    onTestFinished(() => store.close());
    await server.stop();
    await expect(store.watch()).rejects.toMatchObject({ code: "io", message: expect.stringContaining(url) });
  });

  it("carries a manager's subscription", async () => {
    const { url, append } = await setUp();
    const store = await openRemoteStore({ url });
    onTestFinished(() => store.close());
    const texts: unknown[] = [];
    for await (const event of new SessionManager(store).subscribe(ID)) {
      if (event.type === "entry") texts.push((event.entry.content as { text: string }).text);
      if (texts.length === 2) await append("2");
      if (texts.length === 3) break;
    }
    expect(texts).toEqual(["0", "1", "2"]);
  });
});

async function copyOf(store: MemoryStore): Promise<MemoryStore> {
  const copy = new MemoryStore();
  for (const { id } of (await store.list()).items) await copy.create(await store.get(id));
  return copy;
}

describe("the six connections of a browser", () => {
  it("are enough for any number of sessions that are followed through one remote store: it needs one", async () => {
    const { server, url } = await serve();
    const store = await openRemoteStore({ url });
    onTestFinished(() => store.close());
    const manager = new SessionManager(store);
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) ids.push((await server.manager.createSession(`${n}`, CHAT)).metadata.id);
    const leaving = new AbortController();
    const texts = ids.map((): unknown[] => []);
    const following = ids.map(async (id, n) => {
      for await (const event of manager.subscribe(id, { signal: leaving.signal })) {
        if (event.type === "entry") texts[n]?.push((event.entry.content as { text: string }).text);
      }
    });
    for (const id of ids) await server.manager.addEntries(id, [user(`first of ${id}`)]);
    await until(() => texts.every((each) => each.length === 1), "all were followed");
    const client = createClient({ url });
    expect((await client.server.info.query()).subscriptionCount).toBe(1);
    for (const id of ids) await server.manager.addEntries(id, [user(`second of ${id}`)]);
    await until(() => texts.every((each) => each.length === 2), "all were told");
    expect(texts).toEqual(ids.map((id) => [`first of ${id}`, `second of ${id}`]));
    leaving.abort();
    await Promise.all(following);
  });
});

describe("a silent connection", () => {
  it("receives signs of life from the server", { timeout: 60_000 }, async () => {
    const { url } = await serve();
    const live = await fetch(`${url}/trpc/sessions.watch`);
    const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("event: ping")) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    // For so long the client waits before it takes the connection for dead: three pings.
    expect(text).toContain('data: {"reconnectAfterInactivityMs":45000}');
  });
});
