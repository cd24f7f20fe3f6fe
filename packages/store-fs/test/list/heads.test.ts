import fs, { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { newUuid, type Session, type SessionEntry, type SessionId } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { HeadCache } from "../../src/list/head-cache.ts";
import { SessionCache } from "../../src/session/session-cache.ts";
import { temporaryFolder } from "../temporary-folder.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function sessionOf(number: number): Session {
  const entries = Array.from(
    { length: 3 },
    (): SessionEntry => ({
      id: newUuid() as SessionEntry["id"],
      timestamp: 1,
      entryType: { type: "user_message" },
      content: { text: `text ${number}` },
    }),
  );
  return {
    metadata: {
      id: newUuid() as SessionId,
      name: `s${number}`,
      sessionType: { type: "agent", agentName: "a" },
      createdAt: number,
      updatedAt: number,
      status: "active",
      tags: [],
      parentSession: null,
    },
    entries,
    context: { number },
  };
}

async function folderOf(count: number) {
  const dir = temporaryFolder();
  const store = await open(dir);
  const sessions = Array.from({ length: count }, (_, i) => sessionOf(i));
  for (const session of sessions) await store.create(session);
  await store.close();
  return { dir, ids: sessions.map(({ metadata }) => metadata.id as string) };
}

async function open(dir: string) {
  const store = await openFileStore({ dir });
  onTestFinished(() => store.close());
  return store;
}

test("a damaged session is in the page, with what is wrong, and the others are whole", async () => {
  const { dir, ids } = await folderOf(4);
  const [context, entry, cut] = ids.map((id) => join(dir, `${id}.json`)) as [string, string, string];
  writeFileSync(context, readFileSync(context, "utf8").replace('"number": 0', '"number": ?'));
  writeFileSync(entry, readFileSync(entry, "utf8").replace('"text": "text 1"', '"text": nothing'));
  writeFileSync(cut, readFileSync(cut, "utf8").replace('"timestamp": 1', '"timestamp": 9007199254740993'));
  const store = await open(dir);
  const { items } = await store.list({ heads: true, orderBy: "createdAt", direction: "asc" });
  expect(items.map(({ metadata }) => metadata.id)).toEqual(ids);
  expect(items.map((item) => ("damaged" in item ? item.damaged.code : item.entryCount))).toEqual([
    "corrupt",
    "corrupt",
    "unsupported",
    3,
  ]);
  for (const item of items.slice(0, 3))
    expect(item).toMatchObject({ damaged: { place: expect.stringMatching(/./) } });
});

test("a file is read from front to back once while it stays as it is, however few sessions are remembered", async () => {
  const { dir, ids } = await folderOf(30);
  // A file that was just written is read again: its time could still be that of another write.
  await setTimeout(50);
  const peek = vi.spyOn(SessionCache.prototype, "peek");
  const store = await open(dir);
  const first = (await store.list({ heads: true })).items;
  expect(first).toHaveLength(30);
  // As if the cache of sessions had no room.
  peek.mockReturnValue(undefined);
  const reads = vi.spyOn(fs, "openSync");
  expect((await store.list({ heads: true })).items).toEqual(first);
  expect(reads.mock.calls.filter(([path]) => String(path).endsWith(".json"))).toEqual([]);
  peek.mockRestore();
  const other = await open(dir);
  await other.update(ids[3] as string, { context: { now: "other" } }, { at: 1_000 });
  const [newest] = (await store.list({ heads: true })).items;
  expect(newest).toMatchObject({ metadata: { id: ids[3] }, context: { now: "other" } });
});

test("the heads that are remembered take bounded memory", async () => {
  const { dir, ids } = await folderOf(3);
  const store = await open(dir);
  const cache = new HeadCache();
  const heads = await Promise.all(ids.map((id) => store.head(id)));
  const pathOf = (id: string) => join(dir, `${id}.json`);
  for (const head of heads) {
    const { id } = head.metadata;
    const context = { text: "x".repeat(15 * 1024 * 1024) };
    cache.put(id, fs.lstatSync(pathOf(id)), { ...head, context });
  }
  expect(ids.map((id) => cache.get(id as SessionId, pathOf(id)) !== undefined)).toEqual([false, true, true]);
});
