import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cline } from "../src/agents/cline.ts";
import { gemini } from "../src/agents/gemini.ts";
import { opencode } from "../src/agents/opencode.ts";
import { importTranscripts } from "../src/index.ts";
import { type DocumentPart, DocumentSplitter } from "../src/lines/document-splitter.ts";
import { GEMINI, GEMINI_DOCUMENT, GEMINI_MESSAGES, GEMINI_SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, importOne, lines } from "./round-trip.ts";

const NAME = "session-1.json";
const MB = 1024 * 1024;

/** What documents are made of, and what breaks them. */
const part = fc.oneof(
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      '{"sessionId":"s","messages":[',
      '{\n  "a": [1, {"messages": []}],\n  "messages": [\n    ',
      "[",
      "]",
      "}",
      "]}",
      "\n  ]\n}\n",
      ",",
      ",\n    ",
      " ",
      "\ufeff",
      '"',
      "\\",
      ":",
      '{"id":"1","type":"user","content":"a"}',
      '{\n      "id": "1",\n      "type": "user"\n    }',
      '{"n":1.0}',
      '{"content":"\\ud83d"}',
      '{"content":"]}\\"["}',
      "12",
      "null",
      '"messages"',
    )
    .map((text) => Buffer.from(text)),
);
const content = fc
  .tuple(fc.constantFrom('{"messages":[', "[", "", "\ufeff[ "), fc.array(part, { maxLength: 14 }))
  .map(([first, parts]) => Buffer.concat([Buffer.from(first), ...parts]))
  .filter((bytes) => bytes.length > 0);

describe("any bytes", () => {
  test.each([
    [gemini, ".json"],
    [opencode, ".json"],
    [cline, ".messages.json"],
  ])("as a document of $agent come back, and again add nothing", async (reader, ending) => {
    const store = await openStore();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const path = fileWith(bytes, `${++number}${ending}`);
        const { sessionId } = await importOne(store, reader, path);
        const back = await exported(store, sessionId);
        expect(back.bytes.equals(bytes)).toBe(true);
        // Two of them may say that they are the same session.
        expect(back.exact).toBe(true);
        expect(await importOne(store, reader, path)).toMatchObject({
          result: "unchanged",
          entries: { added: 0 },
        });
      }),
      { numRuns: 80 },
    );
  });

  test("that replace others come back, and what was there stays", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 2, maxLength: 4 }), async (versions) => {
        const store = await openStore();
        const folder = tempFolder();
        const seen = new Map<string, Set<string>>();
        for (const bytes of versions) {
          const { sessionId } = await importOne(store, gemini, fileWith(bytes, NAME, folder));
          const back = await exported(store, sessionId);
          expect(back.bytes.equals(bytes)).toBe(true);
          expect(back.exact).toBe(true);
          const ids = (await entriesOf(store, sessionId)).map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
          for (const id of seen.get(sessionId) ?? []) expect(ids).toContain(id);
          seen.set(sessionId, new Set(ids));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("are split the same, however they are read", () => {
    const splitIn = (bytes: Buffer, sizes: readonly number[]) => {
      const splitter = new DocumentSplitter(["messages"]);
      const parts: (readonly string[])[] = [];
      const others: Buffer[] = [];
      const take = (found: DocumentPart) => {
        if (found.type === "other") others.push(Buffer.from(found.bytes));
        else parts.push([found.type, "before" in found ? found.before : "", found.bytes.toString("latin1")]);
      };
      let at = 0;
      for (let i = 0; at < bytes.length; i++) {
        const end = Math.min(bytes.length, at + (sizes[i % sizes.length] as number));
        for (const found of splitter.push(Buffer.from(bytes.subarray(at, end)))) take(found);
        at = end;
      }
      const rest = splitter.finish().bytes;
      const all = [...parts.flatMap(([, ...texts]) => texts), Buffer.concat(others).toString("latin1")];
      expect(all.join("") + rest.toString("latin1")).toBe(bytes.toString("latin1"));
      return { parts, others: Buffer.concat(others), rest };
    };
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(content, sizes, (bytes, some) => {
        expect(splitIn(bytes, some)).toEqual(splitIn(bytes, [bytes.length]));
      }),
      { numRuns: 1000 },
    );
  });
});

test("a document that was cut at any byte gives the entries of the whole, and then the others", async () => {
  const whole = Buffer.from(GEMINI_DOCUMENT);
  const folder = tempFolder();
  const atOnce = await openStore();
  const { sessionId } = await importOne(atOnce, gemini, fileWith(whole, NAME, folder));
  const wanted = (await entriesOf(atOnce, sessionId)).map(({ id }) => id);
  for (let cut = 1; cut < whole.length; cut += 11) {
    const store = await openStore();
    const first = await importOne(store, gemini, fileWith(whole.subarray(0, cut), NAME, folder));
    expect((await exported(store, first.sessionId)).bytes.equals(whole.subarray(0, cut))).toBe(true);
    const second = await importOne(store, gemini, fileWith(whole, NAME, folder));
    expect((await exported(store, second.sessionId)).bytes.equals(whole)).toBe(true);
    expect(second.sessionId).toBe(sessionId);
    expect((await entriesOf(store, sessionId)).map(({ id }) => id)).toEqual(wanted);
  }
});

