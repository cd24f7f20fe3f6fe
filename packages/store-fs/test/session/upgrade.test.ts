import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  newUuid,
  type Session,
  type SessionEntry,
  type SessionId,
  type SessionStore,
  type StoredSession,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

// Files of the first layout, and the last version that knew no other, beside this one on the same files.

const FIXTURES = join(import.meta.dirname, "..", "fixtures", "first-layout");
const SECOND = join(FIXTURES, "..", "second-layout");
const expected = expectedIn(FIXTURES);

function expectedIn(folder: string): Record<string, { what: string; session: Session }> {
  return JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
}
const ID = "aaaaaaaa-0000-4000-8000-000000000001";

const entry = (text: string) => ({ id: newUuid(), timestamp: 7, ...userMessage(text) }) as SessionEntry;

async function openNew(dir: string): Promise<SessionStore> {
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  return store;
}

async function openOld(dir: string): Promise<SessionStore> {
  const { openFileStore } = (await import(join(FIXTURES, "store-fs.mjs"))) as {
    openFileStore(options: object): Promise<SessionStore>;
  };
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  return store;
}

/** Of the versions here each has its own names for a state; those of before have no epochs. */
function withoutNames({ version: _, epoch: __, ...session }: StoredSession): Session {
  return session;
}

describe.each(Object.entries(expected))("a file of the first layout: %s", (id, { what, session }) => {
  test(`${what} reads as it did, and is appended to`, async () => {
    const dir = temporaryFolder();
    const file = join(dir, `${id}.json`);
    cpSync(join(FIXTURES, `${id}.json`), file);
    const bytes = readFileSync(file);
    const store = await openNew(dir);
    const read = withoutNames(await store.get(id));
    expect(read).toEqual(session);
    expect((await store.list()).items).toEqual([session.metadata]);
    expect(readFileSync(file)).toEqual(bytes);
    const next = entry("next");
    const { updatedAt } = await store.append(id, [next], { at: 1_000 });
    expect(updatedAt).toBe(1_000);
    const { ino } = statSync(file);
    await store.append(id, [entry("and on")], { at: 1_001 });
    // From the first write on it is in the layout of today.
    expect(statSync(file).ino).toBe(ino);
    const after = await store.get(id);
    expect(after.entries.slice(0, -2)).toEqual(session.entries);
    expect(after.entries.at(-2)).toMatchObject(next);
    expect({ ...after.metadata, updatedAt: 0 }).toEqual({ ...session.metadata, updatedAt: 0 });
    expect(after.context).toEqual(session.context);
    expect(JSON.parse(readFileSync(file, "utf8")).entries).toHaveLength(session.entries.length + 2);
  });
});

describe.each(Object.entries(expectedIn(SECOND)))(
  "a file of the second layout: %s",
  (id, { what, session }) => {
    test(`${what} reads as it did, is appended to in place, and gets an epoch when entries are dropped`, async () => {
      const dir = temporaryFolder();
      const file = join(dir, `${id}.json`);
      cpSync(join(SECOND, `${id}.json`), file);
      const bytes = readFileSync(file);
      const store = await openNew(dir);
      const stored = await store.get(id);
      expect(withoutNames(stored)).toEqual(session);
      expect((await store.list()).items).toEqual([session.metadata]);
      expect((await store.readEntries(id)).epoch).toBe(stored.epoch);
      expect(readFileSync(file)).toEqual(bytes);
      const { ino } = statSync(file);
      const appended = await store.append(id, [entry("next")], { at: 1_000 });
      expect(appended.epoch).toBe(stored.epoch);
      // What a crash has left is cut off by a new file.
      if (!what.includes("torn")) expect(statSync(file).ino).toBe(ino);
      const cut = await store.truncate(id, session.entries.length, { at: 1_001 });
      expect(cut.epoch).not.toBe(stored.epoch);
      const now = await store.get(id);
      expect(withoutNames(now)).toEqual({ ...session, metadata: { ...session.metadata, updatedAt: 1_001 } });
      // Another process finds the same, and cuts in place from now on.
      const other = await openNew(dir);
      expect(await other.get(id)).toEqual(now);
      await other.append(id, [entry("again")], { at: 1_002 });
      const { ino: last } = statSync(file);
      const again = await other.truncate(id, session.entries.length, { at: 1_003 });
      expect(statSync(file).ino).toBe(last);
      expect([again.epoch === cut.epoch, (await store.head(id)).epoch]).toEqual([false, again.epoch]);
      const names = Object.keys(JSON.parse(readFileSync(file, "utf8")).metadata);
      expect(names.filter((name) => name === "epoch")).toHaveLength(1);
    });
  },
);

test("both versions take turns on one session: each reads what the other has written, and nothing is lost", async () => {
  const dir = temporaryFolder();
  const [older, newer] = [await openOld(dir), await openNew(dir)];
  const metadata = {
    id: ID,
    name: "turns",
    sessionType: { type: "agent", agentName: "a" },
    createdAt: 1,
    updatedAt: 1,
    status: "active",
    tags: [],
    parentSession: null,
  };
  await newer.create({ metadata, entries: [], context: { k: 1 } } as unknown as Session);
  let seed = 11;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  let texts: string[] = [];
  for (let at = 10; at < 210; at++) {
    const store = below(2) === 0 ? older : newer;
    const kind = below(8);
    if (kind === 0) await store.update(ID, { name: `name ${at}`, setContext: { k: at } }, { at });
    else if (kind === 1 && texts.length > 0) {
      texts = texts.slice(0, below(texts.length));
      await store.truncate(ID, texts.length, { at });
    } else {
      const batch = Array.from({ length: 1 + below(3) }, (_, i) => `${at} ${i}`);
      texts.push(...batch);
      await store.append(ID, batch.map(entry), { at });
    }
    const [before, now] = [await older.get(ID), await newer.get(ID)];
    expect(withoutNames(now)).toEqual(withoutNames(before));
    expect(now.entries.map(({ content }) => (content as { text: string }).text)).toEqual(texts);
    expect(now.metadata.updatedAt).toBe(at);
    expect((await newer.list()).items).toEqual([now.metadata]);
    expect((await older.list()).items).toEqual([now.metadata]);
  }
  JSON.parse(readFileSync(join(dir, `${ID}.json`), "utf8"));
});

test("of a file of today that was interrupted the older version says so, or serves whole batches", async () => {
  const dir = temporaryFolder();
  const newer = await openNew(dir);
  const empty = Object.values(expected)[0]?.session as Session;
  await newer.create({ ...empty, metadata: { ...empty.metadata, id: ID as SessionId } });
  await newer.append(ID, [entry("first")], { at: 100 });
  await newer.append(ID, [entry("second"), entry("third")], { at: 200 });
  await newer.close();
  const file = join(dir, `${ID}.json`);
  const bytes = readFileSync(file);
  for (let cut = 1; cut < 500; cut += 7) {
    const state = bytes.subarray(0, bytes.length - cut);
    writeFileSync(file, state);
    const older = await openOld(dir);
    const outcome = await older.get(ID).then(
      ({ entries }) => entries.length,
      (error) => error.code,
    );
    expect([1, 3, "corrupt"]).toContain(outcome);
    // What it cannot read it leaves as it is.
    if (outcome === "corrupt") {
      await expect(older.append(ID, [entry("x")], { at: 300 })).rejects.toMatchObject({ code: "corrupt" });
      expect(readFileSync(file).equals(state)).toBe(true);
    }
    await older.close();
  }
  expect(readdirSync(dir).filter((name) => name.includes(".torn-"))).toEqual([]);
});
