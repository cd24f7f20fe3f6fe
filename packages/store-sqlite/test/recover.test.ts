import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Session, sameSession } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openSqliteStore, recoverSqliteFile, sqliteMaintenance } from "../src/index.ts";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

const PAGE = 4096;

/** A file of some hundred pages, closed, with nothing left in its WAL. */
async function filledFile(): Promise<{ file: string; sessions: Session[] }> {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openSqliteStore({ file, durability: "relaxed" });
  const sessions = Array.from({ length: 40 }, (_, i) => ({
    ...session(
      { name: `Session ${i}`, tags: i % 2 ? ["odd"] : [], updatedAt: 1000 + i },
      Array.from({ length: 30 }, (_, j) => entry({ text: `entry ${j} of ${i} ${"x".repeat(300)}` })),
    ),
    context: { n: i },
  }));
  for (const each of sessions) await store.create(each);
  await store.search({ text: "entry" });
  await store.close();
  const client = new Sqlite(file);
  client.pragma("wal_checkpoint(TRUNCATE)");
  client.close();
  return { file, sessions };
}

function pagesOf(file: string, table: string): number[] {
  const client = new Sqlite(file, { readonly: true });
  const pages = client.prepare("SELECT pageno FROM dbstat WHERE name = ? ORDER BY pageno").pluck().all(table);
  client.close();
  return pages as number[];
}

function rootsOf(file: string, ...tables: string[]): number[] {
  const client = new Sqlite(file, { readonly: true });
  const root = client.prepare<[string], number>("SELECT rootpage FROM sqlite_schema WHERE name = ?").pluck();
  const roots = tables.map((table) => root.get(table) ?? 0);
  client.close();
  return roots;
}

async function overwrite(file: string, pages: readonly number[]): Promise<void> {
  const bytes = await readFile(file);
  for (const page of pages) bytes.fill(0xaa, (page - 1) * PAGE, page * PAGE);
  await writeFile(file, bytes);
}

async function contentsOf(file: string): Promise<Map<string, Session>> {
  const store = await openAt(file);
  const { items } = await store.list({ limit: 1000 });
  const all = await Promise.all(items.map(({ id }) => store.get(id)));
  return new Map(all.map((each) => [each.metadata.id, each]));
}

test("of an undamaged file everything is recovered, and there are no problems", async () => {
  const { file, sessions } = await filledFile();
  const to = join(file, "..", "recovered.db");
  expect(await recoverSqliteFile({ from: file, to })).toEqual({ sessions: 40, entries: 1200, problems: [] });
  const recovered = await contentsOf(to);
  for (const each of sessions) {
    const found = recovered.get(each.metadata.id);
    expect(found && sameSession(found, each)).toBe(true);
  }
});

test("whatever index is damaged, everything is recovered", async () => {
  for (const index of [
    "entries_by_seq",
    "entries_by_id",
    "sessions_by_id",
    "sessions_by_updated",
    "session_tags",
  ]) {
    const { file } = await filledFile();
    await overwrite(file, pagesOf(file, index));
    const before = await readFile(file);
    const to = join(file, "..", "recovered.db");
    expect(await recoverSqliteFile({ from: file, to }), index).toEqual({
      sessions: 40,
      entries: 1200,
      problems: [],
    });
    expect(before.equals(await readFile(file))).toBe(true);
  }
});

test.each([
  ["the first", [1]],
  ["one in the middle", [40]],
  ["the last", [-1]],
  ["every third", Array.from({ length: 30 }, (_, i) => i * 3)],
])("where pages of entries are lost (%s), all others are there", async (_, which) => {
  const { file, sessions } = await filledFile();
  const leaves = pagesOf(file, "entries").slice(1);
  const pages = which.map((n) => leaves.at(n)).filter((page) => page !== undefined);
  // The entries on the pages that are left, found in the bytes.
  const bytes = await readFile(file);
  const lostText = pages.map((page) => bytes.toString("latin1", (page - 1) * PAGE, page * PAGE)).join();
  await overwrite(file, pages);
  const to = join(file, "..", "recovered.db");
  const report = await recoverSqliteFile({ from: file, to });
  const recovered = await contentsOf(to);
  let lost = 0;
  for (const { metadata, entries } of sessions) {
    const found = new Set(recovered.get(metadata.id)?.entries.map(({ id }) => id));
    for (const { id } of entries) {
      if (found.has(id)) continue;
      lost++;
      expect(lostText).toContain(id);
    }
  }
  expect(lost).toBeGreaterThan(0);
  expect(report.entries).toBe(1200 - lost);
  expect(report.sessions).toBe(40);
  const told = report.problems.map(({ message }) =>
    Number(/^(\d+) of its 30 entries are lost/.exec(message)?.[1] ?? 0),
  );
  expect(told.reduce((a, b) => a + b, 0)).toBe(lost);
});

