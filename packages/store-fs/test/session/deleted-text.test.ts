import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type Session, type SessionEntry, type SessionId } from "@thulp-sessions/core";
import { type FileStore, fileStoreMaintenance, openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const SECRETS = ["name-was-this", "tag-was-this", "text-was-this", "value-was-this", "purpose-was-this"];
const [NAME = "", TAG = "", TEXT = "", VALUE = "", PURPOSE = ""] = SECRETS;

/** Which of the secrets some file of the folder holds. */
function found(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), "utf8"));
  return SECRETS.filter((secret) => files.some((text) => text.includes(secret)));
}

function entry(text: string): SessionEntry {
  return {
    id: newUuid() as SessionEntry["id"],
    timestamp: 1,
    entryType: { type: "user_message" },
    content: text,
  };
}

function session(name: string, tags: string[], purpose: string, entries: SessionEntry[]): Session {
  const sessionType = { type: "conversation", purpose } as const;
  const id = newUuid() as SessionId;
  const metadata = { id, name, sessionType, createdAt: 1, updatedAt: 1, tags, parentSession: null };
  return { metadata: { ...metadata, status: "active" }, entries, context: {} };
}

interface Place {
  readonly dir: string;
  readonly store: FileStore;
  readonly id: SessionId;
}

/** A folder of so many sessions that the metadata of all were remembered by a list, some time ago. */
async function listed(): Promise<Place> {
  const dir = join(temporaryFolder(), "sessions");
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  for (let i = 0; i < 120; i++) await store.create(session(`other ${i}`, [], "p", []));
  const { metadata } = await store.create({
    ...session(NAME, [TAG], PURPOSE, [entry("harmless")]),
    context: { key: VALUE },
  });
  await store.append(metadata.id, [entry(TEXT), entry("the last")], { at: 2000 });
  for (const name of readdirSync(dir))
    if (name.endsWith(".json")) utimesSync(join(dir, name), 1_700_000_000, 1_700_000_000);
  const now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now + 60_000);
  const other = await openFileStore({ dir, durability: "relaxed" });
  await other.list();
  await other.close();
  expect(readFileSync(join(dir, ".cache", "heads-2"), "utf8")).toContain(NAME);
  expect(found(dir)).toEqual(SECRETS);
  return { dir, store, id: metadata.id };
}

interface Call {
  readonly run: (store: FileStore, id: SessionId) => Promise<unknown>;
  readonly gone: readonly string[];
}

const CALLS: Readonly<Record<string, Call>> = {
  delete: { run: (store, id) => store.delete(id), gone: SECRETS },
  "truncate in place": { run: (store, id) => store.truncate(id, 1, { at: 3000 }), gone: [TEXT] },
  "append with keep": {
    run: async (store, id) => {
      const { version: expectedVersion } = await store.head(id);
      await store.append(id, [entry("instead")], { at: 3000, keep: 1, expectedVersion });
    },
    gone: [TEXT],
  },
  replace: {
    run: async (store, id) => {
      const { version: expectedVersion } = await store.head(id);
      const { metadata, ...rest } = session("new", [], "new", []);
      await store.replace({ ...rest, metadata: { ...metadata, id } }, { expectedVersion });
    },
    gone: SECRETS,
  },
  "update of the metadata": {
    run: (store, id) => store.update(id, { name: "new", tags: [] }, { at: 3000 }),
    gone: [NAME, TAG],
  },
  "update of the context": {
    run: (store, id) => store.update(id, { setContext: { key: 1 } }, { at: 3000 }),
    gone: [VALUE],
  },
};

describe.each(Object.entries(CALLS))("%s", (_, { run, gone }) => {
  test("leaves nothing in any file", async () => {
    const { dir, store, id } = await listed();
    await run(store, id);
    expect(found(dir)).toEqual(SECRETS.filter((each) => !gone.includes(each)));
  });

  test.each([
    ["before", () => {}],
    ["while", () => vi.runOnlyPendingTimers()],
  ])("%s the list is remembered leaves nothing there either", async (_, goOn) => {
    const { dir, store, id } = await listed();
    await fileStoreMaintenance({ dir }).vacuum();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    // The first list of this store remembers what it has read some time after it was answered.
    await store.list();
    goOn();
    await run(store, id);
    await store.close();
    expect(found(dir)).toEqual(SECRETS.filter((each) => !gone.includes(each)));
  });
});

test("vacuum removes what lists have remembered and killed processes have left, and names what it keeps", async () => {
  const { dir, store, id } = await listed();
  // The lock of a session that was just written to is held for a moment.
  await store.close();
  const [kept, temporary] = [join(dir, `${id}.json.torn-1`), join(dir, `${id}.json.tmp-1-abc`)];
  for (const path of [kept, temporary]) writeFileSync(path, "x".repeat(100));
  const report = await fileStoreMaintenance({ dir }).vacuum();
  expect(report.left).toEqual([{ path: kept, reason: expect.stringContaining("by hand") }]);
  expect(report.bytesFreed).toBeGreaterThan(10_000);
  expect(existsSync(temporary)).toBe(false);
  expect(readdirSync(join(dir, ".cache"))).toEqual([".gitignore"]);
  expect(await fileStoreMaintenance({ dir }).vacuum()).toMatchObject({ bytesFreed: 0 });
});
