import { join } from "node:path";
import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { openStore } from "@thulp-sessions/config";
import { describe, expect, it } from "vitest";
import { CHAT, ID, serve, tempFolder, user } from "./harness.ts";

type Limits = NonNullable<
  Parameters<ReturnType<typeof createClient>["entries"]["append"]["mutate"]>[0]["limits"]
>;

const STORES = ["memory", "sqlite", "fs"] as const;

async function withLimits(kind: (typeof STORES)[number], limits: Limits | undefined) {
  const url = kind === "memory" ? "memory:" : `${kind}:${join(tempFolder(), "store")}`;
  const served = await serve({ store: await openStore(url), manager: { limits } });
  await served.client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
  return served;
}

/** 64 appends at the same moment, each over a connection of its own. */
function appendAll(url: string, limits?: Limits) {
  const calls = Array.from({ length: 64 }, async (_, n) => {
    const client = createClient({ url });
    return client.entries.append.mutate({ id: ID, entries: [user(`${n}`)], limits }).then(
      () => "taken" as const,
      (error) => sessionErrorOf(error)?.code,
    );
  });
  return Promise.all(calls);
}

function count(outcomes: readonly unknown[], outcome: string): number {
  return outcomes.filter((each) => each === outcome).length;
}

describe.each(STORES)("limits under 64 concurrent appends, %s", (kind) => {
  it("the server's hold where the call has none", async () => {
    const { url, client } = await withLimits(kind, { maxEntries: 10, action: "error" });
    const outcomes = await appendAll(url);
    expect([count(outcomes, "taken"), count(outcomes, "limit_exceeded")]).toEqual([10, 54]);
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 10 });
    expect((await client.server.info.query()).limits).toEqual({ maxEntries: 10, action: "error" });
  });

  it.each<[string, Limits | undefined, Limits, number]>([
    ["the call's", { maxEntries: 20, action: "error" }, { maxEntries: 7, action: "error" }, 7],
    ["the server's", { maxEntries: 7, action: "error" }, { maxEntries: 20, action: "error" }, 7],
    [
      "the server's, whatever action the call names",
      { maxEntries: 7, action: "error" },
      { maxEntries: 20, action: "ignore" },
      7,
    ],
    ["the call's, where the server has none", undefined, { maxEntries: 7, action: "error" }, 7],
    ["each its own bound", { maxTurns: 50, action: "error" }, { maxEntries: 7, action: "ignore" }, 7],
  ])("the stricter of the two holds: %s", async (_, servers, calls, taken) => {
    const { url, client } = await withLimits(kind, servers);
    const outcomes = await appendAll(url, calls);
    expect([count(outcomes, "taken"), count(outcomes, "limit_exceeded")]).toEqual([taken, 64 - taken]);
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: taken });
  });

  it("the one that ends the session ends it once", async () => {
    const { url, client } = await withLimits(kind, { maxEntries: 10, action: "end_session" });
    const outcomes = await appendAll(url, { maxEntries: 30, action: "ignore" });
    expect([count(outcomes, "taken"), count(outcomes, "limit_exceeded")]).toEqual([10, 54]);
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({
      entryCount: 10,
      metadata: { status: "completed" },
    });
  });
});
