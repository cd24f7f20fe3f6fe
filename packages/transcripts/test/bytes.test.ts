import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { gemini } from "../src/agents/gemini.ts";
import { pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { CLAUDE, CODEX, GEMINI, PI, QWEN } from "./fixtures.ts";
import { openStore } from "./places.ts";
import { entriesOf, exported, fileWith, importOne, lines } from "./round-trip.ts";

const READERS = [claudeCode, codex, pi, gemini, qwen];

/** What files are made of, and what breaks them. */
const part = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      "\n",
      "\r\n",
      "\n\n",
      "\ufeff",
      "\u2028",
      "\u0000\u0000",
      " ",
      '{"type":"user","uuid":"1","message":{"content":"a"}}',
      '{"type":"user","uuid":"1","message":{"content":"\\ud83d"}}',
      '{"type": "user", "uuid": "1"}',
      '{"b":1.0,"a":1e400,"2":0,"1":-0}',
      '{"__proto__":{"x":1},"__proto__":2}',
      '{"n":12345678901234567890}',
      "[1]",
      "null",
      '{"type":"user"',
      '{"timestamp":"2026-01-01T00:00:00Z","type":"response_item","payload":{"type":"message"}}',
      `{"deep":${"[".repeat(150)}${"]".repeat(150)}}`,
    )
    .map((text) => Buffer.from(text)),
);
const content = fc.array(part, { minLength: 1, maxLength: 14 }).map((parts) => Buffer.concat(parts));

describe("any bytes", () => {
  test.each(READERS)("as a file of $agent come back, and again add nothing", async (reader) => {
    const store = await openStore();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        if (bytes.length === 0) return;
        const path = fileWith(bytes, `${++number}-${reader.agent}.jsonl`);
        const { sessionId } = await importOne(store, reader, path);
        const back = await exported(store, sessionId);
        expect(back.bytes.equals(bytes)).toBe(true);
        expect(back.exact).toBe(true);
        const again = await importOne(store, reader, path);
        expect(again).toMatchObject({ result: "unchanged", entries: { added: 0 } });
      }),
      { numRuns: 300 },
    );
  });

  test("that replace others in a file come back, and what was there stays", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 2, maxLength: 4 }), async (versions) => {
        const store = await openStore();
        const path = fileWith("", "a.jsonl");
        const seen = new Set<string>();
        for (const bytes of versions) {
          if (bytes.length === 0) continue;
          fileWith(bytes, "a.jsonl", path.replace(/a\.jsonl$/, ""));
          const { sessionId } = await importOne(store, claudeCode, path);
          const back = await exported(store, sessionId);
          expect(back.bytes.equals(bytes)).toBe(true);
          expect(back.exact).toBe(true);
          const ids = (await entriesOf(store, sessionId)).map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
          for (const id of seen) expect(ids).toContain(id);
          for (const id of ids) seen.add(id);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("a file that is still being written", () => {
  const SOURCES = [
    { reader: claudeCode, text: lines(...CLAUDE.slice(8, 10)) },
    { reader: codex, text: lines(...CODEX.slice(3, 6)) },
    { reader: pi, text: lines(...PI.slice(0, 4)) },
    { reader: gemini, text: lines(...GEMINI.slice(6)) },
    { reader: qwen, text: lines(...QWEN.slice(6)) },
    { reader: pi, text: `\ufeff${lines(...PI.slice(0, 3)).replaceAll("\n", "\r\n")}` },
  ];

  test.each(SOURCES)("of $reader.agent, cut at any byte, gives the entries of the whole", async (source) => {
    const whole = Buffer.from(source.text);
    const name = "f47ac10b-58cc-4372-a567-0e02b2c3d479.jsonl";
    const atOnce = await openStore();
    const { sessionId } = await importOne(atOnce, source.reader, fileWith(whole, name));
    const wanted = (await entriesOf(atOnce, sessionId)).map(({ id }) => id);
    const folder = fileWith("", name).replace(name, "");
    for (let cut = 1; cut < whole.length; cut++) {
      const store = await openStore();
      const path = fileWith(whole.subarray(0, cut), name, folder);
      const first = await importOne(store, source.reader, path);
      expect((await exported(store, first.sessionId)).bytes.equals(whole.subarray(0, cut))).toBe(true);
      fileWith(whole, name, folder);
      const second = await importOne(store, source.reader, path);
      const entries = await entriesOf(store, second.sessionId);
      if (second.sessionId === sessionId) expect(entries.map(({ id }) => id)).toEqual(wanted);
      expect((await exported(store, second.sessionId)).bytes.equals(whole)).toBe(true);
    }
  });
});
