import fc from "fast-check";
import { expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { cursor } from "../src/agents/cursor.ts";
import { gemini } from "../src/agents/gemini.ts";
import { goose } from "../src/agents/goose.ts";
import { messages } from "../src/agents/messages.ts";
import { opencode } from "../src/agents/opencode.ts";
import { openclaw, pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { CLAUDE, CODEX, COPILOT, GEMINI, GOOSE, OPENCODE, PI, QWEN } from "./fixtures.ts";
import { FORMATS } from "./fixtures-neutral.ts";
import { openStore } from "./places.ts";
import { exported, fileWith, importOne, lines } from "./round-trip.ts";

// Records that have the keys and types that a reader looks for, with values of any shape in any of them.
const SOURCES = [
  { reader: claudeCode, records: CLAUDE },
  { reader: codex, records: CODEX },
  { reader: pi, records: PI },
  { reader: openclaw, records: PI },
  { reader: copilot, records: COPILOT },
  { reader: gemini, records: GEMINI, numRuns: 50 },
  { reader: qwen, records: QWEN, numRuns: 50 },
  { reader: cursor, records: CLAUDE, numRuns: 50 },
  { reader: goose, records: GOOSE, numRuns: 50 },
  { reader: opencode, records: OPENCODE, numRuns: 50 },
  { reader: messages, records: Object.values(FORMATS).flatMap(({ records }) => records), numRuns: 50 },
];

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    null,
    "",
    "2026-01-01",
    -1,
    1e300,
    "__proto__",
    "x".repeat(300),
    [null],
    [[]],
    [{}],
  ),
);

/** The record with another value at some of its places. */
function bent(record: unknown): fc.Arbitrary<unknown> {
  if (typeof record !== "object" || record === null) return often(record);
  if (Array.isArray(record))
    return fc.oneof({ weight: 9, arbitrary: fc.tuple(...record.map(bent)) }, anything);
  const parts = Object.fromEntries(Object.entries(record).map(([key, value]) => [key, bent(value)]));
  return fc.oneof({ weight: 9, arbitrary: fc.record(parts, { requiredKeys: [] }) }, anything);
}

function often(value: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, anything);
}

test.each(SOURCES)(
  "records of $reader.agent of any shape are taken, and come back",
  async ({ reader, records, numRuns = 150 }) => {
    const some = fc.array(fc.oneof(...records.map(bent)), { minLength: 1, maxLength: 12 });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(some, async (bentRecords) => {
        const store = await openStore();
        const text = lines(...(bentRecords as object[]));
        const name = `s${++number}.jsonl`;
        const path = fileWith(text, name);
        const { sessionId, entries } = await importOne(store, reader, path);
        expect((await exported(store, sessionId)).bytes.toString()).toBe(text);
        expect(entries.added).toBeGreaterThanOrEqual(bentRecords.length);
        // Read again, all of its entries are the same again.
        const first = await store.get(sessionId);
        await store.truncate(sessionId, 1, { at: 1 });
        await importOne(store, reader, path);
        expect((await store.get(sessionId)).entries).toEqual(first.entries);
      }),
      { numRuns },
    );
  },
);