test("sessions whose row is lost keep their entries, under a name that says so", async () => {
  const { file } = await filledFile();
  const [, leaf = 0] = pagesOf(file, "sessions");
  await overwrite(file, [leaf]);
  const to = join(file, "..", "recovered.db");
  const report = await recoverSqliteFile({ from: file, to });
  expect(report).toMatchObject({ sessions: 40, entries: 1200 });
  const made = [...(await contentsOf(to)).values()].filter(({ metadata }) =>
    metadata.tags.includes("recovered"),
  );
  expect(made.length).toBeGreaterThan(0);
  for (const { metadata, entries } of made) {
    expect(metadata.name).toBe(`Recovered session ${metadata.id}`);
    expect(entries).toHaveLength(30);
    expect(report.problems.some(({ sessionId }) => sessionId === metadata.id)).toBe(true);
  }
});

test("pages that are overwritten at random are reported by a check, and recovery reads around them", {
  timeout: 60_000,
}, async () => {
  const { file } = await filledFile();
  const whole = await readFile(file);
  const pageCount = whole.length / PAGE;
  // Of these nothing can be read without the first, which says what the file is.
  const definitions = new Set(pagesOf(file, "sqlite_schema"));
  let state = 7;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  for (let round = 0; round < 25; round++) {
    await writeFile(file, whole);
    const pages = Array.from({ length: 1 + random(5) }, () => 2 + random(pageCount - 1));
    await overwrite(
      file,
      pages.filter((page) => !definitions.has(page)),
    );
    expect(await sqliteMaintenance({ file }).check()).not.toEqual([]);
    const before = await readFile(file);
    const to = join(file, "..", `recovered-${round}.db`);
    const report = await recoverSqliteFile({ from: file, to });
    expect(before.equals(await readFile(file))).toBe(true);
    expect((await contentsOf(to)).size).toBe(report.sessions);
    const store = await openSqliteStore({ file: to });
    expect(await store.checkIntegrity()).toEqual([]);
    await store.close();
  }
});

test("a source that is no file, and a target that exists, are refused", async () => {
  const { file } = await filledFile();
  await expect(recoverSqliteFile({ from: `${file}x`, to: `${file}y` })).rejects.toMatchObject({
    code: "invalid_input",
  });
  await expect(recoverSqliteFile({ from: file, to: file })).rejects.toMatchObject({ code: "invalid_input" });
});

/** The pages of `sqlite_schema`: more than one, since there are many tables and indices. */
function schemaPages(file: string): number[] {
  return pagesOf(file, "sqlite_schema");
}

test("a file that has lost its first page is told as what it is, and everything is recovered", async () => {
  const { file, sessions } = await filledFile();
  expect(schemaPages(file).length).toBeGreaterThan(1);
  for (const filling of [0, 0xaa]) {
    const bytes = await readFile(file);
    const damaged = join(file, "..", `first-${filling}.db`);
    await writeFile(damaged, bytes.fill(filling, 0, PAGE));
    const reason = expect.stringContaining("has lost its first page");
    await expect(openSqliteStore({ file: damaged })).rejects.toMatchObject({
      code: "corrupt",
      message: reason,
    });
    expect(await sqliteMaintenance({ file: damaged }).check()).toEqual([
      { kind: "damaged", path: damaged, reason },
    ]);
    const to = join(file, "..", `recovered-${filling}.db`);
    expect(await recoverSqliteFile({ from: damaged, to })).toEqual({
      sessions: 40,
      entries: 1200,
      problems: [],
    });
    const recovered = await contentsOf(to);
    for (const each of sessions) {
      const found = recovered.get(each.metadata.id);
      expect(found && sameSession(found, each)).toBe(true);
    }
    expect(bytes.equals(await readFile(damaged))).toBe(true);
  }
});

