import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sameSession } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { APPLICATION_ID, knownMigrations } from "../src/ownership.ts";
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

test("a new file is marked as ours, in WAL mode, with strict tables", async () => {
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
    const ours = tables.filter(({ name }) => !/^(sqlite_|search_index)/.test(name));
    expect(ours.map(({ name }) => name).sort()).toEqual([
      "changes",
      "contexts",
      "entries",
      "search_progress",
      "session_tags",
      "sessions",
    ]);
    expect(ours.every(({ strict }) => strict === 1)).toBe(true);
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
test.each(["schema-1.db"])("%s is read, searched and written", async (name) => {
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
});
