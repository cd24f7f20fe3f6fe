import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openStore } from "@thulp-sessions/config";
import type { SessionManager, SessionMetadata } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { describe, expect, it, onTestFinished } from "vitest";
import { startServer } from "../src/index.ts";
import { serving } from "./command-process.ts";
import { EventStream, Follower } from "./event-stream.ts";
import { CHAT, ID, send, serve, tempFolder, until, user } from "./harness.ts";

/**
 * What changes the session: this process through the server's manager, another handle, or another process.
 */
type Writer = Pick<
  SessionManager,
  "createSession" | "addEntries" | "rewindSession" | "setContext" | "deleteSession"
>;

/** Everything that may happen to a session, in steps; each adds texts that are nowhere else. */
const STEPS: readonly ((writer: Writer) => Promise<unknown>)[] = [
  (writer) => writer.addEntries(ID, [user("a0")]),
  (writer) => writer.addEntries(ID, ["b0", "b1", "b2"].map(user)),
  (writer) => writer.setContext(ID, "key", 1),
  (writer) => writer.rewindSession(ID, 5),
  (writer) => writer.addEntries(ID, ["c0", "c1"].map(user)),
  (writer) => writer.rewindSession(ID, 0),
  (writer) => writer.addEntries(ID, ["d0", "d1"].map(user)),
  (writer) => writer.deleteSession(ID).then(() => create(writer, ["e0", "e1"])),
  (writer) => writer.addEntries(ID, [user("f0")]),
];
const FIRST = ["0", "1", "2", "3"];

function create(writer: Writer, texts: readonly string[]): Promise<unknown> {
  return writer.createSession("a", CHAT, { id: ID, entries: texts.map(user) });
}

const KINDS = ["memory", "sqlite", "fs"] as const;

async function openPlace(kind: (typeof KINDS)[number]) {
  const url = kind === "memory" ? "memory:" : `${kind}:${join(tempFolder(), "store")}`;
  // What is written is all that matters here, not whether it would survive a power cut.
  const open = () => openStore(url, { durability: "relaxed" });
  return { url, open };
}

/** The texts that are stored. */
async function stored(manager: SessionManager): Promise<unknown[]> {
  const { items } = await manager.readEntries(ID, { limit: 1000 });
  return items.map(({ content }) => (content as { text: string }).text);
}

describe.each(KINDS)("a subscription, %s", (kind) => {
  it("cut at every event gives what is stored in the end, whatever has happened meanwhile", {
    timeout: 120_000,
  }, async () => {
    const { open } = await openPlace(kind);
    const { server, url } = await serve({ store: await open() });
    const { manager } = server;
    // So many events there are when nothing is missed: the first cut that does not come is behind the last.
    for (let cutAt = 0; ; cutAt++) {
      await manager.deleteSession(ID);
      await create(manager, FIRST);
      const follower = new Follower(url, ID);
      let missed = false;
      for (const step of STEPS) {
        await step(manager);
        // Until the cut it hears everything; while it is away three steps go by.
        if (follower.types.length < cutAt) {
          const expected = await stored(manager);
          await follower.until(
            () => follower.types.length === cutAt || follower.texts().join() === expected.join(),
          );
        }
        if (follower.types.length === cutAt && !missed) {
          missed = true;
          follower.cut();
        }
      }
      follower.cut();
      const expected = await stored(manager);
      await follower.until(() => follower.texts().join() === expected.join());
      // And then nothing more: what comes next is the next entry.
      await manager.addEntries(ID, [user("last")]);
      const { length } = follower.types;
      await follower.until(() => follower.types.length > length);
      expect(follower.texts()).toEqual([...expected, "last"]);
      expect(follower.types.at(-1)).toBe("entry");
      follower.cut();
      if (!missed) {
        expect(cutAt).toBeGreaterThan(15);
        break;
      }
    }
  });

  it("that is away while the session is deleted learns of it; created again, it begins from the start", async () => {
    const { open } = await openPlace(kind);
    const { server, url } = await serve({ store: await open() });
    await create(server.manager, FIRST);
    const gone = new Follower(url, ID);
    const back = new Follower(url, ID);
    for (const follower of [gone, back]) {
      await follower.until(() => follower.entries.length === 4);
      follower.cut();
    }
    await server.manager.deleteSession(ID);
    await gone.until(() => gone.deleted);
    expect(gone.types.slice(4)).toEqual(["deleted"]);
    await create(server.manager, ["new 0", "new 1"]);
    await back.until(() => back.entries.length === 2);
    expect(back.types.slice(4)).toEqual(["rewound", "entry", "entry"]);
    expect(back.texts()).toEqual(["new 0", "new 1"]);
  });
});

describe.each(["sqlite", "fs"] as const)("a subscription, %s", (kind) => {
  it("goes on with the next server, at every event", { timeout: 120_000 }, async () => {
    const { open } = await openPlace(kind);
    let server = await startServer({ store: await open(), port: 0 });
    onTestFinished(async () => {
      await server.stop(1000);
    });
    await create(server.manager, FIRST);
    const follower = new Follower(server.url, ID);
    for (const step of STEPS) {
      await step(server.manager);
      const expected = await stored(server.manager);
      while (follower.texts().join() !== expected.join()) {
        // One event from each server.
        const { length } = follower.types;
        await follower.until(() => follower.types.length > length);
        await server.stop(1000);
        server = await startServer({ store: await open(), port: 0 });
        follower.cut(server.url);
      }
    }
    expect(follower.types.length).toBeGreaterThan(15);
  });

  it("hears what another process writes, and misses nothing of it while it is cut", {
    timeout: 120_000,
  }, async () => {
    const { open, url: place } = await openPlace(kind);
    const { server, url } = await serve({ store: await open() });
    const other = await otherProcess(place);
    await create(other, FIRST);
    const follower = new Follower(url, ID);
    for (const [n, step] of STEPS.entries()) {
      await step(other);
      const expected = await stored(server.manager);
      await follower.until(() => follower.texts().join() === expected.join());
      // Every other step happens while it is away.
      if (n % 2 === 0) follower.cut();
    }
    expect(await stored(server.manager)).toEqual(follower.texts());
  });
});

