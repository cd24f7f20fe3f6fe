// Longer than most files: each fate of a request meets every kind of call.
import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it } from "vitest";
import { CHAT, ID, OTHER_ID, serve, user } from "./harness.ts";
import { type Meddling, openMeddlingProxy } from "./meddling-proxy.ts";

/** A server behind a proxy that does to the requests what the list says, and lets the rest pass. */
async function behind(fates: readonly Meddling[], options: { timeoutMs?: number; retryForMs?: number } = {}) {
  const served = await serve();
  const left = [...fates];
  const others: (() => Promise<unknown>)[] = [];
  const proxy = await openMeddlingProxy(
    served.server.port,
    () => left.shift() ?? "pass",
    async () => others.shift()?.(),
  );
  await served.client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT, entries: [user("0")] });
  return {
    ...served,
    proxy,
    through: createClient({ url: proxy.url, ...options }),
    /** What becomes of the requests that follow. */
    meet: (...next: Meddling[]) => left.push(...next),
    /** What others do between the answer that is dropped next and what the client makes of that. */
    meanwhile: (work: () => Promise<unknown>) => others.push(work),
  };
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

/** The server has done it, and the client has not heard of that. */
const CARRIED_OUT: readonly Meddling[] = ["drop answer", "cut answer"];

describe.each(EACH)("when the fate of a request is to meet %s", (fate) => {
  const meet = () => behind([fate, fate], { timeoutMs: 500 });
  /** The same with a client that knows the session. */
  const meetKnowing = async () => {
    const all = await behind([], { timeoutMs: 500 });
    await all.through.sessions.head.query({ id: ID });
    all.meet(fate, fate);
    all.proxy.seen.length = 0;
    return all;
  };
  const isUnknown = { code: "io", details: { outcome: "unknown" } };

  it("an append to a session that is known is repeated, and stored once", async () => {
    const { through, client, proxy } = await meetKnowing();
    const result = await through.entries.append.mutate({ id: ID, entries: [user("1"), user("2")] });
    expect(result).toMatchObject({ entryCount: 3 });
    const { items } = await client.entries.list.query({ id: ID });
    expect(items.map(({ content }) => content)).toEqual([{ text: "0" }, { text: "1" }, { text: "2" }]);
    expect(result.entries.map(({ id }) => id)).toEqual(items.slice(1).map(({ id }) => id));
    // Not one request more than there were failures.
    expect(proxy.seen).toHaveLength(3);
    expect(new Set(proxy.seen.map(({ body }) => JSON.stringify(JSON.parse(body).entries))).size).toBe(1);
  });

  it("an append to one that is not is stored once at most, and never said to be when it is not", async () => {
    const { through, client } = await meet();
    const append = through.entries.append.mutate({ id: ID, entries: [user("1")] });
    if (fate === "busy" || CARRIED_OUT.includes(fate)) expect(await append).toMatchObject({ entryCount: 2 });
    else expect(await codeOf(append)).toMatchObject(isUnknown);
    const { entryCount } = await client.sessions.head.query({ id: ID });
    expect(entryCount).toBe(fate === "busy" || CARRIED_OUT.includes(fate) ? 2 : 1);
  });

  it("a creation that was carried out is found, and none is made twice", async () => {
    const given = { name: "b", sessionType: CHAT, tags: ["t"], entries: [user("x")] };
    for (const id of [undefined, OTHER_ID]) {
      const { through, client, proxy } = await meet();
      const creation = through.sessions.create.mutate({ ...given, id });
      if (fate === "busy" || CARRIED_OUT.includes(fate)) {
        const created = await creation;
        expect(created).toMatchObject({ metadata: { name: "b", tags: ["t"] }, entryCount: 1 });
        expect(await client.sessions.head.query({ id: created.metadata.id })).toEqual(created);
        expect(await client.sessions.count.query()).toBe(2);
      } else {
        expect(await codeOf(creation)).toMatchObject(isUnknown);
        expect(proxy.seen.filter(({ path }) => path === "sessions.create")).toHaveLength(1);
        expect(await client.sessions.count.query()).toBe(1);
      }
    }
  });

  it("a fork with an id likewise", async () => {
    const { through, client } = await meet();
    const call = through.sessions.fork.mutate({ id: ID, newId: OTHER_ID, entryCount: 1 });
    const isMade = fate === "busy" || CARRIED_OUT.includes(fate);
    if (isMade)
      expect(await call).toMatchObject({ metadata: { id: OTHER_ID, parentSession: ID }, entryCount: 1 });
    else expect(await codeOf(call)).toMatchObject(isUnknown);
    expect(await client.sessions.count.query()).toBe(isMade ? 2 : 1);
  });

  it("a deletion, a plain status and a query are repeated", async () => {
    const { through } = await meetKnowing();
    expect(await through.sessions.complete.mutate({ id: ID })).toMatchObject({
      metadata: { status: "completed" },
    });
    const second = await meetKnowing();
    expect(await second.through.sessions.delete.mutate({ id: ID })).toEqual({ deleted: true });
    expect(await second.client.sessions.exists.query({ id: ID })).toBe(false);
    const third = await meet();
    expect(await third.through.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 1 });
    const fourth = await meetKnowing();
    expect(await fourth.through.sessions.update.mutate({ id: ID, status: "paused" })).toMatchObject({
      metadata: { status: "paused" },
    });
  });

  it("those of a session that is not known, only where what is there tells that they may be", async () => {
    const isDone = fate === "busy" || CARRIED_OUT.includes(fate);
    const first = await meet();
    const complete = first.through.sessions.complete.mutate({ id: ID });
    if (isDone) expect(await complete).toMatchObject({ metadata: { status: "completed" } });
    else expect(await codeOf(complete)).toMatchObject(isUnknown);
    const second = await meet();
    const deletion = second.through.sessions.delete.mutate({ id: ID });
    if (isDone) expect(await deletion).toEqual({ deleted: true });
    else expect(await codeOf(deletion)).toMatchObject(isUnknown);
    expect(await second.client.sessions.exists.query({ id: ID })).toBe(!isDone);
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

describe("a repeated call undoes nothing that others have done since", () => {
  /** A client that knows the session, loses the next answer, and what others do before it goes on. */
  const losing = async (work: (others: ReturnType<typeof createClient>) => Promise<unknown>) => {
    const all = await behind([]);
    await all.through.sessions.head.query({ id: ID });
    all.meet("drop answer");
    all.meanwhile(() => work(all.client));
    return all;
  };
  const create = { id: ID, name: "theirs", sessionType: CHAT };

  it("a deletion: a session that was created under the id", async () => {
    const { through, client } = await losing((others) => others.sessions.create.mutate(create));
    const deletion = await codeOf(through.sessions.delete.mutate({ id: ID }));
    expect(deletion).toMatchObject({ code: "io", details: { outcome: "unknown" } });
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ metadata: { name: "theirs" } });
  });

  it("an append: a rewind", async () => {
    const { through, client } = await losing((others) =>
      others.sessions.rewind.mutate({ id: ID, entryCount: 0 }),
    );
    const append = await codeOf(through.entries.append.mutate({ id: ID, entries: [user("1")] }));
    expect(append).toMatchObject({ code: "io", details: { outcome: "unknown" } });
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 0 });
  });

  it("but an append of others is no conflict", async () => {
    const all = await behind([]);
    await all.through.sessions.head.query({ id: ID });
    await all.client.entries.append.mutate({ id: ID, entries: [user("theirs")] });
    all.meet("drop request");
    const result = await all.through.entries.append.mutate({ id: ID, entries: [user("mine")] });
    expect(result.entries).toMatchObject([{ seq: 2, added: true }]);
  });

  it("a creation: a deletion", async () => {
    const all = await behind(["drop answer"]);
    all.meanwhile(() => all.client.sessions.delete.mutate({ id: OTHER_ID }));
    const creation = all.through.sessions.create.mutate({ id: OTHER_ID, name: "mine", sessionType: CHAT });
    expect(await codeOf(creation)).toMatchObject({ code: "io", details: { outcome: "unknown" } });
    expect(await all.client.sessions.exists.query({ id: OTHER_ID })).toBe(false);
  });

  it("a status: another status", async () => {
    const { through, client } = await losing((others) => others.sessions.pause.mutate({ id: ID }));
    const complete = await codeOf(through.sessions.complete.mutate({ id: ID }));
    expect(complete).toMatchObject({ code: "io", details: { outcome: "unknown" } });
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ metadata: { status: "paused" } });
  });

  it("a deletion goes on where others have only appended", async () => {
    const all = await behind([]);
    await all.through.sessions.head.query({ id: ID });
    await all.client.entries.append.mutate({ id: ID, entries: [user("theirs")] });
    all.meet("drop request");
    expect(await all.through.sessions.delete.mutate({ id: ID })).toEqual({ deleted: true });
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
      // A client that has seen the session knows afterwards whether entries were removed.
      await through.sessions.head.query({ id: ID });
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
