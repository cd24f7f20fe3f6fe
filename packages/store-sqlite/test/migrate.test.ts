import { copyFile, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newUuid, sameSession } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { APPLICATION_ID, knownMigrations } from "../src/connection/application-id.ts";
import { bundleChild, startChild } from "./child-process.ts";
import { FIXTURE_SESSIONS } from "./fixture-data.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

function inspect<T>(file: string, look: (client: Sqlite.Database) => T): T {
  const client = new Sqlite(file, { readonly: true });
  try {
    return look(client);
  } finally {
    client.close();
  }
}

function tablesOf(file: string) {
  return inspect(file, (client) =>
    client.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all(),
  );
}

test("a new file has our application id, WAL mode and strict tables", async () => {
  const file = join(await tempFolder(), "sessions.db");
  await (await openAt(file)).close();
  inspect(file, (client) => {
    expect(client.pragma("application_id", { simple: true })).toBe(APPLICATION_ID);
    expect(client.pragma("user_version", { simple: true })).toBe(knownMigrations().length);
    expect(client.pragma("journal_mode", { simple: true })).toBe("wal");
    const tables = client
      .prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
      .all() as {
      name: string;
      strict: number;
    }[];
    const own = tables.filter(({ name }) => !/^(sqlite_|search_index)/.test(name));
    expect(own.map(({ name }) => name).sort()).toEqual([
      "changes",
      "contexts",
      "entries",
      "label",
      "search_passages",
      "search_progress",
      "session_tags",
      "sessions",
    ]);
    expect(own.every(({ strict }) => strict === 1)).toBe(true);
  });
});

test("opening again changes no table", async () => {
  const file = join(await tempFolder(), "sessions.db");
  await (await openAt(file)).close();
  const before = tablesOf(file);
  await (await openAt(file)).close();
  expect(tablesOf(file)).toEqual(before);
});

// One for every schema that was released; a later migration has to carry each of them over.
test.each(["schema-1.db", "schema-2.db", "schema-4.db", "schema-5.db"])(
  "%s is read, searched and written",
  async (name) => {
    const file = join(await tempFolder(), "sessions.db");
    await copyFile(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)), file);
    const store = await openAt(file);
    expect(await store.count()).toBe(FIXTURE_SESSIONS.length);
    for (const given of FIXTURE_SESSIONS) {
      const kept = await store.get(given.metadata.id);
      expect(sameSession(kept, given), given.metadata.id).toBe(true);
    }
    const [first, second] = FIXTURE_SESSIONS.map(({ metadata }) => metadata.id);
    const { items } = await store.search({ text: "alpha" });
    expect(items.map(({ sessionId, seq }) => [sessionId, seq])).toEqual([
      [first, 0],
      [first, 4],
      [second, null],
    ]);
    expect((await store.list({ filter: { tag: "b" } })).items).toHaveLength(1);
    const { version } = await store.head(second as string);
    const { entries } = await store.append(second as string, [entry("new")], {
      at: 7,
      expectedVersion: version,
    });
    expect(entries[0]?.seq).toBe(0);
    await store.create(session());
  },
);

/** A file of schema 1 with sessions in it, in a folder of its own. */
async function oldFile(name = "sessions.db"): Promise<{ file: string; names: () => Promise<string[]> }> {
  const folder = await tempFolder();
  const file = join(folder, name);
  await copyFile(fileURLToPath(new URL("fixtures/schema-1.db", import.meta.url)), file);
  return { file, names: async () => (await readdir(folder)).sort() };
}

test("before tables with sessions in them are changed, the file is copied as it is", async () => {
  const { file, names } = await oldFile();
  const before = tablesOf(file);
  const store = await openAt(file);
  await store.create(session());
  await store.close();
  const [, copy = "", ...others] = await names();
  expect([copy, others]).toEqual([expect.stringMatching(/^sessions\.db\.schema-1-\d+$/), []]);
  const path = join(file, "..", copy);
  expect(tablesOf(path)).toEqual(before);
  if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o600);
  // The copy can be opened as a database.
  const kept = await openAt(path);
  expect(await kept.count()).toBe(FIXTURE_SESSIONS.length);
});

test("of processes that open an old file at the same moment one copies it", { timeout: 30_000 }, async () => {
  const writer = await bundleChild("writer");
  onTestFinished(() => writer.remove());
  const { file, names } = await oldFile();
  const children = Array.from({ length: 4 }, () =>
    startChild(writer.script, file, "full", "1", "1", newUuid()),
  );
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  expect((await names()).filter((name) => name.includes(".schema-"))).toHaveLength(1);
  expect(await (await openAt(file)).count()).toBe(FIXTURE_SESSIONS.length + 4);
});

test("where the copy cannot be written nothing is changed", async () => {
  // The longest name that a file system allows: the name of the copy would be longer.
  const { file, names } = await oldFile(`${"x".repeat(235)}.db`);
  const before = await readFile(file);
  await expect(openAt(file)).rejects.toMatchObject({
    code: "io",
    message: expect.stringContaining("Nothing was changed"),
  });
  expect(await readFile(file)).toEqual(before);
  expect(await names()).toEqual([`${"x".repeat(235)}.db`]);
});

test("a new file and one without sessions are not copied", async () => {
  const { file, names } = await oldFile();
  const client = new Sqlite(file);
  client.exec("DELETE FROM sessions");
  client.close();
  await (await openAt(file)).close();
  expect(await names()).toEqual(["sessions.db"]);
});
