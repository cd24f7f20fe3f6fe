import fs, { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry, SessionManager, userMessage } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

// Appends that come while another one is under way go out together; each is answered, or refused, on its own.

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

test("calls that come together go out in one write, and each is answered as if it had come alone", async () => {
  const { store, path } = await openSession();
  for (let at = 1; at < 3; at++) await store.append(ID, [entry("text")], { at });
  const size = readFileSync(path).length;
  const write = vi.spyOn(fs, "writeSync");
  const third = store.append(ID, [entry("third")], { at: 4e12 });
  const fourth = store.append(ID, [entry("fourth"), entry("fifth")], { at: 5e12 });
  const answers = await Promise.all([third, fourth]);
  const places = write.mock.calls.map((call) => Number((call as readonly unknown[])[4]));
  const batches = places.filter((place) => place >= size - 10);
  expect(batches).toHaveLength(1);
  write.mockRestore();
  expect(answers.map(({ entryCount }) => entryCount)).toEqual([3, 5]);
  expect(answers.map(({ updatedAt }) => updatedAt)).toEqual([4e12, 5e12]);
  expect(answers[0]?.version).not.toBe(answers[1]?.version);
  expect(answers[1]?.version).toBe((await store.head(ID)).version);
  expect(JSON.parse(readFileSync(path, "utf8")).entries).toHaveLength(5);
});

test("what is refused takes nothing else with it", async () => {
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

test("a disk that refuses the write fails the call, and the next one works", async () => {
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
