import { closeSync, openSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { SessionId, StoreWarning } from "@thulp-sessions/core";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** A closed database of some sessions; `spoil` gets a connection that checks nothing. */
async function damaged(
  spoil: (client: Sqlite.Database) => void,
): Promise<{ file: string; ids: SessionId[] }> {
  const file = join(await tempFolder(), "sessions.db");
  const store = await openAt(file);
  const sessions = [1, 2, 3].map((n) =>
    session(
      { updatedAt: n, name: `session ${n}`, tags: ["t"] },
      ["zero", "one", "two", "three"].map((text) => entry({ text })),
    ),
  );
  for (const each of sessions) await store.create(each);
  await store.close();
  const client = new Sqlite(file);
  client.pragma("ignore_check_constraints = ON");
  client.pragma("foreign_keys = OFF");
  spoil(client);
  client.close();
  return { file, ids: sessions.map(({ metadata }) => metadata.id) };
}

test("a damaged entry: the session is corrupt with its place, the entries before it are served", async () => {
  const { file, ids } = await damaged((client) => {
    client.exec("UPDATE entries SET content = '{' WHERE session_key = 2 AND seq = 2");
  });
  const warnings: StoreWarning[] = [];
  const store = await openAt(file, { onWarning: (warning) => warnings.push(warning) });
  const id = ids[1] as SessionId;
  const corrupt = { code: "corrupt", details: { path: file, sessionId: id, field: "entries[2].content" } };
  await expect(store.get(id)).rejects.toMatchObject(corrupt);
  const page = await store.readEntries(id);
  expect(page.items.map(({ seq }) => seq)).toEqual([0, 1]);
  await expect(store.readEntries(id, { cursor: page.nextCursor ?? "" })).rejects.toMatchObject(corrupt);
  await expect(store.readEntries(id, { last: 3 })).rejects.toMatchObject(corrupt);
  // The others are found, with one warning for this session, however often it is read.
  for (let i = 0; i < 2; i++) {
    const { items } = await store.search({ text: "two" });
    expect(items.map(({ sessionId }) => sessionId)).toEqual([ids[2], ids[0]]);
  }
  expect(warnings).toEqual([expect.objectContaining({ code: "corrupt", sessionId: id, path: file })]);
  expect((await store.list()).items).toHaveLength(3);
  expect(await store.delete(id)).toBe(true);
});

test("a list with heads tells of a damaged context, and leaves nothing out", async () => {
  const { file, ids } = await damaged((client) => {
    client.exec("UPDATE contexts SET context = '{' WHERE session_key = 1");
    client.exec("DELETE FROM contexts WHERE session_key = 2");
  });
  const store = await openAt(file);
  const { items } = await store.list({ heads: true, direction: "asc" });
  expect(items.map(({ metadata }) => metadata.id)).toEqual(ids);
  const damage = { code: "corrupt", place: "context" };
  expect(items).toMatchObject([{ damaged: damage }, { damaged: damage }, { entryCount: 4 }]);
});

test("a missing entry and a missing context are damage too", async () => {
  const { file, ids } = await damaged((client) => {
    client.exec(
      "DELETE FROM entries WHERE session_key = 1 AND seq = 1; DELETE FROM contexts WHERE session_key = 2",
    );
    client.exec("DELETE FROM entries WHERE session_key = 3 AND seq = 3");
  });
  const store = await openAt(file);
  await expect(store.get(ids[0] as string)).rejects.toMatchObject({
    code: "corrupt",
    details: { field: "entries[1]" },
  });
  await expect(store.head(ids[1] as string)).rejects.toMatchObject({
    code: "corrupt",
    details: { field: "context" },
  });
  await expect(store.get(ids[2] as string)).rejects.toMatchObject({
    code: "corrupt",
    details: { field: "entries[3]" },
  });
});

test("a session whose metadata cannot be read is left out of lists with a warning, and pages go on after it", async () => {
  const { file, ids } = await damaged((client) => {
    client.exec("UPDATE sessions SET tags = '[' WHERE key IN (2, 3)");
  });
  const warnings: StoreWarning[] = [];
  const store = await openAt(file, { onWarning: (warning) => warnings.push(warning) });
  const page = await store.list({ limit: 1 });
  expect(page.items.map(({ id }) => id)).toEqual([ids[0]]);
  expect(page.nextCursor).toBeNull();
  await store.list();
  expect(warnings.map(({ sessionId }) => sessionId).sort()).toEqual([ids[1], ids[2]].sort());
  await expect(store.head(ids[1] as string)).rejects.toMatchObject({ code: "corrupt" });
  expect(await store.delete(ids[1] as string)).toBe(true);
});

test("pages of the file that were overwritten or cut off are corrupt, with the file, and nothing is repaired", async () => {
  for (const spoil of [overwrite, cut]) {
    const { file, ids } = await damaged(() => {});
    spoil(file);
    const results = await Promise.allSettled([
      openAt(file).then(async (store) => {
        for (const id of ids) await store.get(id);
        await store.search({ text: "two" });
        await store.list();
      }),
    ]);
    expect(results[0]).toMatchObject({
      status: "rejected",
      reason: { code: "corrupt", details: { path: file } },
    });
  }
});

function overwrite(file: string): void {
  const fd = openSync(file, "r+");
  // Everything but the first page, which holds the tables' definitions.
  writeSync(fd, Buffer.alloc(statSync(file).size - 4096, 0xa5), 0, undefined, 4096);
  closeSync(fd);
}

function cut(file: string): void {
  truncateSync(file, 8192);
}
