import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import zlib from "node:zlib";
import { parseSessionId, type SessionStore } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { importTranscripts } from "../src/index.ts";
import { CLAUDE, CODEX, SESSION, THREAD } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, importOne, lines } from "./round-trip.ts";

const FILE = `${SESSION}.jsonl`;
const [A, B, C, D] = [2, 3, 6, 8].map((i) => lines(CLAUDE[i] as object)) as [string, string, string, string];

async function ids(store: SessionStore, id: string): Promise<readonly string[]> {
  return (await entriesOf(store, id)).map((entry) => entry.id);
}

/** The file that the session gives back, if it is exactly the one that was imported. */
async function textOf(store: SessionStore): Promise<string> {
  const { exact, bytes } = await exported(store, SESSION);
  expect(exact).toBe(true);
  return bytes.toString();
}

describe.each(Object.keys(STORES))("in %s", (kind) => {
  test("a file that has grown adds what is new, and its title", async () => {
    const store = await openStore(kind);
    const path = fileWith(A + B, FILE);
    await importOne(store, claudeCode, path);
    appendFileSync(path, C + lines({ type: "custom-title", customTitle: "later" }));
    const report = await importOne(store, claudeCode, path);
    expect(report).toMatchObject({
      result: "grown",
      entries: { added: 2, present: 2, revised: 0 },
      bytes: { unchanged: A.length + B.length },
    });
    expect((await store.head(SESSION)).metadata.name).toBe("later");
    expect((await exported(store, SESSION)).bytes.toString()).toBe(
      A + B + C + lines({ type: "custom-title", customTitle: "later" }),
    );
  });

  test.each([
    ["a line removed", A + C + D, 0, 0],
    ["the end cut off and written again", A + B + lines({ ...CLAUDE[6], cut: 1 }) + D, 1, 1],
    ["a line changed in the middle", A + lines({ ...CLAUDE[3], requestId: "2" }) + C + D, 1, 1],
    ["a line moved", A + C + B + D, 0, 0],
    ["a line put in", A + lines({ type: "tag" }) + B + C + D, 1, 0],
    ["a line twice", A + B + B + C + D, 1, 1],
    ["everything new", lines({ type: "tag" }), 1, 0],
    ["everything gone but a torn line", A.slice(0, 20), 0, 0],
  ])("%s: old entries stay, new ones are added, the file comes back", async (_, text, added, revised) => {
    const store = await openStore(kind);
    const path = fileWith(A + B + C + D, FILE);
    await importOne(store, claudeCode, path);
    const before = await ids(store, SESSION);
    writeFileSync(path, text);
    const report = await importOne(store, claudeCode, path);
    expect(report).toMatchObject({ result: "changed", entries: { added, revised } });
    expect((await ids(store, SESSION)).slice(0, before.length)).toEqual(before);
    expect(await textOf(store)).toBe(text);
    // And back again: nothing is new, and the file is the first one.
    writeFileSync(path, A + B + C + D);
    expect((await importOne(store, claudeCode, path)).entries.added).toBe(0);
    expect(await textOf(store)).toBe(A + B + C + D);
  });

  test("what a person has set stays, and so do entries of others", async () => {
    const store = await openStore(kind);
    const path = fileWith(A + B, FILE);
    await importOne(store, claudeCode, path);
    await store.update(
      SESSION,
      { name: "my name", status: "paused", tags: ["agent:claude-code", "keep"] },
      { at: 1 },
    );
    const id = "00000000-0000-4000-8000-000000000001" as never;
    const note = { id, timestamp: 1, entryType: { type: "user_message" } as const, content: "a note" };
    await store.append(SESSION, [note], { at: 1 });
    appendFileSync(path, C + lines({ type: "custom-title", customTitle: "later" }));
    expect(await importOne(store, claudeCode, path)).toMatchObject({
      result: "grown",
      entries: { added: 2 },
    });
    const { metadata } = await store.head(SESSION);
    expect(metadata).toMatchObject({
      name: "my name",
      status: "paused",
      tags: ["agent:claude-code", "keep"],
    });
    expect((await entriesOf(store, SESSION)).map(({ content }) => content)).toContain("a note");
    expect(await exported(store, SESSION)).toMatchObject({ exact: true });
  });

  test("entries that were taken away since make the export say that it is not exact; importing brings them back", async () => {
    const store = await openStore(kind);
    const path = fileWith(A + B + C, FILE);
    await importOne(store, claudeCode, path);
    await store.truncate(SESSION, 2, { at: 1 });
    expect(await exported(store, SESSION)).toMatchObject({ exact: false });
    appendFileSync(path, D);
    await importOne(store, claudeCode, path);
    expect(await textOf(store)).toBe(A + B + C + D);
  });

  test("an entry that was altered since, at the same length, makes the export say so", async () => {
    const store = await openStore(kind);
    await importOne(store, claudeCode, fileWith(A + B, FILE));
    const { metadata, entries, context } = await store.get(SESSION);
    const altered = JSON.parse(JSON.stringify(entries).replaceAll("cogs", "dogs"));
    await store.replace({ metadata, entries: altered, context });
    expect(await exported(store, SESSION)).toMatchObject({ exact: false });
  });

  test("two imports at the same moment give one session", async () => {
    const store = await openStore(kind);
    const path = fileWith(lines(...CLAUDE), FILE);
    const both = await Promise.all([
      importTranscripts(store, claudeCode, [path]),
      importTranscripts(store, claudeCode, [path]),
    ]);
    expect(both.flat().map(({ result }) => result)).not.toContain("failed");
    const all = await ids(store, SESSION);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(CLAUDE.length + 1);
    expect(await exported(store, SESSION)).toMatchObject({ exact: true });
  });

  test("a session of many batches is the same as one that has grown", async () => {
    const [atOnce, grown] = [await openStore(kind), await openStore(kind)];
    const record = (i: number) => ({
      ...CLAUDE[2],
      uuid: `u${i}`,
      timestamp: new Date(1e12 + i).toISOString(),
    });
    const records = Array.from({ length: 2500 }, (_, i) => record(i));
    const path = fileWith(lines(...records.slice(0, 1200)), FILE);
    await importOne(grown, claudeCode, path);
    appendFileSync(path, lines(...records.slice(1200)));
    await importOne(grown, claudeCode, path);
    await importOne(atOnce, claudeCode, path);
    expect(await ids(grown, SESSION)).toEqual(await ids(atOnce, SESSION));
    expect((await grown.head(SESSION)).context).toEqual((await atOnce.head(SESSION)).context);
    expect(await exported(atOnce, SESSION)).toMatchObject({ exact: true });
  });
});

