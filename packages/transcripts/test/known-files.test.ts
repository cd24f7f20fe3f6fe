import { appendFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionStore } from "@thulp-sessions/core";
import { describe, expect, test, vi } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import * as chunks from "../src/files/read-chunks.ts";
import { importTranscripts, KnownFiles } from "../src/index.ts";
import { CLAUDE, SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { exported, fileWith, lines } from "./round-trip.ts";

vi.mock("../src/files/read-chunks.ts", { spy: true });

const HOUR = 3600;

/** As old as a file has to be for its stamp to be believed. */
function makeOld(path: string, secondsAgo = HOUR): void {
  const time = Date.now() / 1000 - secondsAgo;
  utimesSync(path, time, time);
}

async function imported(store: SessionStore, folder: string, known: KnownFiles) {
  vi.mocked(chunks.readChunks).mockClear();
  const reports = await importTranscripts(store, claudeCode, [folder], { known });
  return { reports, filesRead: vi.mocked(chunks.readChunks).mock.calls.length };
}

describe.each(Object.keys(STORES))("in %s", (kind) => {
  test("files that are as they were are not read, and reported as if they were", async () => {
    const store = await openStore(kind);
    const folder = tempFolder();
    const name = `${SESSION}.jsonl`;
    for (const path of [fileWith(lines(...CLAUDE), name, folder), fileWith("{}\n", "b.jsonl", folder)])
      makeOld(path);
    const known = new KnownFiles();
    await imported(store, folder, known);
    const { reports: slow } = await imported(store, folder, new KnownFiles());
    // As it comes back from a file.
    const kept = new KnownFiles(JSON.parse(JSON.stringify(known)));
    const { reports, filesRead } = await imported(store, folder, kept);
    expect([known.isChanged, kept.isChanged]).toEqual([true, false]);
    expect(filesRead).toBe(0);
    expect(reports).toEqual(slow);
    expect(reports).toMatchObject([{ result: "unchanged" }, { result: "unchanged" }]);
  });

  test.each<[string, (store: SessionStore, path: string) => unknown, string]>([
    ["the file has grown", (_, path) => appendFileSync(path, "{}\n"), "grown"],
    [
      "the file is another one of the same size",
      (_, path) => writeFileSync(path, "[]\n".repeat(3)),
      "changed",
    ],
    ["the session was deleted", (store) => store.delete(SESSION), "new"],
    ["the session was cut", (store) => store.truncate(SESSION, 1, { at: 1 }), "changed"],
    ["the session has another name", (store) => store.update(SESSION, { name: "n" }, { at: 1 }), "unchanged"],
  ])("it is read where %s", async (_, change, result) => {
    const store = await openStore(kind);
    const folder = tempFolder();
    const path = fileWith("{}\n{}\n{}\n", `${SESSION}.jsonl`, folder);
    makeOld(path);
    const known = new KnownFiles();
    await imported(store, folder, known);
    await change(store, path);
    const { reports, filesRead } = await imported(store, folder, known);
    expect(reports).toMatchObject([{ result }]);
    expect(filesRead).toBeGreaterThan(0);
    expect((await exported(store, SESSION)).exact).toBe(true);
  });
});

test("another store knows nothing of it", async () => {
  const folder = tempFolder();
  makeOld(fileWith("{}\n", `${SESSION}.jsonl`, folder));
  const known = new KnownFiles();
  await imported(await openStore(), folder, known);
  expect((await imported(await openStore(), folder, known)).reports).toMatchObject([{ result: "new" }]);
});

test("a file that was changed just now is read again: it may change without another stamp", async () => {
  const store = await openStore();
  const folder = tempFolder();
  fileWith("{}\n", `${SESSION}.jsonl`, folder);
  const known = new KnownFiles();
  await imported(store, folder, known);
  expect((await imported(store, folder, known)).filesRead).toBeGreaterThan(0);
});

test("duplicates and copies are known, too, and only together with what they are compared with", async () => {
  const store = await openStore();
  const folder = tempFolder();
  const [a, b, c] = ["a", "b", "c"].map((name) => join(folder, name, `${SESSION}.jsonl`)) as [
    string,
    string,
    string,
  ];
  const { mkdirSync } = await import("node:fs");
  for (const [path, text] of [
    [a, "{}\n{}\n"],
    [b, "{}\n"],
    [c, '{}\n{"x":1}\n'],
  ] as const) {
    mkdirSync(join(path, ".."));
    writeFileSync(path, text);
    makeOld(path);
  }
  const known = new KnownFiles();
  const { reports: first } = await imported(store, folder, known);
  expect(first.map(({ result }) => result)).toEqual(["new", "duplicate", "new"]);
  const again = await imported(store, folder, known);
  expect(again.filesRead).toBe(0);
  expect(again.reports.map(({ result }) => result)).toEqual(["unchanged", "duplicate", "unchanged"]);
  appendFileSync(c, "{}\n");
  makeOld(c, 2 * HOUR);
  const { reports } = await imported(store, folder, known);
  expect(reports.map(({ result }) => result)).toEqual(["unchanged", "duplicate", "grown"]);
});

test("three files that go apart in the same way are one copy and its duplicate", async () => {
  const store = await openStore();
  const folder = tempFolder();
  const { mkdirSync } = await import("node:fs");
  const texts = { a: "{}\n{}\n", b: '{}\n{"x":1}\n{}\n', c: '{}\n{"x":1}\n', d: '{}\n{"x":1}\n[]\n' };
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, `${SESSION}.jsonl`), text);
  }
  const first = await importTranscripts(store, claudeCode, [folder]);
  expect(first.map(({ result }) => result)).toEqual(["new", "new", "duplicate", "new"]);
  expect(new Set(first.map(({ sessionId }) => sessionId)).size).toBe(3);
  const again = await importTranscripts(store, claudeCode, [folder]);
  expect(again.map(({ result }) => result)).toEqual(["unchanged", "unchanged", "duplicate", "unchanged"]);
  for (const [i, name] of ["a", "b", "", "d"].entries())
    if (name !== "")
      expect((await exported(store, first[i]?.sessionId ?? "")).bytes.toString()).toBe(texts[name as "a"]);
});

test.each([null, [], "x", { "/a": 1 }, { "/a": { stamp: "1" } }, { "/a": null }])(
  "what is no such list counts as an empty one: %j",
  (json) => expect(new KnownFiles(json).toJSON()).toEqual({}),
);