/** The document with other messages, written as the agent would. */
function documentOf(messages: readonly object[], more: object = {}): string {
  return JSON.stringify({ ...JSON.parse(GEMINI_DOCUMENT), ...more, messages }, null, 2);
}

describe.each(Object.keys(STORES))("in %s", (kind) => {
  const [first, second, third, fourth, fifth] = GEMINI_MESSAGES as [object, object, object, object, object];

  test.each([
    ["a message more", [first, second, third, fourth], 1, 0],
    ["a message removed, the first", [second, third], 0, 0],
    ["a message changed", [first, { ...second, content: "other" }, third], 1, 1],
    ["messages moved", [third, second, first], 0, 0],
    ["all gone", [], 0, 0],
    ["all others", [fourth, fifth], 2, 0],
  ])("%s: old entries stay, new ones are added, the file comes back", async (_, messages, added, revised) => {
    const store = await openStore(kind);
    const before = documentOf([first, second, third]);
    const path = fileWith(before, NAME);
    await importOne(store, gemini, path);
    const ids = (await entriesOf(store, GEMINI_SESSION)).map(({ id }) => id);
    const after = documentOf(messages, { lastUpdated: "2026-07-01T08:00:00.000Z" });
    writeFileSync(path, after);
    const report = await importOne(store, gemini, path);
    // What stands around the messages has changed as well.
    expect(report).toMatchObject({ result: "changed", entries: { added: added + 1, revised } });
    const now = (await entriesOf(store, GEMINI_SESSION)).map(({ id }) => id);
    expect(now.slice(0, ids.length)).toEqual(ids);
    expect((await exported(store, GEMINI_SESSION)).bytes.toString()).toBe(after);
    const { updatedAt } = (await store.head(GEMINI_SESSION)).metadata;
    expect(updatedAt).toBeGreaterThanOrEqual(Date.parse("2026-07-01T08:00:00Z"));
    writeFileSync(path, before);
    expect((await importOne(store, gemini, path)).entries.added).toBe(0);
    expect(await exported(store, GEMINI_SESSION)).toMatchObject({ exact: true });
  });

  test("entries that were taken away since make the export say that it is not exact", async () => {
    const store = await openStore(kind);
    await importOne(store, gemini, fileWith(GEMINI_DOCUMENT, NAME));
    await store.truncate(GEMINI_SESSION, 2, { at: 1 });
    expect(await exported(store, GEMINI_SESSION)).toMatchObject({ exact: false });
  });
});

test.each([
  ["a record of 20 MiB", `{"messages":[{"id":"a"}, {"x":"${"é".repeat(10 * MB)}"} ,{"id":"b"}]}`],
  ["the first of 20 MiB, torn", `{"messages":[ {"x":"${"é".repeat(10 * MB)}`],
  ["the second of 20 MiB, torn", `[1 , {"x":"${"é".repeat(10 * MB)}`],
  ["an end of 18 MiB", `{"messages":[{"id":"a"}], "x": "${"é\n".repeat(6 * MB)}"}`],
  ["an end of 2 MiB", `{"messages":[{"id":"a"}], "x": "${"é\n".repeat(MB)}"}`],
  ["a head of 1 MiB", `{"x":"${"é".repeat(MB / 2)}","messages":[{"id":"a"}]}`],
  ["spaces of 1 MiB before the first", `{"messages":[${" ".repeat(MB)}{"id":"a"}]}`],
  ["spaces of 1 MiB between two", `{"messages":[{"id":"a"},${" ".repeat(MB)}{"id":"a"}]}`],
  ["a list that is empty", '{"messages":[]}'],
  ["no list", '{"sessionId":"s"}\n{"sessionId":"s"}\n'],
])("%s comes back, and again adds nothing", async (_, text) => {
  const store = await openStore();
  const path = fileWith(text, NAME);
  const { sessionId } = await importOne(store, gemini, path);
  const back = await exported(store, sessionId);
  expect(back.bytes.equals(Buffer.from(text))).toBe(true);
  expect(back.exact).toBe(true);
  const again = await importOne(store, gemini, path);
  expect(again).toMatchObject({ result: "unchanged", entries: { added: 0 } });
});

test("a session that was begun as a document and went on as lines is two, the second tagged", async () => {
  const store = await openStore();
  const path = fileWith(GEMINI_DOCUMENT, NAME);
  const folder = dirname(path);
  fileWith(lines(...GEMINI), "session-1.jsonl", folder);
  const reports = await importTranscripts(store, gemini, [folder]);
  expect(reports.map(({ result }) => result)).toEqual(["new", "new"]);
  expect(reports[0]?.sessionId).toBe(GEMINI_SESSION);
  const { metadata } = await store.head(reports[1]?.sessionId as string);
  expect(metadata).toMatchObject({ parentSession: GEMINI_SESSION });
  expect(metadata.tags).toContain(`duplicate-of:${GEMINI_SESSION}`);
  const again = await importTranscripts(store, gemini, [join(folder)]);
  expect(again.map(({ result }) => result)).toEqual(["unchanged", "unchanged"]);
});
