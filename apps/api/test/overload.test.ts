import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { openStore } from "@thulp-sessions/config";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHAT, ID, refusal, send, serve, tempFolder, until, user } from "./harness.ts";

/** A store whose appends wait until they are let go. */
function heldStore() {
  const store = new MemoryStore();
  const append = store.append.bind(store);
  let letGo: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let waiting = 0;
  store.append = async (...args) => {
    waiting++;
    await held;
    return append(...args);
  };
  return { store, letGo: () => letGo(), waiting: () => waiting };
}

function postAppend(url: string, text: string) {
  return send(`${url}/trpc/entries.append`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: ID, entries: [user(text)] }),
  });
}

describe("above the bound of waiting writes", () => {
  it("a write is refused immediately as busy, with the time to wait; reads go on, and so do writes afterwards", async () => {
    const { store, letGo, waiting } = heldStore();
    const { url, client } = await serve({ store, maxWaitingWrites: 8 });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const taken = Array.from({ length: 8 }, (_, n) => postAppend(url, `${n}`));
    await until(() => waiting() === 8, "eight writes were waiting");
    expect((await client.server.info.query()).waitingWriteCount).toBe(8);

    const refused = await postAppend(url, "too many");
    expect(refused).toMatchObject(refusal(503, "busy", /8 writes are waiting already\. Nothing was done/));
    expect(refused.headers["retry-after"]).toBe("1");
    const batch = await send(`${url}/trpc/entries.append,sessions.delete?batch=1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ 0: { id: ID, entries: [user("x")] }, 1: { id: ID } }),
    });
    expect(batch).toMatchObject(refusal(503, "busy"));
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 0 });

    letGo();
    for (const answer of await Promise.all(taken)) expect(answer.status).toBe(200);
    expect((await postAppend(url, "later")).status).toBe(200);
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 9 });
    expect((await client.server.info.query()).waitingWriteCount).toBe(0);
  });

  it("a client waits and comes again", async () => {
    const { store, letGo, waiting } = heldStore();
    const { url, client } = await serve({ store, maxWaitingWrites: 1 });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const first = postAppend(url, "1");
    await until(() => waiting() === 1, "the first was waiting");
    const second = client.entries.append.mutate({ id: ID, entries: [user("2")] });
    setTimeout(letGo, 200);
    await first;
    expect(await second).toMatchObject({ entryCount: 2 });
  });

  it("a request is refused whose body would not fit beside the others, declared or not", async () => {
    const { url, server } = await serve({ maxWaitingBytes: 1_000_000 });
    // A body that is announced and never comes takes its room.
    const slow = request(`${url}/trpc/server.info`, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", "content-length": "900000" },
    });
    slow.on("error", () => {});
    slow.write("{");
    const big = JSON.stringify({ text: "x".repeat(200_000) });
    const headers = { "content-type": "application/json" };
    const ask = (more: Record<string, string> = {}) =>
      send(`${url}/trpc/sessions.search`, { method: "POST", headers: { ...headers, ...more }, body: big });
    await until(async () => (await ask()).status === 503, "there was no room");
    expect(await ask()).toMatchObject(refusal(503, "busy", /fill its memory/));
    expect(await ask({ "transfer-encoding": "chunked" })).toMatchObject(
      refusal(503, "busy", /fill its memory/),
    );
    slow.destroy();
    await until(async () => (await ask()).status !== 503, "there was room again");
    expect(server.port).toBeGreaterThan(0);
  });
});

describe("subscriptions", () => {
  it("are bounded, in all and to one for each connection", async () => {
    const { url, server, client } = await serve({ maxSubscriptions: 2 });
    const streams = await Promise.all([1, 2].map(() => openStream(`${url}/trpc/sessions.watch`)));
    const third = await send(`${url}/trpc/sessions.watch`);
    expect(third).toMatchObject(refusal(503, "busy", /2 subscriptions are open already/));
    expect(third.headers["retry-after"]).toBe("1");
    expect((await client.server.info.query()).subscriptionCount).toBe(2);
    for (const stream of streams) stream.destroy();
    await until(
      async () => (await client.server.info.query()).subscriptionCount === 0,
      "the subscriptions were gone",
    );

    // Requests sent ahead on one connection: the second would fill memory behind the first, which has no end.
    const ahead = "GET /trpc/sessions.watch HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    const socket = connect(server.port, "127.0.0.1", () => socket.write(ahead));
    onTestFinished(() => void socket.destroy());
    await once(socket, "data");
    await until(async () => (await client.server.info.query()).subscriptionCount === 1, "one was open");
    expect((await client.server.info.query()).subscriptionCount).toBe(1);
  });
});

function openStream(url: string): Promise<import("node:http").IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false }, (answer) => {
      answer.on("error", () => {});
      answer.resume();
      onTestFinished(() => void answer.destroy());
      resolve(answer);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe("/health", () => {
  it("is unavailable when the database was taken away, before any write has failed", async () => {
    const folder = tempFolder();
    const file = join(folder, "sessions.db");
    const { url, client } = await serve({ store: await openStore(`sqlite:${file}`) });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    expect((await send(`${url}/health`)).status).toBe(200);
    renameSync(file, join(folder, "elsewhere.db"));
    await until(async () => (await send(`${url}/health`)).status === 503, "it was unavailable");
    const lost = await client.entries.append.mutate({ id: ID, entries: [user("x")] }).catch(sessionErrorOf);
    expect(lost).toMatchObject({ code: "io" });
  });

  it.each(["sqlite", "fs"])("changes nothing, whatever is there under the probe's id: %s", async (kind) => {
    const id = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    const { url, client } = await serve({ store: await openStore(`${kind}:${join(tempFolder(), "store")}`) });
    expect((await send(`${url}/health`)).status).toBe(200);
    await client.sessions.create.mutate({ id, name: "a", sessionType: CHAT });
    const before = await client.sessions.head.query({ id });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await send(`${url}/health`)).status).toBe(200);
    expect(await client.sessions.head.query({ id })).toEqual(before);
  });
});

/** A file system of its own that is soon full; only root of Linux can make one. */
function smallDisk(bytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), "thulp-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

describe("a full disk", () => {
  it.for(["sqlite", "fs"])("turns writes into clear errors, and reads go on: %s", async (kind, { skip }) => {
    const folder = smallDisk(3 * 1024 * 1024);
    if (folder === null) return skip("only root of Linux can mount a small file system");
    const { url, client } = await serve({ store: await openStore(`${kind}:${join(folder, "store")}`) });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const kept: string[] = [];
    let error: unknown;
    for (let n = 0; error === undefined && n < 1000; n++) {
      const text = `${n} ${"x".repeat(10_000)}`;
      await client.entries.append.mutate({ id: ID, entries: [user(text)] }).then(
        () => kept.push(text),
        (cause) => {
          error = sessionErrorOf(cause);
        },
      );
    }
    expect(kept.length).toBeGreaterThan(5);
    expect(error).toMatchObject({ code: "io", message: expect.stringMatching(/full|space/i) });
    const again = await postAppend(url, "x".repeat(50_000));
    expect(again).toMatchObject(refusal(500, "io", /full|space/i));

    const { items } = await client.entries.list.query({ id: ID, limit: 1000 });
    expect(items.map(({ content }) => (content as { text: string }).text)).toEqual(kept);
    expect((await client.sessions.list.query()).items).toHaveLength(1);
    expect((await client.sessions.search.query({ text: "x" })).items).toBeDefined();

    // Room again: the same server goes on.
    execFileSync("mount", ["-o", `remount,size=${8 * 1024 * 1024}`, folder]);
    await client.entries.append.mutate({ id: ID, entries: [user("there is room")] });
    expect(await client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: kept.length + 1 });
    await until(async () => (await send(`${url}/health`)).status === 200, "it was well again");
  });
});

describe("a large append", () => {
  it("is refused above 10,000 entries, before any of them is looked at", async () => {
    const { client } = await serve();
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const entries = Array.from({ length: 10_001 }, (_, n) => user(`${n}`));
    const error = await client.entries.append.mutate({ id: ID, entries }).catch(sessionErrorOf);
    expect(error).toMatchObject({
      code: "invalid_input",
      message: "entries: holds more than 10000 entries: send them in several calls.",
    });
    expect(await client.entries.append.mutate({ id: ID, entries: entries.slice(1) })).toMatchObject({
      entryCount: 10_000,
    });
  });
});

it("is reported to a client that knows nothing of retries", async () => {
  const { store, letGo, waiting } = heldStore();
  const { url, client } = await serve({ store, maxWaitingWrites: 1 });
  await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
  const first = postAppend(url, "1");
  await until(() => waiting() === 1, "the first was waiting");
  const impatient = createClient({ url, retryForMs: 0 });
  const error = await impatient.entries.append.mutate({ id: ID, entries: [user("2")] }).catch(sessionErrorOf);
  expect(error).toMatchObject({ code: "busy", details: {} });
  letGo();
  await first;
});