test("a file that has lost its end is told as what it is, and what is left is recovered", {
  timeout: 60_000,
}, async () => {
  const { file } = await filledFile();
  const whole = await readFile(file);
  const pageCount = whole.length / PAGE;
  const client = new Sqlite(file, { readonly: true });
  const lastOf = client.prepare("SELECT key, seq, entry_id FROM entries").all() as { entry_id: string }[];
  client.close();
  let before = 1200;
  for (const pages of [pageCount - 1, pageCount - 7, pageCount >> 1, pageCount >> 2, 2]) {
    const cut = join(file, "..", `cut-${pages}.db`);
    await writeFile(cut, whole.subarray(0, pages * PAGE - 17));
    const reason = expect.stringMatching(/has lost its end: it has \d+ of the \d+ bytes/);
    await expect(openSqliteStore({ file: cut })).rejects.toMatchObject({ code: "corrupt", message: reason });
    expect(await sqliteMaintenance({ file: cut }).check()).toEqual([{ kind: "damaged", path: cut, reason }]);
    const to = join(file, "..", `recovered-cut-${pages}.db`);
    const left = whole.subarray(0, (pages - 1) * PAGE);
    if (pages === 2) {
      await expect(recoverSqliteFile({ from: cut, to })).rejects.toMatchObject({ code: "corrupt" });
      continue;
    }
    const report = await recoverSqliteFile({ from: cut, to });
    expect(report.entries).toBeLessThanOrEqual(before);
    before = report.entries;
    // Every entry whose page is left.
    const text = new Set(left.toString("latin1").match(/[0-9a-f]{8}-[0-9a-f-]{27}(?=.{0,16}user_message)/gs));
    const expected = lastOf.filter(({ entry_id }) => text.has(entry_id)).length;
    expect(report.entries).toBeGreaterThanOrEqual(expected);
    expect(expected).toBeGreaterThan(50);
    const store = await openSqliteStore({ file: to });
    expect(await store.checkIntegrity()).toEqual([]);
    await store.close();
  }
});

test("what was deleted or taken off does not come back with what is recovered", async () => {
  const { file, sessions } = await filledFile();
  const store = await openSqliteStore({ file, durability: "relaxed" });
  for (const { metadata } of sessions.slice(0, 10)) await store.delete(metadata.id);
  for (const { metadata } of sessions.slice(10, 20)) await store.truncate(metadata.id, 3, { at: 5000 });
  await store.close();
  const whole = await readFile(file);
  const roots = rootsOf(file, "entries", "sessions");
  const [entries = 0, own = 0] = roots;
  // Without the first page it is not known which pages are free, but still which entries a session has.
  for (const [i, lost] of [[entries], [entries, own], [entries, 1]].entries()) {
    await writeFile(file, whole);
    await overwrite(file, lost);
    const to = join(file, "..", `recovered-${i}.db`);
    expect(await recoverSqliteFile({ from: file, to })).toEqual({ sessions: 30, entries: 630, problems: [] });
  }
});

test("rows that only a damaged inner page leads to are recovered, and what is in the log only", async () => {
  const { file } = await filledFile();
  const store = await openSqliteStore({ file, durability: "relaxed" });
  const { metadata } = await store.create(session({}, [entry("in the log only")]));
  const copy = join(file, "..", "copy.db");
  await copyFile(file, copy);
  await copyFile(`${file}-wal`, `${copy}-wal`);
  await store.close();
  const to = join(file, "..", "recovered.db");
  await overwrite(copy, [1]);
  expect(await recoverSqliteFile({ from: copy, to })).toEqual({ sessions: 41, entries: 1201, problems: [] });
  expect((await contentsOf(to)).get(metadata.id)?.entries).toHaveLength(1);
});

test("tables that were changed are read by our own definitions", async () => {
  const { file } = await filledFile();
  const client = new Sqlite(file);
  client.exec("ALTER TABLE contexts RENAME TO kept");
  client.exec('CREATE VIEW contexts AS SELECT session_key, \'{"n": "not ours"}\' AS context FROM kept');
  client.close();
  const to = join(file, "..", "recovered.db");
  const report = await recoverSqliteFile({ from: file, to });
  expect(report).toMatchObject({ sessions: 40, entries: 1200 });
  const contexts = [...(await contentsOf(to)).values()].map(({ context }) => context["n"]);
  expect(contexts).not.toContain("not ours");
});
