import { once } from "node:events";
import { Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { type ClientOptions, createClient, openRemoteStore, sessionErrorOf } from "@thulp-sessions/client";
import { SessionManager, userMessage } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { startNode } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { serveWithExpress } from "../src/express.ts";
import { serveWithFastify } from "../src/fastify.ts";
import { fetchHandler } from "../src/fetch.ts";
import type { Host } from "../src/host.ts";
import { newSecret, signPass } from "../src/secrets.ts";
import { serveFetch } from "../src/serve-fetch.ts";

const MAIN = join(import.meta.dirname, "../dist/main.js");
const CHAT = { type: "conversation", purpose: "test" } as const;

type Credentials = Pick<ClientOptions, "token" | "fetch">;

interface Kind {
  serve(manager: SessionManager, secret: string, port: number): Promise<Host>;
  credentials(secret: string): Credentials;
}

function withKey(key: string): Credentials {
  return {
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set("x-api-key", key);
      return fetch(input, { ...init, headers });
    },
  };
}

const KINDS: Record<string, Kind> = {
  fastify: { serve: serveWithFastify, credentials: (token) => ({ token }) },
  express: {
    serve: (manager, key, port) => serveWithExpress([{ key, manager }], port),
    credentials: withKey,
  },
  fetch: {
    serve: (manager, secret, port) => serveFetch(fetchHandler(manager, secret), port),
    credentials: (secret) => ({ token: signPass(secret, Date.now() + 60_000) }),
  },
};

function closedAfterTest(host: Host): Host {
  onTestFinished(() => host.close());
  return host;
}

/**
 * A subscription; `told` resolves with its texts when there are `count` of them, and rejects when it fails.
 */
function follow(client: ReturnType<typeof createClient>, id: string) {
  const texts: string[] = [];
  let wake = () => {};
  let failure: unknown;
  const subscription = client.entries.subscribe.subscribe(
    { id },
    {
      onData({ data }) {
        if (data.type === "entry") texts.push((data.entry.content as { text: string }).text);
        wake();
      },
      onError(error) {
        failure = error;
        wake();
      },
    },
  );
  onTestFinished(() => subscription.unsubscribe());
  return {
    leave: () => subscription.unsubscribe(),
    async told(count: number): Promise<string[]> {
      while (texts.length < count && !failure) await new Promise<void>((resolve) => (wake = resolve));
      if (failure) throw failure;
      return texts;
    },
  };
}

