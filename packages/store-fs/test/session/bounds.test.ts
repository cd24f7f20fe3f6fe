import fs, { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  newUuid,
  type SessionEntry,
  type SessionId,
  SessionManager,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

// Nothing piles up, whatever the loop: locks, descriptors, and what waits for its turn.

const MOST_LOCKS = 256;
/** Four times as many sessions as may have a lock each. */
const SESSIONS = 1_024;
const agent = { type: "agent", agentName: "a" } as const;

async function open() {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  return { dir, store, manager: new SessionManager(store) };
}

const locksIn = (dir: string) => readdirSync(join(dir, ".locks")).filter((name) => name.endsWith(".lock"));
const openDescriptors = () => (fs.existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0);

test("a loop of creations and appends leaves few locks, and timers have their turn", async () => {
  const { dir, store, manager } = await open();
  let fired = 0;
  const timer = setInterval(() => fired++, 1);
  onTestFinished(() => clearInterval(timer));
  const descriptors = openDescriptors();
  let most = 0;
  for (let i = 0; i < SESSIONS; i++) {
    const { metadata } = await manager.createSession(`s${i}`, agent);
    await store.append(metadata.id, [{ id: newUuid(), timestamp: 1, ...userMessage("x") } as SessionEntry], {
      at: 1,
    });
    if (i % 50 === 0) most = Math.max(most, locksIn(dir).length);
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(MOST_LOCKS);
  expect(openDescriptors() - descriptors).toBeLessThanOrEqual(MOST_LOCKS + 8);
  // Of every few milliseconds one: without a turn for them there would be none at all.
  expect(fired).toBeGreaterThan(5);
  await store.close();
  expect(openDescriptors()).toBeLessThanOrEqual(descriptors);
});

test("a thousand calls at once hold few locks at a time, and all are done", async () => {
  const { dir, manager, store } = await open();
  let most = 0;
  const calls = Array.from({ length: SESSIONS }, async (_, i) => {
    const { metadata } = await manager.createSession(`s${i}`, agent);
    if (i % 20 === 0) most = Math.max(most, locksIn(dir).length);
    return metadata.id;
  });
  const ids = await Promise.all(calls);
  expect(most).toBeLessThanOrEqual(MOST_LOCKS);
  expect(await store.count()).toBe(SESSIONS);
  await Promise.all(ids.map((id) => manager.completeSession(id)));
  expect(await store.count({ status: "completed" })).toBe(SESSIONS);
});

test("calls of one session that come together are carried out in their order", async () => {
  const { store, manager } = await open();
  const { metadata } = await manager.createSession("s", agent);
  const id = metadata.id as SessionId;
  const names = Array.from({ length: 50 }, (_, i) => `name ${i}`);
  const heads = await Promise.all(names.map((name, i) => store.update(id, { name }, { at: 10 + i })));
  expect(heads.map((head) => head.metadata.name)).toEqual(names);
  expect((await store.head(id)).metadata.name).toBe("name 49");
});

test("closing waits for the calls under way, and leaves no lock", async () => {
  const { dir, store, manager } = await open();
  const calls = Array.from({ length: 300 }, (_, i) => manager.createSession(`s${i}`, agent));
  const closed = store.close();
  await Promise.all(calls);
  await closed;
  expect(readdirSync(join(dir, ".locks"))).toEqual([".gitignore"]);
});
