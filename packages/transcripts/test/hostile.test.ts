import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, importOne } from "./round-trip.ts";

const MB = 1024 * 1024;

/** Lines that a parser, a model or a store stumbles over, and what becomes of them. */
const HOSTILE: readonly (readonly [what: string, line: string, event: string | undefined])[] = [
  ["half a character", '{"type":"user","uuid":"h1","message":{"content":"\\ud83d"}}', "import:raw"],
  ["half a character in a key", '{"type":"user","\\udc00":1}', "import:raw"],
  ["a whole one as escapes", '{"type":"user","uuid":"h2","message":{"content":"\\ud83d\\ude00"}}', undefined],
  ["__proto__", '{"type":"user","uuid":"h3","__proto__":{"x":1},"message":{"content":"p"}}', undefined],
  [
    "__proto__ and constructor within",
    '{"type":"user","message":{"__proto__":1,"constructor":2}}',
    undefined,
  ],
  ["keys twice", '{"type":"user","uuid":"a","uuid":"b","message":{}}', undefined],
  ["keys that are numbers", '{"type":"user","b":1,"2":1,"1":1,"message":{}}', undefined],
  ["a number beyond 2^53", '{"type":"user","n":12345678901234567890,"message":{}}', undefined],
  ["numbers that are written otherwise", '{"type":"user","n":[1.0,-0,1e2,0.10],"message":{}}', undefined],
  ["a number beyond all", '{"type":"user","n":1e999,"message":{}}', "import:raw"],
  ["119 levels", `{"a":${"[".repeat(118)}${"]".repeat(118)}}`, "claude-code:unknown"],
  ["120 levels", `{"a":${"[".repeat(119)}${"]".repeat(119)}}`, "import:raw"],
  ["100,000 levels", "[".repeat(100_000), "import:raw"],
  ["no object", "[1,2]", "import:raw"],
  ["line separators in a string", '{"type":"user","message":{"content":"a\u2028b\u0085c"}}', undefined],
  ["zeros", "\u0000".repeat(100), "import:raw"],
  ["nothing", "", "import:blank"],
  ["blanks", " \t ", "import:blank"],
  ["types of all kinds", '{"type":{"a":1},"message":7,"uuid":[],"timestamp":"never"}', "claude-code:unknown"],
  ["a type that is too long", `{"type":"${"t".repeat(5000)}"}`, "claude-code:unknown"],
  ["a time before all", '{"type":"summary","timestamp":"-000001-01-01T00:00:00Z"}', "claude-code:summary"],
];

describe.each(Object.keys(STORES))("in %s", (kind) => {
  test.each(HOSTILE)("%s is kept, comes back, and again adds nothing", async (_, line, event) => {
    const store = await openStore(kind);
    const text = `{"type":"mode"}\n${line}\n{"type":"mode"}\n`;
    const path = fileWith(text, "hostile.jsonl");
    const { sessionId } = await importOne(store, claudeCode, path);
    const entries = await entriesOf(store, sessionId);
    expect(entries).toHaveLength(3);
    const type = entries[1]?.entryType;
    if (event === undefined) expect(type).toEqual({ type: "user_message" });
    else expect(type).toEqual({ type: "system_event", event });
    const back = await exported(store, sessionId);
    expect(back.bytes.toString()).toBe(text);
    expect(back.exact).toBe(true);
    // Not only because the file is the same: the entries themselves are there already.
    fileWith(`${text}{"type":"tag"}\n`, "hostile.jsonl", path.replace(/hostile\.jsonl$/, ""));
    expect((await importOne(store, claudeCode, path)).entries.added).toBe(1);
    fileWith(`{"type":"tag"}\n${text}`, "hostile.jsonl", path.replace(/hostile\.jsonl$/, ""));
    expect((await importOne(store, claudeCode, path)).entries).toMatchObject({ added: 0, present: 4 });
  });

  test("bytes that are no UTF-8 are kept", async () => {
    const store = await openStore(kind);
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x0a, 0xc3, 0x0a]);
    const { sessionId } = await importOne(store, codex, fileWith(bytes, "a.jsonl"));
    expect((await exported(store, sessionId)).bytes.equals(bytes)).toBe(true);
  });

  test("lines around 16 MiB are kept whole or in pieces", async () => {
    const store = await openStore(kind);
    const message = (size: number, fill: string) => {
      const begin = '{"type":"user","uuid":"big","message":{"content":"';
      return `${begin}${fill.repeat((size - begin.length - 3) / Buffer.byteLength(fill))}"}}`;
    };
    const text = [
      message(15 * MB, "a"),
      message(16 * MB - 10, "é"),
      message(17 * MB, "€"),
      // As text beside the record it would take more than an entry may.
      `${message(9 * MB, "b").slice(0, -1)},"n":1.0}`,
      `${message(3 * MB, "\\n").slice(0, -1)},"n":1.0}`,
      '{"type":"mode"}',
    ].join("\n");
    const bytes = Buffer.from(`${text}\n`);
    const path = fileWith(bytes, "large.jsonl");
    const report = await importOne(store, claudeCode, path);
    const back = await exported(store, report.sessionId);
    expect(back.bytes.equals(bytes)).toBe(true);
    expect(back.exact).toBe(true);
    const types = (await entriesOf(store, report.sessionId)).map(({ entryType }) =>
      entryType.type === "system_event" ? entryType.event : entryType.type,
    );
    expect([...new Set(types)].sort()).toEqual([
      "claude-code:mode",
      "import:chunk",
      "import:raw",
      "user_message",
    ]);
    expect(types.filter((type) => type === "user_message")).toHaveLength(2);
    // Everything again, since the file begins otherwise.
    const grown = fileWith(
      Buffer.concat([Buffer.from("{}\n"), bytes]),
      "large.jsonl",
      path.replace(/large\.jsonl$/, ""),
    );
    expect((await importOne(store, claudeCode, grown)).entries).toMatchObject({ added: 1 });
  });
});

