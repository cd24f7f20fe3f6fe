import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { newUuid, SessionManager } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

async function openSession() {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  const { metadata } = await new SessionManager(store).createSession("Shared", {
    type: "agent",
    agentName: "a",
  });
  return { dir, store, id: metadata.id };
}

interface Writer {
  readonly process: ChildProcess;
  readonly acknowledged: string[];
  readonly ended: Promise<number | null>;
  /** Resolves when so many calls have been acknowledged. */
  reached(calls: number): Promise<void>;
}

function startWriter(dir: string, id: string, name: string, count: number): Writer {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "writer-process.mjs"), dir, id, name, String(count)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const acknowledged: string[] = [];
  const waiting: { calls: number; resolve: () => void }[] = [];
  let calls = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    acknowledged.push(...line.split(" "));
    calls++;
    for (const wait of waiting) if (calls >= wait.calls) wait.resolve();
  });
  return {
    process: child,
    acknowledged,
    ended: new Promise((resolve) => child.on("close", resolve)),
    reached: (wanted) =>
      new Promise((resolve, reject) => {
        child.on("close", () => reject(new Error(`the writer ended after ${calls} calls`)));
        if (calls >= wanted) resolve();
        else waiting.push({ calls: wanted, resolve });
      }),
  };
}

test("three processes append to one session: nothing is lost, seq has no gap", {
  timeout: 60_000,
}, async () => {
  const { dir, store, id } = await openSession();
  const writers = ["1", "2", "3"].map((name) => startWriter(dir, id, name, 100));
  expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  const { entries } = await store.get(id);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
  expect(entries.map((entry) => entry.id as string).sort()).toEqual(
    writers.flatMap(({ acknowledged }) => acknowledged).sort(),
  );
  // Each writer's entries in its own order, batches undivided.
  for (const { acknowledged } of writers) {
    const own = entries
      .map((entry) => entry.id as string)
      .filter((entryId) => acknowledged.includes(entryId));
    expect(own).toEqual(acknowledged);
  }
  JSON.parse(readFileSync(join(dir, `${id}.json`), "utf8"));
});

test("a writer that is killed at any moment loses nothing it was told, and holds nobody up", {
  timeout: 120_000,
}, async () => {
  const { dir, store, id } = await openSession();
  for (let round = 1; round <= 25; round++) {
    const writer = startWriter(dir, id, String(round), 0);
    await writer.reached(1 + (round % 7) * 3);
    writer.process.kill("SIGKILL");
    await writer.ended;
    const ids = new Set((await store.get(id)).entries.map((entry) => entry.id as string));
    expect(writer.acknowledged.filter((entryId) => !ids.has(entryId))).toEqual([]);
    const entry = {
      id: newUuid(),
      timestamp: round,
      entryType: { type: "system_event", event: "next" },
      content: round,
    };
    await store.append(id, [entry] as never, { at: round });
    expect((await store.get(id)).entries.at(-1)?.id).toBe(entry.id);
    JSON.parse(readFileSync(join(dir, `${id}.json`), "utf8"));
  }
  const beside = readdirSync(dir).filter((name) => name !== ".locks" && name !== `${id}.json`);
  expect(beside.filter((name) => !name.startsWith(`${id}.json.torn-`))).toEqual([]);
});