async function otherProcess(place: string): Promise<Writer> {
  const script = join(import.meta.dirname, "other-process.mjs");
  const child = spawn(process.execPath, [script, place], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const answers = createInterface({ input: child.stdout });
  await once(answers, "line");
  const call =
    (method: string) =>
    async (...args: unknown[]) => {
      const done = once(answers, "line");
      child.stdin.write(`${JSON.stringify({ method, args })}\n`);
      return done;
    };
  const names = ["createSession", "addEntries", "rewindSession", "setContext", "deleteSession"];
  return Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Writer;
}

describe("many and slow", () => {
  it("a thousand subscribers of one session hear the same", { timeout: 120_000 }, async () => {
    const store = new MemoryStore();
    let watches = 0;
    let reads = 0;
    const { watch, readEntries } = store;
    store.watch = (...args) => {
      watches++;
      return watch.apply(store, args);
    };
    store.readEntries = (...args) => {
      reads++;
      return readEntries.apply(store, args);
    };
    const { server, url } = await serve({ store });
    await create(server.manager, FIRST);
    const followers = Array.from({ length: 1000 }, () => new Follower(url, ID));
    await Promise.all(followers.map((each) => each.until(() => each.entries.length === 4)));
    reads = 0;
    const texts = Array.from({ length: 20 }, (_, n) => `${n}`);
    for (const text of texts) await server.manager.addEntries(ID, [user(text)]);
    await Promise.all(followers.map((each) => each.until(() => each.entries.length === 24)));
    for (const follower of followers) expect(follower.texts().slice(4)).toEqual(texts);
    // They share one watch, and what is read once.
    expect(watches).toBe(1);
    expect(reads).toBeLessThan(200);
    for (const follower of followers) follower.cut();
    const subscriptions = async () =>
      ((await send(`${url}/trpc/server.info`)).json as { result: { data: { subscriptionCount: number } } })
        .result.data.subscriptionCount;
    await until(async () => (await subscriptions()) === 0, "all were gone");
  });

  it("slow readers cost the server little, and get everything in the end", { timeout: 120_000 }, async () => {
    const { url, client } = await serving(["--store", "sqlite:x.db", "--durability", "relaxed"]);
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const used = async () => {
      const { text } = await send(`${url}/metrics`);
      const value = (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
      return value("nodejs_heap_size_used_bytes") + value("nodejs_external_memory_bytes");
    };
    const readers = Array.from({ length: 50 }, () => new EventStream(url, "entries.subscribe", { id: ID }));
    await Promise.all(readers.map((reader) => reader.pause()));
    const before = await used();
    const count = 10_000;
    const batch = Array.from({ length: 500 }, (_, n) => user(`${n} ${"x".repeat(2000)}`));
    for (let n = 0; n < count; n += batch.length)
      await client.entries.append.mutate({ id: ID, entries: batch });
    // 20 MB for each of fifty readers: a gigabyte, if it were kept for them.
    const growth = (await used()) - before;
    expect(growth).toBeLessThan(150 * 1024 * 1024);
    const [slow, ...others] = readers;
    for (const reader of others) reader.cut();
    await slow?.resume();
    for (let seq = 0; seq < count; seq++) {
      const event = await slow?.next();
      expect(JSON.parse(event?.data ?? "null").entry.seq).toBe(seq);
    }
  });
});

describe("sessions.watch", () => {
  it.each(KINDS)("keeps a list true, however often it is cut: %s", { timeout: 60_000 }, async (kind) => {
    const { open } = await openPlace(kind);
    const { server, url, client } = await serve({ store: await open() });
    const list = new Map<string, SessionMetadata>();
    let stream: EventStream | undefined;
    const handle = async () => {
      stream ??= new EventStream(url, "sessions.watch", undefined);
      const event = JSON.parse((await stream.next())?.data ?? "null");
      if (event.type === "reset") {
        list.clear();
        for (const metadata of (await client.sessions.list.query({ limit: 100 })).items)
          list.set(metadata.id, metadata);
      } else if (event.type === "deleted") list.delete(event.id);
      else list.set(event.metadata.id, event.metadata);
    };
    const isTrue = async () => {
      const items = await server.manager.listSessions();
      const shown = [...list.values()].sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
      return JSON.stringify(shown) === JSON.stringify(items);
    };
    const ids: string[] = [];
    let random = 7;
    const below = (n: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % n;
    };
    await handle();
    for (let n = 0; n < 60; n++) {
      const id = ids[below(ids.length + 1)];
      if (id === undefined || below(3) === 0) {
        ids.push((await server.manager.createSession(`${n}`, CHAT)).metadata.id);
      } else if (below(4) === 0) {
        await server.manager.deleteSession(id);
        ids.splice(ids.indexOf(id), 1);
      } else await server.manager.updateSession(id, { name: `renamed ${n}` });
      if (below(5) === 0) {
        stream?.cut();
        stream = undefined;
      } else if (below(2) === 0) while (!(await isTrue())) await handle();
    }
    while (!(await isTrue())) await handle();
  });
});