describe.each(Object.entries(KINDS))("in %s", (name, { serve, credentials }) => {
  async function served() {
    const manager = new SessionManager(new MemoryStore());
    const secret = newSecret();
    const host = closedAfterTest(await serve(manager, secret, 0));
    return { manager, secret, host, client: createClient({ url: host.url, ...credentials(secret) }) };
  }

  test("with credentials everything works, subscriptions too", async () => {
    const { manager, host, secret, client } = await served();
    const { metadata } = await client.sessions.create.mutate({ name: "mine", sessionType: CHAT });
    const { id } = metadata;
    const follower = follow(client, id);
    await client.entries.append.mutate({ id, entries: [userMessage("over HTTP")] });
    await manager.addEntries(id, [userMessage("in process")]);
    expect(await follower.told(2)).toEqual(["over HTTP", "in process"]);

    // Queries of one moment share a request.
    const [page, head] = await Promise.all([
      client.sessions.list.query({ filter: { nameContains: "MINE" } }),
      client.sessions.head.query({ id }),
    ]);
    expect(page.items.map((each) => each.id)).toEqual([id]);
    expect(head.entryCount).toBe(2);
    const missing = client.sessions.head.query({ id: "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f" });
    expect(sessionErrorOf(await missing.catch((error) => error))?.code).toBe("not_found");

    await using store = await openRemoteStore({ url: host.url, ...credentials(secret) });
    expect((await new SessionManager(store).loadSession(id)).entries).toHaveLength(2);
  });

  test("without them, or with others, nothing does", async () => {
    const { manager, host, secret, client } = await served();
    const { id } = (await client.sessions.create.mutate({ name: "mine", sessionType: CHAT })).metadata;
    for (const wrong of [{}, credentials(newSecret()), { token: "1" }, { token: secret.slice(1) }]) {
      const stranger = createClient({ url: host.url, ...wrong });
      const attempts: (() => Promise<unknown>)[] = [
        () => stranger.sessions.list.query({}),
        () => Promise.all([stranger.sessions.head.query({ id }), stranger.sessions.get.query({ id })]),
        () => stranger.sessions.create.mutate({ name: "theirs", sessionType: CHAT }),
        () => stranger.sessions.delete.mutate({ id }),
        () => follow(stranger, id).told(1),
      ];
      for (const attempt of attempts) {
        const error = sessionErrorOf(await attempt().catch((error) => error));
        expect(error?.message).toMatch(/token|key|pass/);
        expect(error?.code).toBe("invalid_input");
      }
    }
    expect((await manager.listSessions()).map(({ name }) => name)).toEqual(["mine"]);
  });

  test("the app's own pages are left alone", async () => {
    const { host } = await served();
    const answer = await fetch(new URL("/", host.url));
    expect(await answer.text()).toBe("an app of its own\n");
    expect((await fetch(new URL("/elsewhere", host.url))).status).toBe(404);
  });

  test("an entry of some megabytes is taken", async () => {
    const { client } = await served();
    const { id } = (await client.sessions.create.mutate({ name: "large", sessionType: CHAT })).metadata;
    const text = "x".repeat(5_000_000);
    await client.entries.append.mutate({ id, entries: [userMessage(text)] });
    expect((await client.entries.list.query({ id })).items).toMatchObject([{ content: { text } }]);
  });

  test("closing waits neither for followers, who come back and go on, nor for unused connections", async () => {
    const { manager, secret, host, client } = await served();
    const { id } = (await client.sessions.create.mutate({ name: "mine", sessionType: CHAT })).metadata;
    await manager.addEntries(id, [userMessage("before")]);
    const follower = follow(client, id);
    await follower.told(1);
    const unused = connect(Number(new URL(host.url).port), "127.0.0.1");
    await once(unused, "connect");
    const impatient = vi.spyOn(Server.prototype, "closeAllConnections");
    await host.close();
    expect(impatient).not.toHaveBeenCalled();
    await manager.addEntries(id, [userMessage("meanwhile")]);
    closedAfterTest(await serve(manager, secret, Number(new URL(host.url).port)));
    await manager.addEntries(id, [userMessage("after")]);
    expect(await follower.told(3)).toEqual(["before", "meanwhile", "after"]);
  });

  test("a follower who goes away is forgotten", async () => {
    let forget = () => {};
    const forgotten = new Promise<void>((resolve) => {
      forget = resolve;
    });
    class WatchedStore extends MemoryStore {
      protected override async doWatchStop(): Promise<void> {
        forget();
      }
    }
    const manager = new SessionManager(new WatchedStore());
    const secret = newSecret();
    const host = closedAfterTest(await serve(manager, secret, 0));
    const { id } = (await manager.createSession("mine", CHAT)).metadata;
    await manager.addEntries(id, [userMessage("hello")]);
    const follower = follow(createClient({ url: host.url, ...credentials(secret) }), id);
    await follower.told(1);
    follower.leave();
    await forgotten;
  });

  test("the program stops on Ctrl-C", async () => {
    const program = startNode([MAIN, name, "--store", "memory:", "--port", "0"]);
    const [, url = "", credential = ""] = await program.says(/(http:\S+) .* (\S+)\n/);
    const client = createClient({
      url,
      ...(name === "express" ? withKey(credential) : { token: credential }),
    });
    const { id } = (await client.sessions.create.mutate({ name: "mine", sessionType: CHAT })).metadata;
    const follower = follow(client, id);
    await client.entries.append.mutate({ id, entries: [userMessage("hello")] });
    await follower.told(1);
    program.kill("SIGINT");
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
  });
});

test("tenants do not see each other", async () => {
  const tenants = ["a", "b"].map(() => ({
    key: newSecret(),
    manager: new SessionManager(new MemoryStore()),
  }));
  const host = closedAfterTest(await serveWithExpress(tenants, 0));
  const [a, b] = tenants.map(({ key }) => createClient({ url: host.url, ...withKey(key) }));
  const created = await a?.sessions.create.mutate({ name: "a's", sessionType: CHAT });
  const id = created?.metadata.id ?? "";
  expect(await b?.sessions.list.query({})).toMatchObject({ items: [] });
  expect(await b?.sessions.exists.query({ id })).toBe(false);
  expect(await a?.sessions.exists.query({ id })).toBe(true);
});

test("a pass expires", async () => {
  const secret = newSecret();
  const manager = new SessionManager(new MemoryStore());
  const host = closedAfterTest(await serveFetch(fetchHandler(manager, secret), 0));
  const expired = createClient({ url: host.url, token: signPass(secret, Date.now() - 1) });
  await expect(expired.server.info.query()).rejects.toThrow("has expired");
  const longer = signPass(secret, Date.now() - 1).replace(/^\d+/, `${Date.now() + 60_000}`);
  await expect(createClient({ url: host.url, token: longer }).server.info.query()).rejects.toThrow("pass");
});
