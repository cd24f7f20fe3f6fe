import fs, { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry, SessionManager, userMessage } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

// At `relaxed`, under a lock that is held from the call before, an append waits for nothing: it is done when its call
// returns. Whatever goes wrong then reaches the caller through the promise all the same.

const ID = "aaaaaaaa-0000-4000-8000-000000000001";

afterEach(() => {
  vi.restoreAllMocks();
});

function entry(text: string): SessionEntry {
  return { id: newUuid(), timestamp: 1, ...userMessage(text) } as SessionEntry;
}

async function openSession() {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  await new SessionManager(store).createSession("name", { type: "agent", agentName: "a" }, { id: ID });
  return { store, path: join(dir, `${ID}.json`) };
}

test("an append that follows others is in the file when its call returns", async () => {
  const { store, path } = await openSession();
  // After some milliseconds in a row others get their turn first.
  vi.spyOn(performance, "now").mockReturnValue(performance.now());
  for (let at = 1; at < 3; at++) await store.append(ID, [entry("text")], { at });
  const third = store.append(ID, [entry("third")], { at: 3 });
  expect(JSON.parse(readFileSync(path, "utf8")).entries).toHaveLength(3);
  const fourth = store.append(ID, [entry("fourth"), entry("fifth")], { at: 4 });
  expect(JSON.parse(readFileSync(path, "utf8")).entries).toHaveLength(5);
  expect((await third).entryCount).toBe(3);
  expect(await fourth).toMatchObject({ entryCount: 5, version: (await store.head(ID)).version });
});

test("what is refused then is refused by the promise, and takes nothing else with it", async () => {
  const { store, path } = await openSession();
  await store.append(ID, [entry("first")], { at: 1 });
  const { version } = await store.append(ID, [entry("first")], { at: 1 });
  const calls = [
    store.append(ID, [entry("second")], { at: 2 }),
    store.append(ID, [entry("never")], { at: 3, expectedVersion: version }),
    store.append(ID, [entry("third")], { at: 4 }),
  ];
  const settled = await Promise.allSettled(calls);
  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(settled[1]).toMatchObject({ reason: { code: "conflict" } });

  const bytes = readFileSync(path);
  rmSync(path);
  const gone = store.append(ID, [entry("never")], { at: 5 });
  await expect(gone).rejects.toMatchObject({ code: "not_found" });
  writeFileSync(path, "{ spoilt");
  await expect(store.append(ID, [entry("never")], { at: 5 })).rejects.toMatchObject({ code: "corrupt" });
  writeFileSync(path, bytes);
  expect((await store.append(ID, [entry("fourth")], { at: 5 })).entryCount).toBe(5);
});

test("a disk that refuses the write then fails the call, and the next one works", async () => {
  const { store } = await openSession();
  for (let at = 1; at < 3; at++) await store.append(ID, [entry("text")], { at });
  vi.spyOn(fs, "writeSync").mockImplementationOnce(() => {
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  });
  await expect(store.append(ID, [entry("never")], { at: 2 })).rejects.toMatchObject({ code: "io" });
  expect((await store.append(ID, [entry("second")], { at: 3 })).entryCount).toBe(3);
});

test("appends in a row do not keep timers from their turn", async () => {
  const { store } = await openSession();
  let fired = false;
  const timer = setTimeout(() => {
    fired = true;
  }, 1);
  onTestFinished(() => clearTimeout(timer));
  for (let at = 1; !fired && at < 20_000; at++) await store.append(ID, [entry("text")], { at });
  expect(fired).toBe(true);
});
