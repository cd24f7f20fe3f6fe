import { SessionError } from "@thulp-sessions/core";
import { isTrackedEnvelope } from "@trpc/server";
import { describe, expect, it } from "vitest";
import { createCaller } from "../src/index.ts";
import { CHAT, ID, NOW, OTHER_ID, openApi, user } from "./harness.ts";

/** What `entries.subscribe` gives, as [token, event]. */
async function next(events: AsyncIterator<unknown>): Promise<[string, unknown]> {
  const { value, done } = await events.next();
  if (done || !isTrackedEnvelope(value))
    throw new Error(`expected a tracked event, not ${JSON.stringify(value)}`);
  return [value[0], value[1]];
}

function iterate<T>(iterable: AsyncIterable<T>): AsyncIterator<T> {
  return iterable[Symbol.asyncIterator]();
}

async function setUp() {
  const opened = openApi();
  await opened.api.sessions.create({ id: ID, name: "a", sessionType: CHAT, entries: [user("0"), user("1")] });
  return opened;
}

describe("entries.subscribe", () => {
  it("tells what is there, then what comes, each with a token to go on from", async () => {
    const { api } = await setUp();
    const events = iterate(await api.entries.subscribe({ id: ID }));
    const [first] = await next(events);
    expect(await next(events)).toMatchObject([expect.any(String), { type: "entry", entry: { seq: 1 } }]);
    const waiting = next(events);
    await api.entries.append({ id: ID, entries: [user("2")] });
    expect(await waiting).toMatchObject([expect.any(String), { type: "entry", entry: { seq: 2 } }]);
    await events.return?.();

    for (const input of [{ after: first }, { lastEventId: first }, { after: "start", lastEventId: first }]) {
      const resumed = iterate(await api.entries.subscribe({ id: ID, ...input }));
      expect(await next(resumed)).toMatchObject([expect.any(String), { entry: { seq: 1 } }]);
      await resumed.return?.();
    }
  });

  it("tells of a rewind and of the end", async () => {
    const { api } = await setUp();
    const events = iterate(await api.entries.subscribe({ id: ID }));
    const [first] = await next(events);
    await next(events);
    const rewound = next(events);
    await api.sessions.rewind({ id: ID, entryCount: 1 });
    const [token, event] = await rewound;
    expect(event).toEqual({ type: "rewound", entryCount: 1 });
    // The same entry, of another epoch.
    expect(String(token).split(".").slice(0, 2)).toEqual(String(first).split(".").slice(0, 2));
    expect(token).not.toBe(first);
    const deleted = next(events);
    await api.sessions.delete({ id: ID });
    expect(await deleted).toEqual([expect.stringMatching(/./), { type: "deleted" }]);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it("refuses a token that was never given out", async () => {
    const { api } = await setUp();
    const events = iterate(await api.entries.subscribe({ id: ID, after: "nonsense" }));
    await expect(events.next()).rejects.toMatchObject({
      code: "BAD_REQUEST",
      cause: { code: "invalid_input" },
    });
  });
});

describe("sessions.watch", () => {
  it("begins with a reset, then tells what happens to every session", async () => {
    const { api } = await setUp();
    const events = iterate(await api.sessions.watch());
    expect((await events.next()).value).toEqual({ type: "reset" });
    const { metadata } = await api.sessions.create({ id: OTHER_ID, name: "b", sessionType: CHAT });
    expect((await events.next()).value).toEqual({ type: "created", metadata });
    const changed = await api.sessions.complete({ id: OTHER_ID });
    expect((await events.next()).value).toEqual({ type: "changed", metadata: changed.metadata });
    await api.sessions.delete({ id: OTHER_ID });
    expect((await events.next()).value).toEqual({ type: "deleted", id: OTHER_ID });
    await events.return?.();
  });

  it("leaves out a session that is gone again, and asks for a new list where one is damaged", async () => {
    const { api, store } = await setUp();
    const events = iterate(await api.sessions.watch());
    await events.next();
    const head = store.head.bind(store);
    // Resolves when the watch has looked at the session and was told `code`.
    const failOnce = (code: "not_found" | "corrupt") =>
      new Promise<void>((looked) => {
        store.head = () => {
          store.head = head;
          looked();
          return Promise.reject(new SessionError(code, code));
        };
      });
    const afterGone = events.next();
    const gone = failOnce("not_found");
    await api.sessions.update({ id: ID, name: "gone" });
    await gone;
    await api.sessions.update({ id: ID, name: "back" });
    expect((await afterGone).value).toMatchObject({ type: "changed", metadata: { name: "back" } });

    void failOnce("corrupt");
    await api.sessions.update({ id: ID, name: "damaged" });
    expect((await events.next()).value).toEqual({ type: "reset" });
    await events.return?.();
  });
});

describe("a subscriber that goes away", () => {
  it.each(["entries.subscribe", "sessions.watch"] as const)(
    "%s lets go of the store's watch",
    async (path) => {
      const { store, manager } = await setUp();
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
      const info = { name: "test", version: "0", startedAt: NOW, durability: null, limits: null };
      const leaves = new AbortController();
      const api = createCaller({ manager, info }, { signal: leaves.signal });
      const events = iterate<unknown>(
        path === "sessions.watch"
          ? await api.sessions.watch()
          : await api.entries.subscribe({ id: ID, after: "start" }),
      );
      await events.next();
      expect(open).toBe(1);
      if (path === "entries.subscribe") await events.next();
      const waiting = events.next();
      leaves.abort();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(open).toBe(0);
    },
  );
});
