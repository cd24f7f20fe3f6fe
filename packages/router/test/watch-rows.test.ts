import { isSessionError } from "@thulp-sessions/core";
import { describe, expect, it, vi } from "vitest";
import { CHAT, ID, OTHER_ID, openApi, user } from "./harness.ts";

type Api = ReturnType<typeof openApi>["api"];

/** Everything that a watch tells, as it comes. */
async function watch(api: Api, input: Parameters<Api["sessions"]["watch"]>[0]) {
  const events: unknown[] = [];
  const iterable = await api.sessions.watch(input);
  const isLive = new Promise<void>((resolve, reject) => {
    const collect = async () => {
      for await (const event of iterable) {
        events.push(event);
        resolve();
      }
    };
    collect().catch(reject);
  });
  await isLive;
  return events;
}

describe("sessions.watch with include", () => {
  it("brings the row of a list", async () => {
    const { api } = openApi();
    await api.sessions.create({ id: ID, name: "a", sessionType: CHAT });
    const events = await watch(api, { include: ["counts", "preview", "score"] });
    await api.entries.append({ id: ID, entries: [user("Hello\n there")] });
    const { items } = await api.sessions.list({ include: ["counts", "preview", "score"] });
    expect(items).toMatchObject([
      {
        id: ID,
        counts: { entryCount: 1 },
        preview: { first: "Hello there", last: "Hello there" },
        score: null,
      },
    ]);
    await vi.waitFor(() =>
      expect(events).toEqual([{ type: "reset" }, { type: "changed", metadata: items[0] }]),
    );
  });
});

describe("sessions.watch with throttleMs", () => {
  it("tells the first change immediately, of those that follow the last state, and of others as ever", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const { api } = openApi();
      const events = await watch(api, { throttleMs: 250 });
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      await api.sessions.create({ id: ID, name: "0", sessionType: CHAT });
      await turn();
      for (const name of ["1", "2", "3"]) {
        await api.sessions.update({ id: ID, name });
        await turn();
      }
      await api.sessions.create({ id: OTHER_ID, name: "other", sessionType: CHAT });
      await turn();
      const names = () => events.map((event) => (event as { metadata?: { name: string } }).metadata?.name);
      expect(names()).toEqual([undefined, "0", "other"]);
      await vi.advanceTimersByTimeAsync(249);
      await turn();
      expect(names()).toEqual([undefined, "0", "other"]);
      await vi.advanceTimersByTimeAsync(2);
      await turn();
      expect(names()).toEqual([undefined, "0", "other", "3"]);

      // Quiet again for 250 ms from the last event on.
      await api.sessions.update({ id: ID, name: "4" });
      await turn();
      expect(names()).toHaveLength(4);
      await api.sessions.delete({ id: ID });
      await turn();
      expect(events.at(-1)).toEqual({ type: "deleted", id: ID });
      await vi.advanceTimersByTimeAsync(1000);
      await turn();
      expect(events).toHaveLength(5);

      // After a quiet time immediately.
      await api.sessions.update({ id: OTHER_ID, name: "5" });
      await turn();
      expect(names().at(-1)).toBe("5");
      expect(events.at(-1)).toMatchObject({ type: "changed" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("calls a session created whose creation was held back", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const { api } = openApi();
      await api.sessions.create({ id: ID, name: "old", sessionType: CHAT });
      const events = await watch(api, { throttleMs: 100 });
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      await api.sessions.delete({ id: ID });
      await turn();
      await api.sessions.create({ id: ID, name: "new", sessionType: CHAT });
      await turn();
      await api.sessions.update({ id: ID, name: "newer" });
      await turn();
      expect(events).toHaveLength(2);
      await vi.advanceTimersByTimeAsync(101);
      await turn();
      expect(events.at(-1)).toMatchObject({ type: "created", metadata: { name: "newer" } });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("inputs of what a viewer asks for", () => {
  const cases: readonly (readonly [string, (api: Api) => Promise<unknown>])[] = [
    ["include", (api) => api.sessions.list({ include: ["entries" as never] })],
    ["include of many", (api) => api.sessions.list({ include: ["score", "score", "score", "score"] })],
    ["by twice", (api) => api.sessions.facets({ by: ["tag", "tag"] })],
    ["limit of facets", (api) => api.sessions.facets({ by: ["tag"], limit: 201 })],
    ["depth", (api) => api.sessions.tree({ id: ID, depth: 101 })],
    ["limit of scores", (api) => api.sessions.scores({ limit: 201 })],
    ["prefix", (api) => api.sessions.resolve({ prefix: "%" })],
    ["an empty prefix", (api) => api.sessions.resolve({ prefix: "" })],
    ["contentBytes", (api) => api.entries.list({ id: ID, contentBytes: 255 })],
    ["pageBytes with last", (api) => api.entries.list({ id: ID, last: 1, pageBytes: 4096 })],
    ["seq", (api) => api.entries.get({ id: ID, seq: -1 })],
    ["pointer", (api) => api.entries.part({ id: ID, seq: 0, pointer: "text" })],
    ["pointer with a tilde", (api) => api.entries.part({ id: ID, seq: 0, pointer: "/~2" })],
    ["bytes", (api) => api.entries.part({ id: ID, seq: 0, bytes: 2 ** 21 })],
    ["buckets", (api) => api.entries.outline({ id: ID, buckets: 0 })],
    ["textLength", (api) => api.entries.turns({ id: ID, textLength: 201 })],
    ["text", (api) => api.entries.search({ id: ID, text: "a".repeat(4097) })],
    [
      "a cursor of another query",
      async (api) => {
        const { nextCursor } = await api.entries.turns({ id: ID, limit: 1 });
        await api.entries.search({ id: ID, cursor: nextCursor ?? "" });
      },
    ],
    ["throttleMs", async (api) => watch(api, { throttleMs: 60_001 })],
  ];

  it.each(cases)("%s is refused", async (_, call) => {
    const { api } = openApi();
    await api.sessions.create({ id: ID, name: "a", sessionType: CHAT, entries: [user("0"), user("1")] });
    const error = await call(api).then(
      () => undefined,
      (reason: { readonly cause?: unknown }) => reason,
    );
    expect(error).toMatchObject({ code: "BAD_REQUEST" });
    if (isSessionError(error?.cause)) expect(error.cause.code).toBe("invalid_input");
  });

  it.each([
    ["get", (api: Api) => api.entries.get({ id: ID, seq: 0 })],
    ["part", (api: Api) => api.entries.part({ id: ID, seq: 0 })],
    ["outline", (api: Api) => api.entries.outline({ id: ID })],
    ["turns", (api: Api) => api.entries.turns({ id: ID })],
    ["search", (api: Api) => api.entries.search({ id: ID })],
    ["list, cut,", (api: Api) => api.entries.list({ id: ID, contentBytes: 256 })],
  ])("entries.%s of no session is not_found", async (_, call) => {
    await expect(call(openApi().api)).rejects.toMatchObject({ cause: { code: "not_found" } });
  });
});
