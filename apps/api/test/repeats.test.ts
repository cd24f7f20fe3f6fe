import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it } from "vitest";
import { CHAT, ID, OTHER_ID, serve, user } from "./harness.ts";
import { type Meddling, openMeddlingProxy } from "./meddling-proxy.ts";

/** A server behind a proxy that does to the requests what the list says, and lets the rest pass. */
async function behind(fates: readonly Meddling[], options: { timeoutMs?: number; retryForMs?: number } = {}) {
  const served = await serve();
  const left = [...fates];
  const proxy = await openMeddlingProxy(served.server.port, () => left.shift() ?? "pass");
  await served.client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT, entries: [user("0")] });
  return { ...served, proxy, through: createClient({ url: proxy.url, ...options }) };
}

async function codeOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (each) => each,
  );
  return sessionErrorOf(error);
}

const LOSSES = ["drop request", "drop answer", "cut answer", "bad gateway"] as const;
const EACH = [...LOSSES, "busy", "swallow"] as const;

describe.each(EACH)("when the fate of a request is to meet %s", (fate) => {
  const meet = () => behind([fate, fate], { timeoutMs: 500 });

  it("an append is repeated, and stored once", async () => {
    const { through, client, proxy } = await meet();
    const result = await through.entries.append.mutate({ id: ID, entries: [user("1"), user("2")] });
    expect(result).toMatchObject({ entryCount: 3 });
    const { items } = await client.entries.list.query({ id: ID });
    expect(items.map(({ content }) => content)).toEqual([{ text: "0" }, { text: "1" }, { text: "2" }]);
    expect(result.entries.map(({ id }) => id)).toEqual(items.slice(1).map(({ id }) => id));
    expect(proxy.seen).toHaveLength(3);
    expect(new Set(proxy.seen.map(({ body }) => body)).size).toBe(1);
  });

  it("a creation is repeated, and there is one", async () => {
    const { through, client } = await meet();
    const given = { name: "b", sessionType: CHAT, tags: ["t"], entries: [user("x")] };
    const anonymous = await through.sessions.create.mutate(given);
    expect(anonymous).toMatchObject({ metadata: { name: "b", tags: ["t"] }, entryCount: 1 });
    expect(await client.sessions.count.query()).toBe(2);
    expect(await client.sessions.head.query({ id: anonymous.metadata.id })).toEqual(anonymous);
  });

  it("a creation with an id too, and a fork with one", async () => {
    const { through, client } = await meet();
    const named = await through.sessions.create.mutate({ id: OTHER_ID, name: "b", sessionType: CHAT });
    expect(named).toMatchObject({ metadata: { id: OTHER_ID, name: "b" } });
    expect(await client.sessions.count.query()).toBe(2);

    const other = await meet();
    const fork = await other.through.sessions.fork.mutate({ id: ID, newId: OTHER_ID, entryCount: 1 });
    expect(fork).toMatchObject({ metadata: { id: OTHER_ID, parentSession: ID }, entryCount: 1 });
    expect(await other.client.sessions.count.query()).toBe(2);
  });

  it("a deletion, a plain status and a query are repeated", async () => {
    const { through, proxy } = await meet();
    expect(await through.sessions.complete.mutate({ id: ID })).toMatchObject({
      metadata: { status: "completed" },
    });
    expect(proxy.seen).toHaveLength(3);
    const second = await meet();
    await second.through.sessions.delete.mutate({ id: ID });
    expect(await second.client.sessions.exists.query({ id: ID })).toBe(false);
    const third = await meet();
    expect(await third.through.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 1 });
    const fourth = await meet();
    expect(await fourth.through.sessions.update.mutate({ id: ID, status: "paused" })).toMatchObject({
      metadata: { status: "paused" },
    });
  });

  it("what might do harm is sent once, and its outcome is said to be unknown", async () => {
    const { version } = await (await meet()).client.sessions.head.query({ id: ID });
    const calls: ((client: ReturnType<typeof createClient>) => Promise<unknown>)[] = [
      (client) => client.sessions.fork.mutate({ id: ID }),
      (client) => client.sessions.rewind.mutate({ id: ID, entryCount: 0 }),
      (client) => client.sessions.update.mutate({ id: ID, name: "renamed" }),
      (client) => client.entries.append.mutate({ id: ID, entries: [user("1")], expectedVersion: version }),
      (client) => client.sessions.delete.mutate({ id: ID, expectedVersion: version }),
      (client) => client.sessions.complete.mutate({ id: ID, expectedVersion: version }),
    ];
    for (const call of calls) {
      const { through, proxy } = await meet();
      const error = await codeOf(call(through));
      expect(proxy.seen).toHaveLength(1);
      if (fate === "busy") expect(error).toMatchObject({ code: "busy", details: {} });
      else {
        expect(error).toMatchObject({
          code: "io",
          details: { outcome: "unknown" },
          message: expect.stringContaining("is unknown: look before"),
        });
      }
    }
  });
});

