import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type Session, type SessionEntry, type SessionId } from "@thulp-sessions/core";
import { openFileStore, openSessionFile, sessionIdIn, sessionText } from "@thulp-sessions/store-fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

function session(count: number): Session {
  const entries = Array.from(
    { length: count },
    (_, i): SessionEntry => ({
      id: newUuid() as SessionEntry["id"],
      timestamp: i,
      entryType: { type: "user_message" },
      content: { text: `äöü ${i}` },
    }),
  );
  const times = { createdAt: 1, updatedAt: 2, parentSession: null, status: "active", tags: ["x"] } as const;
  const sessionType = { type: "conversation", purpose: "p" } as const;
  return {
    metadata: { id: newUuid() as SessionId, name: "n", sessionType, ...times },
    entries,
    context: { a: 1 },
  };
}

function inPages(entries: readonly SessionEntry[], size: number) {
  return async function* () {
    for (let i = 0; i < entries.length; i += size) yield entries.slice(i, i + size);
  };
}

async function textOf(given: Session, pages: () => AsyncIterable<readonly SessionEntry[]>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of sessionText(given, pages)) parts.push(part);
  return Buffer.concat(parts).toString();
}

const withoutEpoch = (text: string) => text.replace(/"epoch": *"\d+" */, "");

test.each([0, 1, 7])(
  "the text of a session of %i entries is that of the file that create makes",
  async (count) => {
    const given = session(count);
    const dir = temporaryFolder();
    const store = await openFileStore({ dir, durability: "relaxed" });
    await store.create(given);
    await store.close();
    const text = await textOf(given, inPages(given.entries, 3));
    const written = readFileSync(join(dir, `${given.metadata.id}.json`), "utf8");
    expect(withoutEpoch(text)).toBe(withoutEpoch(written));
  },
);

test("entries that are others the second time are noticed", async () => {
  const given = session(4);
  let times = 0;
  const pages = () => inPages(given.entries.slice(0, 4 - times++), 3)();
  await expect(textOf(given, pages)).rejects.toThrow("changed while");
});

test("a session file is read wherever it is, and nothing is written beside it", async () => {
  const given = session(7);
  const { id } = given.metadata;
  const dir = temporaryFolder();
  const path = join(dir, "any name");
  writeFileSync(path, await textOf(given, inPages(given.entries, 3)));
  const store = openSessionFile(path);
  expect(sessionIdIn(path)).toBe(id);
  expect((await store.list()).items).toEqual([given.metadata]);
  expect(await store.get(id)).toMatchObject({ ...given, entries: given.entries });
  expect((await store.readEntries(id, { last: 2 })).items.map(({ seq }) => seq)).toEqual([5, 6]);
  await expect(store.update(id, { name: "x" }, { at: 9 })).rejects.toMatchObject({ code: "unsupported" });
  await store.close();
  expect(readdirSync(dir)).toEqual(["any name"]);
});

test.each([
  ["nothing", undefined, "not_found"],
  ["a folder", null, "not_found"],
  ["no JSON", "hello", "corrupt"],
  ["other JSON", '{"a":1}', "corrupt"],
  ["an empty file", "", "corrupt"],
])("%s is no session", (_, content, code) => {
  const path = join(temporaryFolder(), "x");
  if (content === null) mkdirSync(path);
  else if (content !== undefined) writeFileSync(path, content);
  expect(() => openSessionFile(path)).toThrow(expect.objectContaining({ code }));
});

test("a session whose end is cut off is refused, with the place, not served as what a crash leaves", async () => {
  const given = session(3);
  const { id } = given.metadata;
  const dir = temporaryFolder();
  const path = join(dir, `${id}.json`);
  const store = await openFileStore({ dir, durability: "relaxed" });
  await store.create(given);
  const cut = async () => {
    const bytes = readFileSync(path);
    for (const length of [1, 20, 100]) {
      const other = join(dir, "cut");
      writeFileSync(other, bytes.subarray(0, bytes.length - length));
      await expect((async () => openSessionFile(other).get(id))()).rejects.toMatchObject({ code: "corrupt" });
    }
  };
  await cut();
  await store.append(id, session(3).entries, { at: 3 });
  await cut();
  await store.close();
});