test("a long line that is still being written is kept in pieces, and takes their place when it is whole", async () => {
  const store = await openStore();
  const line = `{"type":"user","message":{"content":"${"x".repeat(5 * MB)}"}}`;
  const path = fileWith(`{"type":"mode"}\n${line.slice(0, 4 * MB)}`, "a.jsonl");
  const { sessionId } = await importOne(store, claudeCode, path);
  expect((await exported(store, sessionId)).bytes.length).toBe(4 * MB + 16);
  // Not in the context, which every list with heads reads.
  expect(JSON.stringify((await store.head(sessionId)).context).length).toBeLessThan(5000);
  const whole = fileWith(`{"type":"mode"}\n${line}\n`, "a.jsonl", path.replace(/a\.jsonl$/, ""));
  await importOne(store, claudeCode, whole);
  const back = await exported(store, sessionId);
  expect(back).toMatchObject({ exact: true, size: line.length + 17 });
  const last = (await entriesOf(store, sessionId)).at(-1);
  expect(last?.entryType).toEqual({ type: "user_message" });
});

test("a line of 200 MiB is read with little memory", async () => {
  const store = await openStore("fs");
  const path = join(tempFolder(), "a.jsonl");
  const file = openSync(path, "w");
  const chunk = Buffer.alloc(MB, "y");
  writeSync(file, '{"type":"user","message":{"content":"');
  for (let i = 0; i < 200; i++) writeSync(file, chunk);
  writeSync(file, '"}}\n');
  closeSync(file);
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const report = await importOne(store, claudeCode, path, {
    onProgress: () => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    },
  });
  expect(report.entries.added).toBe(101);
  expect(peak).toBeLessThan(100 * MB);
});

test("whole records in broken lines are found, and the lines kept", async () => {
  const store = await openStore();
  const record = (uuid: string) =>
    `{"parentUuid":null,"type":"user","uuid":"${uuid}","message":{"content":"}{"},"timestamp":"2026-01-01T00:00:00Z"}`;
  const broken = [
    `${record("g1")}${record("g2")}`,
    `{"parentUuid":null,"type":"user","mess${record("t1")}`,
    `\u0000\u0000\u0000${record("z1")}`,
    `{"parentUuid":null,"type":"user","message":{"content":[{"type":"text"}`,
    "nothing at all",
  ];
  const text = `${broken.join("\n")}\n`;
  const report = await importOne(store, claudeCode, fileWith(text, "a.jsonl"));
  expect(report.entries).toMatchObject({ salvaged: 4, added: 9 });
  const found = (await entriesOf(store, report.sessionId)).flatMap(({ content, entryType }) => {
    const { source, record: kept } = content as { source: JsonObject; record?: JsonObject };
    return source["salvaged"] === true ? [[kept?.["uuid"], entryType.type]] : [];
  });
  expect(found).toEqual(["g1", "g2", "t1", "z1"].map((uuid) => [uuid, "user_message"]));
  expect((await exported(store, report.sessionId)).bytes.toString()).toBe(text);
});
