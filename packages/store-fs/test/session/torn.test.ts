import fs, { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import {
  newUuid,
  type SessionEntry,
  SessionManager,
  type SessionStore,
  type StoreWarning,
  userMessage,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder, useFoldersInMemory } from "../temporary-folder.ts";

// What the loss of power can leave of one append: every sector of 512 bytes, or every page of 4 KiB, that the
// write touches is old, new or zero, each for itself, at the old size of the file and at the new one; so are
// the fields of the header that an append overwrites, which lie within one sector. Bytes outside of what is
// written stay what they are (powersafe overwrite: docs/file-format.md).

useFoldersInMemory();

/** More states than that are drawn by lot. */
const ALL_STATES = 162;
const DRAWN_STATES = 120;

const APPENDED_FIELDS = { start: 36, end: 87 };
const ID = "aaaaaaaa-0000-4000-8000-000000000001";

function entries(count: number, length: number): SessionEntry[] {
  return Array.from({ length: count }, () => ({
    id: newUuid(),
    timestamp: 5,
    ...userMessage("x".repeat(length)),
  })) as SessionEntry[];
}

async function open(
  dir: string,
  warnings: StoreWarning[] = [],
  durability: "full" | "relaxed" = "relaxed",
): Promise<SessionStore> {
  const store = await openFileStore({
    dir,
    durability,
    onWarning: (warning) => warnings.push(warning),
  });
  onTestFinished(() => store.close());
  return store;
}

/** The bytes of a session before and after the appends, which go out in one write. */
async function appendAndCapture(
  present: readonly SessionEntry[],
  batches: readonly (readonly SessionEntry[])[],
) {
  const dir = temporaryFolder();
  const file = join(dir, `${ID}.json`);
  // At `relaxed` no call would wait for another: each would be a write of its own.
  const store = await open(dir, [], "full");
  await new SessionManager(store, { clock: () => 1_000 }).createSession(
    "Torn",
    { type: "agent", agentName: "a" },
    { id: ID },
  );
  for (const entry of present) await store.append(ID, [entry], { at: 2_000 });
  const before = readFileSync(file);
  const write = vi.spyOn(fs, "writeSync");
  await Promise.all(batches.map((batch) => store.append(ID, batch, { at: 999_999 })));
  // `updated_at`, and all entries.
  expect(write).toHaveBeenCalledTimes(2);
  write.mockRestore();
  return { before, after: readFileSync(file) };
}

/** The states of the disk between before and after: all of them, or as many drawn by lot. */
function* crashStates(before: Buffer, after: Buffer, unit: number, random: () => number): Generator<Buffer> {
  const written = before.length - "\n  ]\n}".length;
  const first = Math.floor(written / unit);
  const units = Math.ceil(after.length / unit) - first;
  // The size, `updated_at`, then each unit.
  const choices = [2, 3, ...Array.from({ length: units }, () => 3)];
  const count = choices.reduce((product, each) => product * each, 1);
  const drawn = count > ALL_STATES;
  for (let number = 0; number < (drawn ? DRAWN_STATES : count); number++) {
    let left = number;
    const [size, time, ...picked] = choices.map((each) => {
      if (drawn) return Math.floor(random() * each);
      const choice = left % each;
      left = (left - choice) / each;
      return choice;
    }) as [number, number, ...number[]];
    const state = Buffer.alloc(size === 0 ? before.length : after.length);
    before.copy(state);
    if (time === 1) after.copy(state, APPENDED_FIELDS.start, APPENDED_FIELDS.start, APPENDED_FIELDS.end);
    else if (time === 2) state.fill(0, APPENDED_FIELDS.start, APPENDED_FIELDS.end);
    for (const [i, choice] of picked.entries()) {
      const from = Math.max(written, (first + i) * unit);
      const to = Math.min(state.length, (first + i + 1) * unit);
      if (choice === 1) after.copy(state, from, from, to);
      else if (choice === 2 && from < to) state.fill(0, from, to);
    }
    yield state;
  }
}

/** Power was lost: the machine was started again after the file was written. */
beforeEach(() => {
  vi.spyOn(os, "uptime").mockReturnValue(0);
});

async function checkRecovery(
  state: Buffer,
  present: readonly SessionEntry[],
  batches: readonly (readonly SessionEntry[])[],
) {
  const dir = join(temporaryFolder(), "sessions");
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${ID}.json`);
  writeFileSync(file, state);
  const store = await open(dir);
  const ids = async () => (await store.get(ID)).entries.map(({ id }) => id);
  const loaded = await ids();
  // All that was acknowledged, then whole batches in their order, then nothing.
  const wholes = batches.map((_, i) =>
    [...present, ...batches.slice(0, i + 1).flat()].map(({ id }) => id as string),
  );
  const allowed = [present.map(({ id }) => id as string), ...wholes];
  expect(allowed).toContainEqual(loaded);
  const { entryCount, metadata } = await store.head(ID);
  expect(entryCount).toBe(loaded.length);
  // A time counts only with the batch that brought it.
  const times = [present.length > 0 ? 2_000 : 1_000, 999_999];
  expect(metadata.updatedAt).toBe(times[loaded.length > present.length ? 1 : 0]);
  expect((await store.list()).items).toEqual([metadata]);
  expect(readFileSync(file).equals(state)).toBe(true);
  const [next] = entries(1, 10);
  await store.append(ID, [next as SessionEntry], { at: 1_000_000 });
  expect(await ids()).toEqual([...loaded, next?.id]);
  // The original could read it now.
  JSON.parse(readFileSync(file, "utf8"));
  const beside = readdirSync(dir).filter((name) => name !== ".locks" && name !== `${ID}.json`);
  expect(beside.every((name) => name.startsWith(`${ID}.json.torn-`))).toBe(true);
  await store.close();
}

describe.each([
  ["the first entry of a session", 0, [1], 200],
  ["the first batch of a session", 0, [3], 900],
  ["one entry", 3, [1], 700],
  ["one large entry", 2, [1], 6_000],
  ["one entry far behind the header", 30, [1], 700],
  ["a batch of three far behind the header", 30, [3], 3_000],
  ["a batch of three", 3, [3], 700],
  ["a batch of three that spans pages", 2, [3], 5_000],
  ["three calls in one write", 3, [1, 2, 1], 700],
] as const)("an interrupted append of %s", (_, presentCount, batchSizes, length) => {
  test.each([512, 4_096])(
    "leaves what was acknowledged, and the batch whole or not at all, in units of %d bytes",
    async (unit) => {
      const present = entries(presentCount, 300);
      const batches = batchSizes.map((size) => entries(size, length));
      const { before, after } = await appendAndCapture(present, batches);
      const random = mulberry32(presentCount * 1000 + length + unit);
      for (const state of crashStates(before, after, unit, random)) {
        await checkRecovery(state, present, batches);
      }
    },
  );

  test("is recovered from at every length that the file can have reached", async () => {
    const present = entries(presentCount, 100);
    const batches = batchSizes.map((size) => entries(size, 20));
    const { before, after } = await appendAndCapture(present, batches);
    const start = before.length - "\n  ]\n}".length;
    for (let length = start; length <= after.length; length += 11) {
      await checkRecovery(after.subarray(0, length), present, batches);
    }
  });
});

test("the bytes that are cut off are kept, and a person is told", async () => {
  const present = entries(2, 50);
  const { before, after } = await appendAndCapture(present, [entries(1, 500)]);
  const dir = temporaryFolder();
  const state = after.subarray(0, before.length + 100);
  writeFileSync(join(dir, `${ID}.json`), state);
  const warnings: StoreWarning[] = [];
  const store = await open(dir, warnings);
  await store.append(ID, entries(1, 10), { at: 9 });
  const [torn] = readdirSync(dir).filter((name) => name.includes(".torn-"));
  expect(readFileSync(join(dir, torn as string))).toEqual(state.subarray(before.length - "\n  ]\n}".length));
  expect(warnings).toEqual([
    expect.objectContaining({ sessionId: ID, message: expect.stringContaining("in the middle of a write") }),
  ]);
});

test("damage to what was acknowledged is not taken for a torn tail", async () => {
  const present = entries(4, 300);
  const { after } = await appendAndCapture(present, [entries(1, 300)]);
  const damaged = Buffer.from(after);
  damaged.fill(0, after.indexOf(present[1]?.id as string), after.indexOf(present[1]?.id as string) + 40);
  const dir = temporaryFolder();
  writeFileSync(join(dir, `${ID}.json`), damaged);
  const store = await open(dir);
  await expect(store.get(ID)).rejects.toMatchObject({ code: "corrupt" });
  await expect(store.append(ID, entries(1, 10), { at: 9 })).rejects.toMatchObject({ code: "corrupt" });
  const { items, nextCursor } = await store.readEntries(ID);
  expect(items.map(({ id }) => id)).toEqual([present[0]?.id]);
  await expect(store.readEntries(ID, { cursor: nextCursor as string })).rejects.toMatchObject({
    code: "corrupt",
  });
  expect((await store.list()).items.map(({ id }) => id)).toEqual([ID]);
  expect(readFileSync(join(dir, `${ID}.json`))).toEqual(damaged);
});

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
