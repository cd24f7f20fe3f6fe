import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionId, StoreWarning } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { recoverSqliteFile, sqliteMaintenance } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** A closed file with two sessions, and what `change` does to it with the rights of any program. */
async function changedFile(change: (client: Sqlite.Database) => void = () => {}) {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const store = await openAt(file);
  const ids: SessionId[] = [];
  for (const text of ["alpha", "beta"]) {
    const given = session({}, [entry(text), entry("common")]);
    ids.push((await store.create(given)).metadata.id);
  }
  await store.search({ text: "common" });
  await store.close();
  raw(file, change);
  return { folder, file, ids };
}

function raw(file: string, change: (client: Sqlite.Database) => void): void {
  const client = new Sqlite(file);
  client.unsafeMode(true);
  change(client);
  client.close();
}

/** Rewrites a definition without SQLite looking at what it says. */
function redefine(client: Sqlite.Database, name: string, from: string, to: string): void {
  client.pragma("writable_schema = ON");
  const changed = client
    .prepare("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?")
    .run(from, to, name);
  expect(changed.changes).toBe(1);
  client.pragma("writable_schema = RESET");
}

const HOSTILE: [name: string, sql: string, found: RegExp][] = [
  [
    "a trigger",
    "CREATE TRIGGER nice AFTER INSERT ON entries BEGIN DELETE FROM sessions; END",
    /trigger "nice" on "entries"/,
  ],
  ["a view", "CREATE VIEW all_of_it AS SELECT * FROM entries", /view "all_of_it"/],
  ["a table", "CREATE TABLE other (x)", /table "other"/],
  [
    "an index",
    "CREATE UNIQUE INDEX one_each ON entries (content, session_key)",
    /index "one_each" on "entries"/,
  ],
  ["a virtual table", "CREATE VIRTUAL TABLE more USING fts5(x)", /table "more"/],
  [
    "a view in the place of a table",
    "DROP TABLE contexts; CREATE VIEW contexts AS SELECT 1 AS session_key, '{}' AS context",
    /view "contexts"/,
  ],
  [
    "another definition",
    "DROP TABLE changes; CREATE TABLE changes (seq, session_id, type)",
    /table "changes", .*changed/,
  ],
  [
    "a name that would steer a terminal",
    'CREATE TABLE "\u001b]0;x\u0007\u202e\\" (x)',
    /table "\\u\{1b\}\]0;x\\u\{7\}\\u\{202e\}\\\\"/,
  ],
];

describe("a schema that is not ours", () => {
  test.each(HOSTILE)("%s is refused by name, found by a check, and the file stays", async (_, sql, found) => {
    const { file } = await changedFile((client) => client.exec(sql));
    const before = readFileSync(file);
    await expect(openAt(file)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(found),
      details: { path: file, field: "schema" },
    });
    expect(await sqliteMaintenance({ file }).check()).toEqual([
      { kind: "foreign_schema", path: file, reason: expect.stringMatching(found) },
    ]);
    expect(before.equals(readFileSync(file))).toBe(true);
  });

  test("a constraint, a default and a generated column that were changed are refused", async () => {
    for (const [from, to] of [
      ["CHECK(length(id) = 36)", "CHECK(length(id) < 99)"],
      ["DEFAULT 0 NOT NULL", "DEFAULT 1 NOT NULL"],
      ["'$.skillName'", "'$.agentName'"],
    ] as const) {
      const { file } = await changedFile((client) => redefine(client, "sessions", from, to));
      await expect(openAt(file), from).rejects.toMatchObject({ code: "unsupported" });
    }
  });

  test("it is noticed where only the WAL has it, and no log is written into the file", async () => {
    const { folder, file } = await changedFile();
    const client = new Sqlite(file);
    client.exec("CREATE TRIGGER nice AFTER INSERT ON entries BEGIN DELETE FROM sessions; END");
    const copy = join(folder, "copy.db");
    copyFileSync(file, copy);
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    client.close();
    const before = [readFileSync(copy), readFileSync(`${copy}-wal`)];
    await expect(openAt(copy)).rejects.toMatchObject({ code: "unsupported" });
    expect([readFileSync(copy), readFileSync(`${copy}-wal`)]).toEqual(before);
  });

  test("a trigger that another program adds while the store is open stops its writes", async () => {
    const { file, ids } = await changedFile();
    const store = await openAt(file);
    await store.append(ids[0] as SessionId, [entry("before")], { at: 2000 });
    raw(file, (client) =>
      client.exec("CREATE TRIGGER nice AFTER INSERT ON entries BEGIN DELETE FROM sessions; END"),
    );
    await expect(store.append(ids[0] as SessionId, [entry("after")], { at: 3000 })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining('trigger "nice"'),
    });
    expect(await store.count()).toBe(2);
  });

  test("a file with a negative version is refused", async () => {
    const { file } = await changedFile((client) => client.pragma("user_version = -1"));
    await expect(openAt(file)).rejects.toMatchObject({ code: "unsupported" });
  });

  test("what SQLite and its tools leave behind is no harm: statistics, a rewritten file", async () => {
    const { file, ids } = await changedFile((client) => client.exec("ANALYZE; VACUUM"));
    const store = await openAt(file);
    await store.append(ids[0] as SessionId, [entry("more")], { at: 2000 });
    expect(await store.checkIntegrity()).toEqual([]);
  });

  test("a table or an index that is lost is damage, by name", async () => {
    const { file } = await changedFile((client) => client.exec("DROP INDEX entries_by_id"));
    await expect(openAt(file)).rejects.toMatchObject({
      code: "corrupt",
      message: expect.stringContaining('index "entries_by_id" on "entries"'),
    });
    expect(await sqliteMaintenance({ file }).check()).toMatchObject([{ kind: "damaged", path: file }]);
  });

  test("every session can be taken out of it", async () => {
    const { folder, file } = await changedFile((client) => client.exec(HOSTILE[0]?.[1] as string));
    const to = join(folder, "recovered.db");
    expect(await recoverSqliteFile({ from: file, to })).toEqual({ sessions: 2, entries: 4, problems: [] });
    expect(await (await openAt(to)).checkIntegrity()).toEqual([]);
  });

  test("nothing in a schema may call what could do harm", async () => {
    const { file } = await changedFile();
    const store = await openAt(file);
    // Seen from inside: of the open connections nothing else can be asked.
    const { loadDriver } = await import("../src/connection/driver.ts");
    const client = (await loadDriver())(file, { readonly: true });
    expect(client.pragma("trusted_schema", { simple: true })).toBe(0);
    expect(() => client.pragma("writable_schema = ON")).not.toThrow();
    client.close();
    await store.close();
  });
});