describe("a repeated creation", () => {
  it("does not take somebody else's session for its own", async () => {
    const { through, client } = await behind(["drop answer", "drop request"]);
    // Another has taken the id meanwhile: what the lost answer would have said.
    await client.sessions.create.mutate({ id: OTHER_ID, name: "theirs", sessionType: CHAT });
    const call = through.sessions.create.mutate({ id: OTHER_ID, name: "mine", sessionType: CHAT });
    expect(await codeOf(call)).toMatchObject({ code: "already_exists" });
    expect(await client.sessions.head.query({ id: OTHER_ID })).toMatchObject({
      metadata: { name: "theirs" },
    });
  });

  it("is refused as ever where there was no doubt", async () => {
    const { through, proxy } = await behind([]);
    const same = { id: ID, name: "a", sessionType: CHAT };
    expect(await codeOf(through.sessions.create.mutate(same))).toMatchObject({ code: "already_exists" });
    expect(proxy.seen).toHaveLength(1);
  });
});

describe("repeating", () => {
  it("has an end, and then says what is unknown and what is not", async () => {
    const fates = Array<Meddling>(100).fill("drop request");
    const { through } = await behind(fates, { retryForMs: 300 });
    expect(await codeOf(through.entries.append.mutate({ id: ID, entries: [user("1")] }))).toMatchObject({
      code: "io",
      details: { outcome: "unknown" },
    });
    const query = await codeOf(through.sessions.head.query({ id: ID }));
    expect(query).toMatchObject({ code: "io" });
    expect(query?.details).toEqual({});
    // Nobody is there: it was never sent, so nothing is unknown.
    const gone = await serve();
    await gone.server.stop();
    const nowhere = createClient({ url: gone.url, retryForMs: 200 });
    const refused = await codeOf(nowhere.entries.append.mutate({ id: ID, entries: [user("1")] }));
    expect(refused).toMatchObject({ code: "io", message: expect.stringContaining("Cannot reach") });
    expect(refused?.details).toEqual({});
  });

  it("stops with the call's signal", async () => {
    const { through, proxy } = await behind(Array<Meddling>(100).fill("busy"));
    const leaves = new AbortController();
    const call = through.sessions.head.query({ id: ID }, { signal: leaves.signal });
    setTimeout(() => leaves.abort(), 150);
    await expect(call).rejects.toThrow();
    const { length } = proxy.seen;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(proxy.seen).toHaveLength(length);
  });

  it("bridges a server that is restarted", async () => {
    const store = new MemoryStore();
    const first = await serve({ store });
    await first.client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const kept = await store.get(ID);
    await first.server.stop();
    const append = first.client.entries.append.mutate({ id: ID, entries: [user("1")] });
    const next = new MemoryStore();
    await next.create(kept);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await serve({ store: next, port: first.server.port });
    expect(await append).toMatchObject({ entryCount: 1 });
  });

  it("keeps every append exactly once and in order, whatever the way does", { timeout: 60_000 }, async () => {
    const { server, client } = await serve();
    let random = 20_261_124;
    const next = () => {
      random = (random * 48_271) % 2_147_483_647;
      return random / 2_147_483_647;
    };
    const odd: Meddling[] = [...LOSSES, "busy"];
    const proxy = await openMeddlingProxy(server.port, () =>
      next() < 0.3 ? (odd[Math.floor(next() * odd.length)] ?? "pass") : "pass",
    );
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      const through = createClient({ url: proxy.url, retryForMs: 60_000 });
      for (let n = 0; n < 25; n++) {
        await through.entries.append.mutate({ id: ID, entries: [user(`${writer}:${n}`)] });
      }
    });
    await Promise.all(writers);
    const { items } = await client.entries.list.query({ id: ID, limit: 1000 });
    const texts = items.map(({ content }) => (content as { text: string }).text);
    expect(texts).toHaveLength(8 * 25);
    for (let writer = 0; writer < 8; writer++) {
      expect(texts.filter((text) => text.startsWith(`${writer}:`))).toEqual(
        Array.from({ length: 25 }, (_, n) => `${writer}:${n}`),
      );
    }
    expect(proxy.seen.some(({ fate }) => fate === "drop answer")).toBe(true);
  });
});