test("a dry run says what would be done, and writes nothing", async () => {
  const store = await openStore();
  const path = fileWith(A + B, FILE);
  expect(await importOne(store, claudeCode, path, { dryRun: true })).toMatchObject({
    result: "new",
    entries: { added: 2 },
  });
  expect((await store.list()).items).toEqual([]);
  await importOne(store, claudeCode, path);
  const before = await store.get(SESSION);
  writeFileSync(path, A + C + B);
  expect(await importOne(store, claudeCode, path, { dryRun: true })).toMatchObject({
    result: "changed",
    entries: { added: 1, present: 2 },
  });
  expect(await store.get(SESSION)).toEqual(before);
});

test("an import that was interrupted goes on where it was", async () => {
  const store = await openStore();
  const records = Array.from({ length: 3000 }, (_, i) => ({ ...CLAUDE[2], uuid: `u${i}` }));
  const path = fileWith(lines(...records), FILE);
  let calls = 0;
  const dying = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (name === "append" && ++calls === 2)
          throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
        return value.apply(target, args);
      };
    },
  });
  const [report] = await importTranscripts(dying, claudeCode, [path]);
  expect(report?.result).toBe("failed");
  expect((await store.head(SESSION)).entryCount).toBe(2000);
  const again = await importOne(store, claudeCode, path);
  expect(again).toMatchObject({ entries: { added: 1000 } });
  expect(await exported(store, SESSION)).toMatchObject({ exact: true });
});

test("a store that is closed ends the import with that, and nothing goes on behind it", async () => {
  const store = await openStore();
  await store.close();
  const folder = tempFolder();
  for (let i = 0; i < 50; i++) fileWith(A, `${i}.jsonl`, folder);
  await expect(importTranscripts(store, claudeCode, [folder])).rejects.toMatchObject({ code: "closed" });
});

