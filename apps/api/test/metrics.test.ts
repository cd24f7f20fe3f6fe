import { createClient } from "@thulp-sessions/client";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { CallHook } from "@thulp-sessions/router";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHAT, ID, OTHER_ID, refusal, send, serve, until, user } from "./harness.ts";

/** The lines of `/metrics` as a map from a name with its labels to its value. */
async function metricsOf(url: string, headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const answer = await send(`${url}/metrics`, { headers });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = answer.text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

describe("/metrics", () => {
  it("reports calls by path and outcome, of waiting writes, groups and subscribers", async () => {
    const { url, client } = await serve();
    await client.sessions.create.mutate({ id: ID, name: "secret name", sessionType: CHAT });
    const appends = Array.from({ length: 5 }, (_, n) =>
      client.entries.append.mutate({ id: ID, entries: [user(`secret ${n}`)] }),
    );
    await Promise.all(appends);
    await client.sessions.head.query({ id: OTHER_ID }).catch(() => {});
    await client.sessions.head.query({ id: "x" }).catch(() => {});
    await send(`${url}/trpc/sessions.list`, { headers: { origin: "http://evil.example" } });
    let told = 0;
    const live = client.entries.subscribe.subscribe({ id: ID }, { onData: () => told++ });
    onTestFinished(() => live.unsubscribe());
    await until(() => told === 5, "the subscription was open");

    const metrics = await metricsOf(url);
    expect(Object.fromEntries(metrics)).toMatchObject({
      'thulp_sessions_calls_total{path="sessions.create",outcome="ok"}': 1,
      'thulp_sessions_calls_total{path="entries.append",outcome="ok"}': 5,
      'thulp_sessions_calls_total{path="sessions.head",outcome="not_found"}': 1,
      'thulp_sessions_calls_total{path="sessions.head",outcome="invalid_input"}': 1,
      'thulp_sessions_calls_total{path="entries.subscribe",outcome="ok"}': 1,
      'thulp_sessions_call_duration_seconds_count{path="entries.append"}': 5,
      'thulp_sessions_refused_requests_total{status="403"}': 1,
      thulp_sessions_waiting_writes: 0,
      thulp_sessions_write_group_size_sum: 6,
      'thulp_sessions_subscribers{path="entries.subscribe"}': 1,
    });
    expect([...metrics.keys()].join("\n")).not.toMatch(/secret|0190a3c5|process_/);
  });

  it("counts writes that wait, and those that are answered together", async () => {
    const store = new MemoryStore();
    const append = store.append.bind(store);
    let letGo: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    store.append = async (...args) => {
      await held;
      return append(...args);
    };
    const { url, client } = await serve({ store });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const appends = [1, 2, 3].map((n) => client.entries.append.mutate({ id: ID, entries: [user(`${n}`)] }));
    await until(
      async () => (await metricsOf(url)).get("thulp_sessions_waiting_writes") === 3,
      "three waited",
    );
    letGo();
    await Promise.all(appends);
    const metrics = await metricsOf(url);
    expect(metrics.get("thulp_sessions_waiting_writes")).toBe(0);
    // The creation alone, then the three together.
    expect(metrics.get("thulp_sessions_write_group_size_count")).toBe(2);
    expect(metrics.get("thulp_sessions_write_group_size_sum")).toBe(4);
  });

  it("wants the token where there is one, and only a GET", async () => {
    const { url } = await serve({ token: "s3cret" });
    expect(await send(`${url}/metrics`)).toMatchObject(refusal(401, "invalid_input", /bearer token/));
    expect((await metricsOf(url, { authorization: "Bearer s3cret" })).size).toBeGreaterThan(0);
    expect(await send(`${url}/metrics`, { method: "POST" })).toMatchObject(refusal(405, "invalid_input"));
    const evil = { host: "evil.example", authorization: "Bearer s3cret" };
    expect(await send(`${url}/metrics`, { headers: evil })).toMatchObject(refusal(403, "invalid_input"));
  });

  it("reports the process where the server is all that it is for", async () => {
    const { url } = await serve({ processMetrics: true });
    expect((await metricsOf(url)).get("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  });
});

describe("a hook", () => {
  it("stands around every call, whichever way it comes, and cannot change it", async () => {
    const seen: string[] = [];
    const hook: CallHook = async ({ path, type, requestId, traceparent }, next) => {
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      seen.push(`begin ${type} ${path} ${traceparent ?? "-"}`);
      const outcome = await next();
      seen.push(`end ${path} ${outcome}`);
      return outcome;
    };
    const { url, client } = await serve({ hook });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await send(`${url}/trpc/sessions.head?input={"id":"x"}`, { headers: { traceparent } });
    await send(`${url}/trpc/sessions.count,server.info?batch=1`);
    expect(seen).toEqual([
      "begin mutation sessions.create -",
      "end sessions.create ok",
      `begin query sessions.head ${traceparent}`,
      "end sessions.head invalid_input",
      "begin query sessions.count -",
      "begin query server.info -",
      "end sessions.count ok",
      "end server.info ok",
    ]);
  });

  it("that fails is logged, and changes nothing: before the call, or after it", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    let when: "before" | "after" = "before";
    const hook: CallHook = async (_, next) => {
      if (when === "before") throw new Error("hook broke");
      await next();
      throw new Error("hook broke");
    };
    const { client } = await serve({ hook, logger });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    when = "after";
    await client.entries.append.mutate({ id: ID, entries: [user("1")] });
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 1 });
    const failures = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
    expect(failures).toMatchObject([
      { path: "sessions.create", err: { message: "hook broke" } },
      { path: "entries.append", err: { message: "hook broke" } },
      { path: "sessions.head", err: { message: "hook broke" } },
    ]);
  });

  it("that does not go on does not make the call vanish", async () => {
    const { client } = await serve({ hook: async () => "ok" });
    expect(await client.sessions.count.query()).toBe(0);
  });
});

describe("the log", () => {
  it("logs every request at debug, with its id and without what was in it", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "debug" }, { write: (line: string) => lines.push(line) });
    const { url, client } = await serve({ logger, token: "t0ken" });
    const through = { authorization: "Bearer t0ken" };
    await send(`${url}/trpc/sessions.search?input={"text":"secret"}`, { headers: through });
    const stranger = createClient({ url, token: "wr0ng" });
    await client.sessions.create.mutate({
      id: ID,
      name: "secret",
      sessionType: CHAT,
      entries: [user("secret")],
    });
    await stranger.sessions.count.query().catch(() => {});
    await until(() => lines.filter((line) => line.includes('"request"')).length === 3, "three were logged");
    const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
    expect(requests).toMatchObject([
      { method: "GET", path: "/trpc/sessions.search", status: 200, whole: true },
      { method: "POST", path: "/trpc/sessions.create", status: 200, whole: true },
      { method: "POST", path: "/trpc/sessions.count", status: 401, whole: true },
    ]);
    for (const { requestId, ms } of requests) {
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(ms).toBeGreaterThanOrEqual(0);
    }
    expect(lines.join("")).not.toMatch(/secret|t0ken|wr0ng/);
  });

  it("logs refused calls once, not of each, while the server is overloaded", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const store = new MemoryStore();
    let letGo: () => void = () => {};
    store.append = () =>
      new Promise((_, reject) => {
        letGo = () => reject(new Error("enough"));
      });
    const { url, client } = await serve({ store, logger, maxWaitingWrites: 1 });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const body = JSON.stringify({ id: ID, entries: [user("1")] });
    const headers = { "content-type": "application/json" };
    const append = () => send(`${url}/trpc/entries.append`, { method: "POST", headers, body });
    const first = append();
    await until(async () => (await client.server.info.query()).waitingWriteCount === 1, "one waited");
    for (let n = 0; n < 20; n++) expect((await append()).status).toBe(503);
    letGo();
    await first;
    expect(lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "call refused")).toHaveLength(1);
  });

  it("is quiet about requests otherwise", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => lines.push(line) });
    const { client } = await serve({ logger });
    await client.sessions.count.query();
    await client.sessions.head.query({ id: ID }).catch(() => {});
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["started"]);
  });
});
