import { createClient, openRemoteStore, sessionErrorOf } from "@thulp-sessions/client";
import { MAX_PAGE } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it } from "vitest";
import { CHAT, ID, refusal, send, serve, user } from "./harness.ts";

describe("a remote store", () => {
  it("says what it is", async () => {
    const { url } = await serve();
    const store = await openRemoteStore({ url: `${url}/` });
    expect(store.location).toBe(url);
    expect(store.capabilities).toEqual({
      persistent: false,
      shared: true,
      exactNumbers: false,
      writable: true,
    });
    await store.close();
  });

  it("says that a served store does not search, and still finds what is in a session", async () => {
    class NotSearchable extends MemoryStore {
      override readonly capabilities = {
        ...{ persistent: false, shared: false, exactNumbers: false, writable: true },
        searchable: false,
      };
    }
    const { url, client } = await serve({ store: new NotSearchable() });
    const store = await openRemoteStore({ url });
    expect(store.capabilities.searchable).toBe(false);
    await expect(store.search({ text: "needle" })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("does not search"),
    });
    const { metadata } = await client.sessions.create.mutate({ name: "n", sessionType: CHAT });
    const { id } = metadata;
    await client.entries.append.mutate({ id, entries: [user("a needle")] });
    expect((await client.entries.search.query({ id, text: "needle" })).items).toMatchObject([{ seq: 0 }]);
    await store.close();
  });

  it("says that a served place may only be read, and the server refuses by itself", async () => {
    const { url, client } = await serve({ store: new MemoryStore({ readOnly: true }) });
    expect((await client.server.info.query()).capabilities.writable).toBe(false);
    const store = await openRemoteStore({ url });
    expect(store.capabilities.writable).toBe(false);
    await expect(store.delete(ID)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/may only be read: its server serves it so/),
    });
    await expect(client.sessions.create.mutate({ name: "n", sessionType: CHAT })).rejects.toMatchObject({
      data: { httpStatus: 422, sessionError: { code: "unsupported" } },
    });
    expect(await store.count()).toBe(0);
    await store.close();
  });

  it("reads a large session in pages, all of one moment", async () => {
    const { url, store: served, client } = await serve();
    const entries = Array.from({ length: 2 * MAX_PAGE + 1 }, (_, n) => user(`${n}`));
    await client.sessions.create.mutate({
      id: ID,
      name: "large",
      sessionType: CHAT,
      entries,
      context: { k: 1 },
    });
    const store = await openRemoteStore({ url });
    const calls: string[] = [];
    const { get, readEntries } = served;
    served.get = (id) => {
      calls.push("get");
      return get.call(served, id);
    };
    let meddle = true;
    served.readEntries = async (id, query) => {
      calls.push(`after ${query?.after}`);
      const page = await readEntries.call(served, id, query);
      // After the first page somebody else drops entries: what was read is of no use.
      if (meddle) {
        meddle = false;
        await served.truncate(ID, 2 * MAX_PAGE, { at: 1 });
        await client.entries.append.mutate({ id: ID, entries: [user("another")] });
      }
      return page;
    };
    const session = await store.get(ID);
    expect(session).toEqual(await get.call(served, ID));
    expect(session.entries.at(-1)?.content).toEqual({ text: "another" });
    const pages = ["after -1", "after 999", "after 1999"];
    // What was read before is noticed on the next page.
    expect(calls).toEqual([...pages.slice(0, 2), ...pages]);
    await store.close();
  });

  it("maps what goes wrong on the way", async () => {
    const { url, server } = await serve({ token: "right" });
    await expect(openRemoteStore({ url })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/wants a bearer/),
    });
    await expect(openRemoteStore({ url, token: "wrong" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(openRemoteStore({ url: `${url}/x`, token: "right" })).rejects.toMatchObject({
      code: "unsupported",
    });
    const store = await openRemoteStore({ url, token: "right", retryForMs: 0 });
    await expect(store.get(ID)).rejects.toMatchObject({ code: "not_found", details: { sessionId: ID } });
    await server.stop();
    await expect(store.get(ID)).rejects.toMatchObject({ code: "io", message: expect.stringContaining(url) });
    await store.close();
  });
});

describe("the client", () => {
  it("sends queries of one moment together, mutations alone, and the token in a header only", async () => {
    const requests: { url: string; method: string; authorization: string | null }[] = [];
    const { url } = await serve({ token: "right" });
    const client = createClient({
      url,
      token: "right",
      fetch(input, init) {
        const { authorization } = Object.fromEntries(new Headers(init?.headers));
        requests.push({
          url: String(input).replace(url, ""),
          method: init?.method ?? "",
          authorization: authorization ?? null,
        });
        return fetch(input, init);
      },
    });
    const create = { name: "a", sessionType: CHAT };
    await Promise.all([client.sessions.create.mutate(create), client.sessions.create.mutate(create)]);
    const [count, list] = await Promise.all([
      client.sessions.count.query(),
      client.sessions.list.query({ limit: 1 }),
    ]);
    expect([count, list.items.length]).toEqual([2, 1]);
    expect(requests).toEqual([
      { url: "/trpc/sessions.create", method: "POST", authorization: "Bearer right" },
      { url: "/trpc/sessions.create", method: "POST", authorization: "Bearer right" },
      { url: "/trpc/sessions.count,sessions.list?batch=1", method: "POST", authorization: "Bearer right" },
    ]);
  });

  it("gets an error of its own for each call of a batch", async () => {
    const { client } = await serve();
    const [missing, info] = await Promise.allSettled([
      client.sessions.get.query({ id: ID }),
      client.server.info.query(),
    ]);
    expect(info.status).toBe("fulfilled");
    expect(missing.status === "rejected" && sessionErrorOf(missing.reason)).toMatchObject({
      code: "not_found",
      details: { sessionId: ID },
    });
  });

  it("may ask in more words than a URL holds", async () => {
    const { client, url } = await serve();
    const filter = { or: Array.from({ length: 500 }, (_, n) => ({ nameContains: `a longer name ${n}` })) };
    expect(await client.sessions.count.query({ filter })).toBe(0);
    const long = encodeURIComponent(JSON.stringify({ filter }));
    expect((await send(`${url}/trpc/sessions.count?input=${long}`)).status).toBe(431);
  });

  it("stops a call that is aborted, which is no error of the server's", async () => {
    const { client } = await serve();
    const leaves = new AbortController();
    const call = client.server.info.query(undefined, { signal: leaves.signal });
    leaves.abort();
    const error = await call.catch((each) => each);
    expect(error.name).toBe("TRPCClientError");
    expect(sessionErrorOf(error)).toBeUndefined();
  });

  it("refuses the cursor of another query, like every client", async () => {
    const { client, url } = await serve();
    await client.sessions.create.mutate({ name: "a", sessionType: CHAT });
    await client.sessions.create.mutate({ name: "b", sessionType: CHAT });
    const { nextCursor } = await client.sessions.list.query({ limit: 1 });
    const input = encodeURIComponent(JSON.stringify({ limit: 1, direction: "asc", cursor: nextCursor }));
    expect(await send(`${url}/trpc/sessions.list?input=${input}`)).toMatchObject(
      refusal(400, "invalid_input", /another query/),
    );
  });
});
