import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate, setTimeout } from "node:timers/promises";
import { newUuid, SessionManager, type SessionStore } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

async function openSession(clock?: () => number) {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  const { metadata } = await new SessionManager(store, { clock }).createSession("Shared", {
    type: "agent",
    agentName: "a",
  });
  return { dir, store, id: metadata.id };
}

interface Writer {
  readonly acknowledged: string[];
  readonly ended: Promise<number | null>;
}

function startWriter(dir: string, id: string, name: string, count: number): Writer {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "..", "writer-process.mjs"), dir, id, name, String(count)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const acknowledged: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => acknowledged.push(...line.split(" ")));
  return { acknowledged, ended: new Promise((resolve) => child.on("close", resolve)) };
}

/** Reads all it can until it is told to stop: nothing may fail, shrink or be missed meanwhile. */
async function readBeside(
  store: SessionStore,
  ids: readonly string[],
  writers: Promise<unknown>,
): Promise<number> {
  let running = true;
  void writers.finally(() => {
    running = false;
  });
  const counts = new Map<string, number>();
  let rounds = 0;
  for (; running; rounds++) {
    for (const id of ids) {
      const { entries } = await store.get(id);
      expect(entries.length).toBeGreaterThanOrEqual(counts.get(id) ?? 0);
      counts.set(id, entries.length);
      const { items } = await store.readEntries(id, { last: 5 });
      expect(items.map(({ seq }) => seq)).toEqual(items.map((_, i) => (items[0]?.seq ?? 0) + i));
      expect((await store.head(id)).entryCount).toBeGreaterThanOrEqual(entries.length);
    }
    expect((await store.list()).items.map(({ id }) => id as string).sort()).toEqual([...ids].sort());
    await setTimeout(5);
  }
  return rounds;
}

test.each([1, 8])(
  "eight processes append 500 entries each to %d sessions, a reader beside them",
  {
    timeout: 240_000,
  },
  async (sessions) => {
    const { dir, store, id } = await openSession();
    const ids = [id];
    while (ids.length < sessions) {
      const { metadata } = await new SessionManager(store).createSession("s", {
        type: "agent",
        agentName: "a",
      });
      ids.push(metadata.id);
    }
    const writers = ["1", "2", "3", "4", "5", "6", "7", "8"].map((name) =>
      startWriter(dir, ids.join(","), name, 500),
    );
    const ended = Promise.all(writers.map((writer) => writer.ended));
    const reader = await openFileStore({ dir });
    onTestFinished(() => reader.close());
    expect(await readBeside(reader, ids, ended)).toBeGreaterThan(1);
    expect(await ended).toEqual(writers.map(() => 0));
    const all = await Promise.all(ids.map((each) => store.get(each)));
    for (const { entries } of all) expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
    expect(all.reduce((sum, { entries }) => sum + entries.length, 0)).toBe(4_000);
    // Each writer's entries in its own order, batches undivided.
    const position = new Map(
      all.flatMap(({ entries }, at) => entries.map(({ id: each, seq }) => [each as string, [at, seq]])),
    );
    for (const { acknowledged } of writers) {
      expect(acknowledged).toHaveLength(500);
      const lastSeq = ids.map(() => -1);
      for (const entryId of acknowledged) {
        const [at, seq] = position.get(entryId) as [number, number];
        expect(seq).toBeGreaterThan(lastSeq[at] as number);
        lastSeq[at] = seq;
      }
    }
    for (const each of ids) JSON.parse(readFileSync(join(dir, `${each}.json`), "utf8"));
  },
);

test("a reader beside a process that appends sees only states that were", { timeout: 120_000 }, async () => {
  const { dir, store, id } = await openSession(() => 1_000);
  const writer = join(import.meta.dirname, "..", "timed-writer-process.mjs");
  const child = spawn(process.execPath, [writer, dir, id], { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const timeOf = (entryCount: number) => 1_000 + entryCount;
  let states = 0;
  let last = 0;
  for (let reads = 1; states < 60; reads++) {
    const head = await store.head(id);
    expect(head.metadata.updatedAt).toBe(timeOf(head.entryCount));
    // A list needs no more than the head of the file.
    const listed = (await store.list()).items[0]?.updatedAt as number;
    const after = await store.head(id);
    expect(listed).toBeGreaterThanOrEqual(head.metadata.updatedAt);
    expect(listed).toBeLessThanOrEqual(after.metadata.updatedAt);
    if (reads % 20 === 0) {
      const { metadata, entries } = await store.get(id);
      expect(metadata.updatedAt).toBe(timeOf(entries.length));
    }
    // Lets the time limit of the test come too.
    await setImmediate();
    if (after.entryCount !== last) states++;
    last = after.entryCount;
  }
});

test("a lock holder that is killed holds others up for less than 250 ms", async () => {
  const { dir, id } = await openSession();
  const store = await openFileStore({ dir, durability: "relaxed", lockTimeoutMs: 250 });
  onTestFinished(() => store.close());
  for (let round = 0; round < 20; round++) {
    const holder = spawn(process.execPath, [join(import.meta.dirname, "..", "holder-process.mjs"), dir, id], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: holder.stdout }), "line");
    expect(line).toBe("held");
    const entry = { id: newUuid(), timestamp: 1, entryType: { type: "user_message" }, content: round };
    const appended = store.append(id, [entry] as never, { at: 1 });
    holder.kill("SIGKILL");
    // Not busy, which it would be after that time.
    expect((await appended).entries).toMatchObject([{ seq: round, added: true }]);
  }
});
