import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { entry, session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

async function filled() {
  const folder = await tempFolder();
  const file = join(folder, "sessions.db");
  const store = await openAt(file);
  const { metadata } = await store.create(session());
  for (let i = 0; i < 20; i++) {
    const entries = Array.from({ length: 100 }, () => entry("x".repeat(500)));
    await store.append(metadata.id, entries, { at: 2000 });
  }
  return { folder, file, store, id: metadata.id };
}

test("a backup is the state at one moment, taken while the database is written to", async () => {
  const { folder, file, store, id } = await filled();
  const other = await openAt(file);
  const to = join(folder, "backup.db");
  let isDone = false;
  const steps: number[] = [];
  const backup = store
    .backup(to, {
      onProgress: ({ remainingPages, totalPages }) => {
        expect(remainingPages).toBeLessThanOrEqual(totalPages);
        steps.push(remainingPages);
      },
    })
    .finally(() => {
      isDone = true;
    });
  // By this connection, and by another: SQLite then restarts the copy.
  let appended = 0;
  while (!isDone) {
    await (appended % 2 ? store : other).append(id, [entry("meanwhile")], { at: 3000 });
    appended++;
    await setImmediate();
  }
  await backup;
  expect(appended).toBeGreaterThan(2);
  expect(steps.length).toBeGreaterThan(1);
  if (process.platform !== "win32") expect((await stat(to)).mode & 0o777).toBe(0o600);
  const copy = await openAt(to);
  const { entries } = await copy.get(id);
  expect(entries.length).toBeGreaterThanOrEqual(2000);
  expect(entries.length).toBeLessThanOrEqual(2000 + appended);
  expect(await copy.checkIntegrity()).toEqual([]);
});

test("a backup never replaces a file, and leaves nothing behind when it fails", async () => {
  const { folder, store } = await filled();
  const to = join(folder, "backup.db");
  await writeFile(to, "mine");
  await expect(store.backup(to)).rejects.toMatchObject({ code: "invalid_input", details: { path: to } });
  const failure = new Error("enough");
  const failing = store.backup(join(folder, "other.db"), {
    onProgress: () => {
      throw failure;
    },
  });
  await expect(failing).rejects.toBe(failure);
  await expect(store.backup(join(folder, "nowhere", "backup.db"))).rejects.toMatchObject({ code: "io" });
  expect((await readdir(folder)).filter((name) => !name.startsWith("sessions.db"))).toEqual(["backup.db"]);
});

test("vacuum gives back the space of what was deleted", async () => {
  const { store, id } = await filled();
  const kept = await store.create(session({}, [entry("alpha")]));
  await store.delete(id);
  const { bytesFreed } = await store.vacuum();
  expect(bytesFreed).toBeGreaterThan(500_000);
  expect((await store.search({ text: "alpha" })).items).toHaveLength(1);
  expect((await store.get(kept.metadata.id)).entries).toHaveLength(1);
  expect(await store.checkIntegrity()).toEqual([]);
});

test("the WAL is truncated when it has grown, as soon as there is no reader for a moment", {
  timeout: 60_000,
}, async () => {
  const { file, store, id } = await filled();
  // Readers that take turns, so that at every moment one of them sees an older state: SQLite itself never
  // restarts the WAL then.
  const readers = [new Sqlite(file, { readonly: true }), new Sqlite(file, { readonly: true })] as const;
  const begin = (reader: Sqlite.Database) => reader.exec("BEGIN; SELECT count(*) FROM sessions");
  const logSize = async () => (await stat(`${file}-wal`)).size;
  const append = () =>
    store.append(
      id,
      Array.from({ length: 100 }, () => entry("x".repeat(5_000))),
      { at: 3000 },
    );
  for (let cycle = 0; cycle < 2; cycle++) {
    for (const reader of readers) begin(reader);
    for (let i = 0; (await logSize()) <= 33 * 1024 * 1024; i++) {
      const reader = readers[i % 2] as Sqlite.Database;
      reader.exec("COMMIT");
      await append();
      begin(reader);
    }
    for (const reader of readers) reader.exec("COMMIT");
    // From here on they read and write on, but not all the time.
    for (let i = 0; (await logSize()) > 4 * 1024 * 1024; i++) {
      const reader = readers[i % 2] as Sqlite.Database;
      begin(reader);
      await append();
      reader.exec("COMMIT");
      await setImmediate();
      expect(await logSize()).toBeLessThan(64 * 1024 * 1024);
    }
  }
  for (const reader of readers) reader.close();
});
