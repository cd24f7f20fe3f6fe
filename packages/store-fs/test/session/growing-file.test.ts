import fs from "node:fs";
import { join } from "node:path";
import { type EntryId, newUuid, type SessionEntry, type SessionId } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

const entryOf = (content: number): SessionEntry => ({
  id: newUuid() as EntryId,
  timestamp: 1,
  entryType: { type: "user_message" },
  content,
});

/** A session of 3,000 entries, and what its file becomes by one append after the other. */
async function growingFile(appends: number) {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  const id = newUuid() as SessionId;
  const metadata = {
    id,
    name: "Growing",
    sessionType: { type: "agent", agentName: "a" },
    createdAt: 1,
    updatedAt: 1,
    status: "active",
    tags: [],
    parentSession: null,
  } as const;
  await store.create({ metadata, entries: Array.from({ length: 3_000 }, (_, i) => entryOf(i)), context: {} });
  const path = join(dir, `${id}.json`);
  const versions = [fs.readFileSync(path)];
  for (let i = 0; i < appends; i++) {
    await store.append(id, [entryOf(3_000 + i)], { at: 2 + i });
    versions.push(fs.readFileSync(path));
  }
  return { id, versions };
}

test("a file that grows each time it is read from its start is read once, and then what is new of it", async () => {
  const { id, versions } = await growingFile(20);
  const dir = temporaryFolder();
  const path = join(dir, `${id}.json`);
  fs.writeFileSync(path, versions[0] as Buffer);
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());

  const readSync = fs.readSync;
  let bytesRead = 0;
  let version = 0;
  const spy = vi.spyOn(fs, "readSync").mockImplementation(((
    descriptor: number,
    into: Buffer,
    offset: number,
    length: number,
    position: number,
  ) => {
    const read = readSync(descriptor, into, offset, length, position);
    bytesRead += read;
    const next = position === 0 && read > 100_000 ? versions[version + 1] : undefined;
    if (next) {
      version++;
      const writing = fs.openSync(path, "r+");
      fs.writeSync(writing, next, 0, next.length, 0);
      fs.closeSync(writing);
    }
    return read;
  }) as typeof fs.readSync);
  onTestFinished(() => spy.mockRestore());

  const head = await store.head(id);
  expect(version).toBeGreaterThan(0);
  expect(head.entryCount).toBe(3_000 + version);
  expect(head.metadata.updatedAt).toBe(1 + version);
  const size = (versions[0] as Buffer).length;
  expect(bytesRead / size).toBeGreaterThan(1);
  expect(bytesRead / size).toBeLessThan(1.5);

  spy.mockRestore();
  const { entries } = await store.get(id);
  expect(entries.map(({ content }) => content)).toEqual(Array.from({ length: 3_000 + version }, (_, i) => i));
});
