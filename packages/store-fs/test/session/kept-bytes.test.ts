import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry, SessionManager, userMessage } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

const ID = "aaaaaaaa-0000-4000-8000-000000000001";

/**
 * As the original might write it, with what it and we do not know, and numbers that JavaScript cannot hold.
 */
const FOREIGN = `{
  "metadata": {
    "id": "AAAAAAAA-0000-4000-8000-000000000001",
    "name": "Foreign \\u00e9",
    "session_type": { "type": "agent", "agent_name": "a", "extra": 12345678901234567890 },
    "created_at": 1700000000000,
    "updated_at": 1700000000000,
    "status": "active",
    "tags": ["a"],
    "rating": 0.10000000000000000555
  },
  "entries": [
    {"id":"11111111-0000-4000-8000-000000000001","timestamp":1,"entry_type":{"type":"user_message"},"content":{"n":12345678901234567890},"note":"kept"},
    {"id":"11111111-0000-4000-8000-000000000002","timestamp":2,"entry_type":{"type":"assistant_message"},"content":1.50}
  ],
  "context": { "big": 12345678901234567890, "small": 1.0 },
  "schema": { "version": 7.00 }
}`;

async function open(dir = temporaryFolder()) {
  const store = await openFileStore({ dir });
  onTestFinished(() => store.close());
  return {
    dir,
    store,
    file: join(dir, `${ID}.json`),
    text: () => readFileSync(join(dir, `${ID}.json`), "utf8"),
  };
}

async function openForeign() {
  const opened = await open();
  writeFileSync(opened.file, FOREIGN);
  return opened;
}

const KEPT = [
  '"AAAAAAAA-0000-4000-8000-000000000001"',
  '"Foreign \\u00e9"',
  '"extra": 12345678901234567890',
  '"rating": 0.10000000000000000555',
  '{"n":12345678901234567890},"note":"kept"}',
  '"content":1.50}',
  '"big": 12345678901234567890',
  '"version": 7.00',
];

test.each([
  ["a change of the status", async (store) => store.update(ID, { status: "completed" }, { at: 1 })],
  [
    "a change of another key of the context",
    async (store) => store.update(ID, { setContext: { other: 1 } }, { at: 1 }),
  ],
  [
    "an append",
    async (store) =>
      store.append(ID, [{ id: newUuid(), timestamp: 1, ...userMessage("x") }] as SessionEntry[], { at: 1 }),
  ],
  ["a replacement by itself", async (store) => store.replace(await store.get(ID))],
] as [string, (store: Awaited<ReturnType<typeof open>>["store"]) => Promise<unknown>][])(
  "%s keeps the bytes of what it does not touch",
  async (_, change) => {
    const { store, text } = await openForeign();
    await change(store);
    for (const kept of KEPT) expect(text()).toContain(kept);
    expect(text().slice(0, 64)).toMatch(/^\{\n {2}"metadata": \{\n {4}"updated_at": [ \d]{16},\n/);
    JSON.parse(text());
  },
);

test("numbers that JavaScript can only round are marked, and nothing else is", async () => {
  const { store } = await openForeign();
  const { entries, inexact } = await store.get(ID);
  expect(entries.map((entry) => entry.inexact)).toEqual([true, undefined]);
  expect(inexact).toBe(true);
  expect((await store.head(ID)).inexact).toBe(true);
  expect((await store.readEntries(ID)).items.map((entry) => entry.inexact)).toEqual([true, undefined]);
});

test("a fork that would round a number is refused unless that is allowed", async () => {
  const { store } = await openForeign();
  const manager = new SessionManager(store);
  await expect(manager.forkSession(ID)).rejects.toMatchObject({
    code: "unsupported",
    details: { field: "context" },
  });
  await store.update(ID, { context: {} }, { at: 1 });
  await expect(manager.forkSession(ID)).rejects.toMatchObject({
    code: "unsupported",
    details: { field: "entries[0]" },
  });
  expect(await store.count()).toBe(1);
  expect((await manager.forkSession(ID, { allowLossy: true })).entries).toHaveLength(2);
});

test("a rewind into a batch does not leave its rest to be cut off with the next torn write", async () => {
  const { store, file, dir } = await open();
  await new SessionManager(store).createSession("s", { type: "agent", agentName: "a" }, { id: ID });
  const batch = Array.from({ length: 3 }, () => ({
    id: newUuid(),
    timestamp: 1,
    ...userMessage("x"),
  })) as SessionEntry[];
  await store.append(ID, batch, { at: 1 });
  await store.truncate(ID, 2, { at: 1 });
  await store.append(ID, [{ ...(batch[2] as SessionEntry) }], { at: 1 });
  await store.close();
  // The last append is torn.
  truncateSync(file, statSync(file).size - 20);
  const again = await open(dir);
  expect((await again.store.get(ID)).entries.map(({ id }) => id)).toEqual(
    batch.slice(0, 2).map(({ id }) => id),
  );
});

test.skipIf(process.platform === "win32").each([0o022, 0o000])(
  "with umask %o new files are the owner's, others keep their mode",
  async (mask) => {
    const before = process.umask(mask);
    onTestFinished(() => void process.umask(before));
    const dir = join(temporaryFolder(), "new", "sessions");
    const { store, file } = await open(dir);
    await new SessionManager(store).createSession("s", { type: "agent", agentName: "a" }, { id: ID });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    await store.update(ID, { status: "paused" }, { at: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o644);
  },
);

test.skipIf(process.platform === "win32")("a symbolic link is no session", async () => {
  const outside = join(temporaryFolder(), "outside.json");
  writeFileSync(outside, FOREIGN);
  const { store, file } = await open();
  symlinkSync(outside, file);
  await expect(store.get(ID)).rejects.toMatchObject({ code: "unsupported", details: { path: file } });
  await expect(store.update(ID, { status: "paused" }, { at: 1 })).rejects.toMatchObject({
    code: "unsupported",
  });
  expect((await store.list()).items).toEqual([]);
  expect(readFileSync(outside, "utf8")).toBe(FOREIGN);
});

test("what a killed writer has left under its temporary name goes at the next open, what is foreign stays", async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, "folder.json"));
  writeFileSync(join(dir, `${ID}.json.tmp-123-abc`), "{");
  writeFileSync(join(dir, "notes.tmp-123-abc"), "mine");
  await open(dir);
  expect(
    readdirSync(dir)
      .filter((name) => name !== ".locks")
      .sort(),
  ).toEqual(["folder.json", "notes.tmp-123-abc"]);
});

test("a file written by another program is noticed: changed, replaced, removed", async () => {
  const { store, file } = await openForeign();
  expect((await store.head(ID)).entryCount).toBe(2);
  writeFileSync(file, FOREIGN.replace("active", "failed"));
  expect((await store.head(ID)).metadata.status).toBe("failed");
  expect((await store.list()).items.map(({ status }) => status)).toEqual(["failed"]);
  writeFileSync(file, FOREIGN.slice(0, 500));
  await expect(store.head(ID)).rejects.toMatchObject({ code: "corrupt" });
});
