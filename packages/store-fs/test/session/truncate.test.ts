import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import {
  newUuid,
  type SessionEntry,
  SessionManager,
  type StoreWarning,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

// A truncate in place: the header says that the entries behind a place were cut off, and is synced; then they
// are. Whatever a crash leaves of it, the session is the one before or the one after, and nothing that was
// cut off on purpose is kept.

const ID = "aaaaaaaa-0000-4000-8000-000000000001";
/** The fixed fields of the header. */
const HEADER = { start: 36, end: 180 };
const CLOSING = "\n  ]\n}";

function entries(count: number, length: number): SessionEntry[] {
  return Array.from({ length: count }, () => ({
    id: newUuid(),
    timestamp: 5,
    ...userMessage("x".repeat(length)),
  })) as SessionEntry[];
}

async function open(dir: string, warnings: StoreWarning[] = []) {
  const onWarning = (warning: StoreWarning) => void warnings.push(warning);
  const store = await openFileStore({ dir, durability: "relaxed", onWarning });
  onTestFinished(() => store.close());
  return store;
}

async function withEntries(batches: readonly (readonly SessionEntry[])[]) {
  const dir = temporaryFolder();
  const store = await open(dir);
  const sessionType = { type: "agent", agentName: "a" } as const;
  await new SessionManager(store, { clock: () => 1_000 }).createSession("s", sessionType, { id: ID });
  for (const [i, batch] of batches.entries()) await store.append(ID, batch, { at: 2_000 + i });
  return { dir, store, file: join(dir, `${ID}.json`) };
}

const idsOf = (all: readonly { readonly id: string }[]) => all.map(({ id }) => id as string);

test("cuts the file where a batch ends, and leaves the same file", async () => {
  const all = entries(10, 500);
  const { store, file } = await withEntries(all.map((entry) => [entry]));
  const { ino, size } = statSync(file);
  const head = await store.truncate(ID, 7, { at: 9_000 });
  expect(head).toMatchObject({ entryCount: 7, userMessageCount: 7, metadata: { updatedAt: 9_000 } });
  expect(statSync(file).ino).toBe(ino);
  expect(statSync(file).size).toBeLessThan(size);
  expect(idsOf(JSON.parse(readFileSync(file, "utf8")).entries)).toEqual(idsOf(all.slice(0, 7)));
  expect(JSON.parse(readFileSync(file, "utf8")).metadata.updated_at).toBe(9_000);
  const again = await open(join(file, ".."));
  expect(await again.head(ID)).toEqual(head);
  expect((await again.list()).items).toEqual([head.metadata]);
});

test("within a batch a new file is written, and the batch ends where it is cut", async () => {
  const all = entries(6, 50);
  const { store, file } = await withEntries([all.slice(0, 2), all.slice(2)]);
  const { ino } = statSync(file);
  await store.truncate(ID, 4, { at: 9_000 });
  expect(statSync(file).ino).not.toBe(ino);
  await store.append(ID, entries(1, 10), { at: 9_001 });
  // Behind the cut a torn tail takes nothing along that was acknowledged.
  writeFileSync(file, readFileSync(file).subarray(0, -40));
  const again = await open(join(file, ".."));
  expect(idsOf((await again.get(ID)).entries)).toEqual(idsOf(all.slice(0, 4)));
});

test("cut, appended to, cut again, the counts and the version are those of a new reader", async () => {
  const types = ["user_message", "assistant_message", "system_message"];
  const { dir, store } = await withEntries([]);
  let seed = 5;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  let count = 0;
  for (let round = 0; round < 60; round++) {
    const batch = entries(1 + below(4), below(3) === 0 ? 40_000 : 200).map((entry) => ({
      ...entry,
      entryType: { type: types[below(3)] as string },
    }));
    count += batch.length;
    await store.append(ID, batch as unknown as SessionEntry[], { at: 3_000 + round });
    if (below(3) === 0) {
      count = below(count + 1);
      await store.truncate(ID, count, { at: 3_000 + round });
    }
    const again = await open(dir);
    expect(await again.get(ID)).toEqual(await store.get(ID));
    expect(await again.head(ID)).toEqual(await store.head(ID));
    expect((await again.list()).items).toEqual([(await store.head(ID)).metadata]);
    await again.close();
  }
});

test("another store that has seen more entries learns that they were cut off on purpose", async () => {
  const all = entries(5, 100);
  const { dir, store } = await withEntries(all.map((entry) => [entry]));
  const other = await open(dir);
  expect((await other.get(ID)).entries).toHaveLength(5);
  await store.truncate(ID, 2, { at: 9_000 });
  expect(await other.get(ID)).toEqual(await store.get(ID));
  await other.append(ID, entries(1, 10), { at: 9_001 });
  await store.append(ID, entries(1, 10), { at: 9_002 });
  expect(await other.get(ID)).toEqual(await store.get(ID));
});

/** What the disk may hold of one write: old, new or zeros, each unit for itself. */
function* units(before: Buffer, after: Buffer, start: number, end: number, unit: number): Generator<Buffer> {
  const first = Math.floor(start / unit);
  const count = Math.floor((end - 1) / unit) - first + 1;
  for (let number = 0; number < 3 ** count; number++) {
    const state = Buffer.from(before);
    for (let i = 0, left = number; i < count; i++, left = Math.floor(left / 3)) {
      const from = Math.max(start, (first + i) * unit);
      const to = Math.min(end, (first + i + 1) * unit);
      if (left % 3 === 1) after.copy(state, from, from, to);
      else if (left % 3 === 2) state.fill(0, from, to);
    }
    yield state;
  }
}

describe.each([512, 4_096])("the loss of power, in units of %d bytes", (unit) => {
  test.each([
    ["a few short entries", 6, 100, 3],
    ["long entries", 4, 9_000, 1],
    ["all", 3, 700, 0],
    ["one far behind the header", 40, 800, 39],
  ] as const)("while %s are cut off leaves the session before or after", async (_, count, length, keep) => {
    const all = entries(count, length);
    const { store, file } = await withEntries(all.map((entry) => [entry]));
    const before = readFileSync(file);
    const old = await store.get(ID);
    await store.truncate(ID, keep, { at: 9_000 });
    const after = readFileSync(file);
    const cut = await store.get(ID);
    const wholeHeader = Buffer.from(before);
    after.copy(wholeHeader, HEADER.start, HEADER.start, HEADER.end);
    // First the header.
    for (const state of units(before, wholeHeader, HEADER.start, HEADER.end, unit)) {
      const isNew = state.equals(wholeHeader);
      const isLost = state[HEADER.start] === 0;
      await check(state, isNew ? cut : old, { exactly: !isLost });
    }
    // Then, with the header on the disk, the closing and the size.
    const end = after.length - CLOSING.length;
    const long = Buffer.from(wholeHeader);
    after.copy(long, end, end);
    for (const state of units(wholeHeader, long, end, after.length, unit)) {
      await check(state, cut, { exactly: true });
      await check(state.subarray(0, after.length), cut, { exactly: true });
    }
  });
});

beforeEach(() => {
  vi.spyOn(os, "uptime").mockReturnValue(0);
});

async function check(
  state: Buffer,
  expected: { readonly metadata: object; readonly entries: readonly { readonly id: string }[] },
  { exactly }: { readonly exactly: boolean },
): Promise<void> {
  const dir = join(temporaryFolder(), "sessions");
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${ID}.json`);
  writeFileSync(file, state);
  const warnings: StoreWarning[] = [];
  const store = await open(dir, warnings);
  const found = await store.get(ID);
  expect(idsOf(found.entries)).toEqual(idsOf(expected.entries));
  if (exactly) expect(found.metadata).toEqual(expected.metadata);
  expect((await store.list()).items).toEqual([found.metadata]);
  expect((await store.search({ text: "x*", limit: 200 })).items).toHaveLength(expected.entries.length);
  expect(readFileSync(file).equals(state)).toBe(true);
  const [next] = entries(1, 10) as [SessionEntry];
  await store.append(ID, [next], { at: 1_000_000 });
  expect(idsOf((await store.get(ID)).entries)).toEqual([...idsOf(expected.entries), next.id]);
  expect(idsOf(JSON.parse(readFileSync(file, "utf8")).entries)).toEqual(idsOf((await store.get(ID)).entries));
  // What was cut off on purpose is not kept.
  expect(readdirSync(dir).sort()).toEqual([".locks", `${ID}.json`]);
  if (exactly) expect(warnings).toEqual([]);
  await store.close();
}
