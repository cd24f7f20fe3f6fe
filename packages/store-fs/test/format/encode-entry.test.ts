import { crc32 } from "node:zlib";
import {
  assistantMessage,
  type EntryDraft,
  newUuid,
  type SessionEntry,
  toolCall,
} from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { appendedFieldsText } from "../../src/file-text/layout.ts";
import { encodeAppend, encodeEntries } from "../../src/format/encode-entry.ts";

const DRAFTS: readonly EntryDraft[] = [
  assistantMessage('"quoted" \\ and\n\t\u0001 é 日本 \ud83d\ude00'),
  toolCall('a "tool"\n', false, { __proto__: null, deep: [[], {}, [{ a: [1, -0.5, 1e-7, null, true] }]] }),
  { entryType: { type: "user_message" }, content: null },
  { entryType: { type: "system_message" }, content: "" },
  { entryType: { type: "skill_execution", skillName: "é", success: true }, content: [] },
  { entryType: { type: "evaluation_result", score: 0.1, metrics: {} }, content: {} },
  { entryType: { type: "evaluation_result", score: 1, metrics: { a: 1, "b c": 1e21 } }, content: 0 },
  { entryType: { type: "system_event", event: "" }, content: { "\n  ]\n}": "\n    }" } },
];
const ENTRIES = DRAFTS.map((draft, i) => ({ id: newUuid(), timestamp: i * 1e12, ...draft }) as SessionEntry);

/** As the original has it. */
function fields({ id, timestamp, entryType, content }: SessionEntry) {
  const { toolName, skillName, ...rest } = entryType as Record<string, unknown>;
  const { type, ...values } = rest;
  const name = {
    ...(toolName !== undefined && { tool_name: toolName }),
    ...(skillName !== undefined && { skill_name: skillName }),
  };
  return { id, timestamp, entry_type: { type, ...name, ...values }, content };
}

/** How the entries stand in a whole session that JSON.stringify writes. */
function inSession(entries: readonly object[]): string {
  const text = JSON.stringify({ metadata: {}, entries }, null, 2);
  return text.slice(text.indexOf("[") + 1);
}

test("entries are written as JSON.stringify writes them in a session", () => {
  const written = (entries: readonly SessionEntry[]) => `${encodeEntries(entries, true).bytes}\n  ]\n}`;
  expect(written([])).toBe("\n  ]\n}");
  for (const entry of ENTRIES) expect(written([entry])).toBe(inSession([fields(entry)]));
  expect(written(ENTRIES)).toBe(inSession(ENTRIES.map(fields)));
});

test("so are those that are appended, with the marks of their batches, and each stands where it is said to", () => {
  const [a, b, c, d, e, f] = ENTRIES as [SessionEntry, ...SessionEntry[]] as SessionEntry[];
  const long = { ...a, content: "日本".repeat(20_000) } as SessionEntry;
  const cases: readonly (readonly (readonly (SessionEntry | undefined)[])[])[] = [
    [[a]],
    [[b, c, d]],
    [[a, b], [], [c], [d, e, f], []],
    [[], [a]],
    [[long]],
    [[long, b], [c]],
  ];
  for (const batches of cases as readonly (readonly (readonly SessionEntry[])[])[]) {
    const whole = batches.filter((batch) => batch.length > 0);
    const timed = batches.map((entries, i) => ({ entries, updatedAt: 100 + i }));
    const marks = (batch: readonly SessionEntry[], j: number, i: number) =>
      j < batch.length - 1
        ? { more: true }
        : { batch: String(100 + batches.indexOf(batch)), ...(i < whole.length - 1 ? { grouped: true } : {}) };
    const marked = whole.flatMap((batch, i) =>
      batch.map((entry, j) => ({ ...fields(entry), ...marks(batch, j, i) })),
    );
    /** The mark of a batch without its length and checksum, which are looked at below. */
    const shortened = (text: string) => text.replaceAll(/("batch": "\d+) \d+ [0-9a-f]+"/g, '$1"');
    for (const first of [true, false]) {
      const { bytes, ranges } = encodeAppend(timed, first);
      expect(shortened(bytes.toString())).toBe((first ? "" : ",") + inSession(marked));
      const read = ranges.map(({ start, end }) => JSON.parse(shortened(bytes.toString("utf8", start, end))));
      const text = bytes.toString("latin1");
      for (const found of text.matchAll(/,\n {6}"batch": "\d+ (\d+) ([0-9a-f]+)"/g)) {
        expect(Number(found[1])).toBe(found.index);
        expect(found[2]).toBe(crc32(bytes.subarray(0, found.index)).toString(16));
      }
      expect(read).toEqual(marked.map((entry) => JSON.parse(JSON.stringify(entry))));
    }
  }
});

test("the fields that an append overwrites always stand at the same places", () => {
  const times = [0, 1, 9, 10, 99, 100, 1_700_000_000_000, 2 ** 53 - 1, 2 ** 53 - 2, 999_999_999_999_999];
  for (const time of times) {
    const text = appendedFieldsText(time, 12);
    expect(text.slice(0, 16)).toBe(String(time).padStart(16));
    expect(text).toHaveLength(appendedFieldsText(0, 0).length);
  }
});
