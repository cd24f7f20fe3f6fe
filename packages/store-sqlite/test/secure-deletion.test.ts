import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SessionId, StoreWarning } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import type { SqliteStore } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder, tempStore } from "./temp-store.ts";

// What a person searches for in the files afterwards. An index keeps a word without what it shares with the
// one before it, so each begins in its own way, and is looked for without its first letters.
const SECRETS = ["qxnamewasthis", "jztagwasthis", "vktextwasthis", "xqvaluewasthis", "zjpurposewasthis"];
const [NAME = "", TAG = "", TEXT = "", VALUE = "", PURPOSE = ""] = SECRETS;

/** Which of the secrets some file of the folder holds. */
function found(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), "latin1").toLowerCase());
  return SECRETS.filter((secret) => files.some((bytes) => bytes.includes(secret.slice(2))));
}

const folderOf = (store: SqliteStore) => dirname(store.location.slice("sqlite:".length));

function secret() {
  return session(
    { name: NAME, tags: [TAG], sessionType: { type: "conversation", purpose: PURPOSE } },
    Array.from({ length: 200 }, (_, i) => entry(i < 100 ? `harmless ${i}` : `${TEXT} ${"long ".repeat(i)}`)),
  );
}

/** The secrets in the tables, in the index for search, and in the WAL or the database. */
async function storeOfSecrets(store: SqliteStore, isIndexed = true): Promise<SessionId> {
  for (let i = 0; i < 20; i++) await store.create(session({ name: `other ${i}` }, [entry(`text ${i}`)]));
  const { metadata } = await store.create({ ...secret(), context: { key: VALUE } });
  if (isIndexed) expect((await store.search({ text: TEXT })).items).not.toEqual([]);
  await store.append(metadata.id, [entry("the last")], { at: 2000 });
  expect(found(folderOf(store))).toEqual(SECRETS);
  return metadata.id;
}

interface Call {
  readonly run: (store: SqliteStore, id: SessionId) => Promise<unknown>;
  readonly gone: readonly string[];
}

const CALLS: Readonly<Record<string, Call>> = {
  delete: { run: (store, id) => store.delete(id), gone: SECRETS },
  truncate: { run: (store, id) => store.truncate(id, 100, { at: 3000 }), gone: [TEXT] },
  "append with keep": {
    run: async (store, id) => {
      const { version: expectedVersion } = await store.head(id);
      await store.append(id, [entry("instead")], { at: 3000, keep: 100, expectedVersion });
    },
    gone: [TEXT],
  },
  "append with a context": {
    run: (store, id) => store.append(id, [entry("x")], { at: 3000, setContext: { key: "another" } }),
    gone: [VALUE],
  },
  replace: {
    run: async (store, id) => {
      const { version } = await store.head(id);
      await store.replace(session({ id, updatedAt: 3000 }, [entry("new")]), { expectedVersion: version });
    },
    gone: SECRETS,
  },
  update: {
    run: (store, id) =>
      store.update(id, { name: "new", tags: ["new"], setContext: { key: 1 } }, { at: 3000 }),
    gone: [NAME, TAG, VALUE],
  },
};

describe.each(Object.entries(CALLS))("with secure deletion %s", (_, { run, gone }) => {
  test.each([true, false])("leaves nothing in any file (indexed: %s)", async (isIndexed) => {
    const store = await tempStore({ deletion: "secure" });
    const id = await storeOfSecrets(store, isIndexed);
    await run(store, id);
    const left = SECRETS.filter((each) => !gone.includes(each));
    expect(found(folderOf(store))).toEqual(left);
    // What is left is still to be found, and nothing else.
    for (const text of [TEXT, NAME])
      expect((await store.search({ text })).items.length > 0).toBe(left.includes(text));
    expect((await store.search({ text: "harmless" })).items.length > 0).toBe(!gone.includes(PURPOSE));
    expect(await store.checkIntegrity()).toEqual([]);
  });
});

test("by default the space is only free, and vacuum takes the text out of the files", async () => {
  const store = await tempStore();
  const id = await storeOfSecrets(store);
  await store.delete(id);
  expect(found(folderOf(store))).not.toEqual([]);
  expect(await store.vacuum()).toEqual({ bytesFreed: expect.any(Number), left: [] });
  expect(found(folderOf(store))).toEqual([]);
  expect(await store.checkIntegrity()).toEqual([]);
});

test("many deletions at once share the work", async () => {
  const store = await tempStore({ deletion: "secure" });
  const made = Array.from({ length: 100 }, () => secret());
  for (const each of made) await store.create(each);
  expect((await store.search({ text: TEXT })).items).not.toEqual([]);
  await Promise.all(made.map(({ metadata }) => store.delete(metadata.id)));
  expect(found(folderOf(store))).toEqual([]);
});

test("a program that reads an older state keeps the text there, which is told", async () => {
  const warnings: StoreWarning[] = [];
  const file = join(await tempFolder(), "sessions.db");
  const onWarning = (warning: StoreWarning) => warnings.push(warning);
  const store = await openAt(file, { deletion: "secure", busyTimeoutMs: 50, onWarning });
  const id = await storeOfSecrets(store);
  const reader = new Sqlite(file, { readonly: true });
  onTestFinished(() => void reader.close());
  reader.exec("BEGIN; SELECT count(*) FROM sessions");
  expect(await store.delete(id)).toBe(true);
  expect(found(dirname(file))).toEqual(SECRETS);
  expect(warnings).toMatchObject([{ code: "io", message: expect.stringContaining(`${file}-wal`) }]);
  const { left } = await store.vacuum();
  expect(left.map(({ path }) => path)).toEqual([file, `${file}-wal`]);
  reader.exec("COMMIT");
  expect((await store.vacuum()).left).toEqual([]);
  expect(found(dirname(file))).toEqual([]);
});

test("vacuum names the copies that stay", async () => {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const copies = [".before-restore-17", ".schema-2-17", ".tmp-17-0a"].map((ending) => file + ending);
  for (const path of [...copies, `${file}.mine`]) writeFileSync(path, "");
  const { left } = await store.vacuum();
  expect(left.map(({ path }) => path).toSorted()).toEqual(copies);
});