test("an import that is given up says so with the reason of the signal", async () => {
  const store = await openStore();
  const stop = new AbortController();
  const folder = tempFolder();
  for (let i = 0; i < 50; i++) fileWith(A, `${i}.jsonl`, folder);
  const onProgress = () => stop.abort(new Error("enough"));
  const import50 = importTranscripts(store, claudeCode, [folder], { signal: stop.signal, onProgress });
  await expect(import50).rejects.toThrow("enough");
  expect(await store.count()).toBeLessThan(50);
});

describe("several files of one session", () => {
  const ROLLOUT = `rollout-2026-04-02T11-59-59-${THREAD}.jsonl`;

  test("moved to another place: nothing is added", async () => {
    const store = await openStore();
    const path = fileWith(lines(...CODEX), ROLLOUT);
    await importOne(store, codex, path);
    const archived = join(tempFolder(), ROLLOUT);
    renameSync(path, archived);
    expect(await importOne(store, codex, archived)).toMatchObject({ result: "unchanged" });
  });

  test.each([
    ["sessions", "archived_sessions"],
    ["archived_sessions", "sessions"],
  ])("the one in %s that is the beginning of the one in %s is a duplicate", async (first, second) => {
    const store = await openStore();
    const root = tempFolder();
    const [short, long] = [join(root, first), join(root, second)];
    for (const folder of [short, long]) mkdirSync(folder);
    fileWith(lines(...CODEX.slice(0, 4)), ROLLOUT, short);
    fileWith(lines(...CODEX), ROLLOUT, long);
    const reports = await importTranscripts(store, codex, [root]);
    const resultIn = (folder: string) => reports.find(({ path }) => path.startsWith(folder))?.result;
    expect([resultIn(short), resultIn(long)]).toEqual(["duplicate", "new"]);
    expect(await exported(store, THREAD)).toMatchObject({ exact: true, path: `${second}/${ROLLOUT}` });
  });

  test("one that goes apart from another is a session of its own, again and again the same", async () => {
    const store = await openStore();
    const root = tempFolder();
    const paths = ["a", "b"].map((name) => {
      mkdirSync(join(root, name));
      return join(root, name, FILE);
    }) as [string, string];
    writeFileSync(paths[0], A + B);
    writeFileSync(paths[1], A + C);
    const first = await importTranscripts(store, claudeCode, [root]);
    expect(first.map(({ result }) => result)).toEqual(["new", "new"]);
    const copy = parseSessionId(first[1]?.sessionId ?? "");
    expect(copy).not.toBe(SESSION);
    const { metadata } = await store.head(copy);
    expect(metadata).toMatchObject({ parentSession: SESSION });
    expect(metadata.tags).toContain(`duplicate-of:${SESSION}`);
    appendFileSync(paths[1], D);
    const second = await importTranscripts(store, claudeCode, [root]);
    expect(second.map(({ result, sessionId }) => [result, sessionId])).toEqual([
      ["unchanged", SESSION],
      ["grown", copy],
    ]);
    expect((await exported(store, copy)).bytes.toString()).toBe(A + C + D);
    expect((await exported(store, SESSION)).bytes.toString()).toBe(A + B);
  });

  const { zstdCompressSync } = zlib as unknown as { zstdCompressSync?: (bytes: Buffer) => Buffer };

  test.skipIf(!zstdCompressSync)("compressed (Node 22.15 and newer): nothing is added", async () => {
    const store = await openStore();
    const path = fileWith(lines(...CODEX), ROLLOUT);
    await importOne(store, codex, path);
    const bytes = (zstdCompressSync as (bytes: Buffer) => Buffer)(Buffer.from(lines(...CODEX)));
    const compressed = fileWith(bytes, `${ROLLOUT}.zst`, dirname(path));
    rmSync(path);
    expect(await importOne(store, codex, compressed)).toMatchObject({ result: "unchanged" });
    const other = await openStore();
    await importOne(other, codex, compressed);
    expect((await exported(other, THREAD)).bytes.toString()).toBe(lines(...CODEX));
  });

  test.skipIf(zstdCompressSync)("compressed, where Node cannot read it: said, and nothing else", async () => {
    const store = await openStore();
    const [report] = await importTranscripts(store, codex, [fileWith("x", `${ROLLOUT}.zst`)]);
    expect(report).toMatchObject({ result: "failed", reason: expect.stringContaining("22.15") });
  });
});