const FORGET = "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'search_index";
const LOST: [name: string, sql: string][] = [
  ["the whole index", "DROP TABLE search_index"],
  ["its definition", `${FORGET}'`],
  ["a table of the index", `${FORGET}_data'`],
  ["its configuration", "DELETE FROM search_index_config"],
  ["the progress", "DROP TABLE search_progress"],
  ["the row of the progress", "DELETE FROM search_progress"],
  ["the passages", "DROP TABLE search_passages"],
  ["a progress that is ahead", "UPDATE search_progress SET entry_key = 1000"],
];

describe("the index for search", () => {
  test.each(LOST)("lost, %s: a check says so, and opening rebuilds it", async (_, sql) => {
    const { file, ids } = await changedFile((client) => client.exec(sql));
    const before = readFileSync(file);
    const findings = await sqliteMaintenance({ file }).check();
    expect(findings).toEqual([{ kind: "damaged", reason: expect.stringContaining("index for search") }]);
    expect(before.equals(readFileSync(file))).toBe(true);
    const warnings: StoreWarning[] = [];
    const store = await openAt(file, { onWarning: (warning) => warnings.push(warning) });
    expect(await store.count()).toBe(2);
    expect((await store.search({ text: "common" })).items).toHaveLength(2);
    expect((await store.search({ text: "alpha" })).items.map(({ sessionId }) => sessionId)).toEqual([ids[0]]);
    expect(warnings).toEqual([expect.objectContaining({ code: "corrupt", path: file })]);
    await store.truncate(ids[0] as SessionId, 1, { at: 2000 });
    await store.delete(ids[1] as SessionId);
    expect((await store.search({ text: "common" })).items).toEqual([]);
    await store.vacuum();
    await store.close();
    expect(await sqliteMaintenance({ file }).check()).toEqual([]);
    raw(file, (client) => expect(client.pragma("integrity_check", { simple: true })).toBe("ok"));
  });

  const damage = (client: Sqlite.Database) =>
    client.exec("UPDATE search_index_data SET block = x'a5a5a5a5a5a5' WHERE id >= 10");

  test.each([
    ["a search", async (store) => expect((await store.search({ text: "common" })).items).toHaveLength(2)],
    ["a deletion", async (store, id) => expect(await store.delete(id)).toBe(true)],
    ["a truncate", async (store, id) => void (await store.truncate(id, 0, { at: 2000 }))],
    ["a new name", async (store, id) => void (await store.update(id, { name: "new" }, { at: 2000 }))],
  ] as [string, (store: Awaited<ReturnType<typeof openAt>>, id: SessionId) => Promise<void>][])(
    "whose words are damaged does not stop %s",
    async (_, call) => {
      const { file, ids } = await changedFile(damage);
      expect(await sqliteMaintenance({ file }).check()).not.toEqual([]);
      const store = await openAt(file);
      await call(store, ids[0] as SessionId);
      expect((await store.search({ text: "beta" })).items).toHaveLength(1);
      expect(await store.checkIntegrity()).toEqual([]);
    },
  );

  test("lost while the store is open is rebuilt by the next call that needs it", async () => {
    const { file, ids } = await changedFile();
    const store = await openAt(file);
    raw(file, (client) => client.exec("DROP TABLE search_index; DROP TABLE search_progress"));
    await store.append(ids[0] as SessionId, [entry("gamma")], { at: 2000 });
    expect((await store.search({ text: "gamma" })).items).toHaveLength(1);
    expect((await store.search({ text: "common" })).items).toHaveLength(2);
  });

  test("is left alone where the file has other damage: nothing is written to it", async () => {
    const { file } = await changedFile();
    let page = 0;
    raw(file, (client) => {
      page = client
        .prepare("SELECT pageno FROM dbstat WHERE name = 'entries_by_seq'")
        .pluck()
        .get() as number;
      client.exec("DROP TABLE search_progress");
    });
    const bytes = readFileSync(file).fill(0xa5, (page - 1) * 4096, page * 4096);
    writeFileSync(file, bytes);
    await expect(openAt(file)).rejects.toMatchObject({ code: "corrupt" });
    expect(bytes.equals(readFileSync(file))).toBe(true);
  });
});
