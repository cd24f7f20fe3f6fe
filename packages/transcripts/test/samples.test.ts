import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { atif } from "../src/agents/atif.ts";
import { claudeCode } from "../src/agents/claude-code.ts";
import { cline, roo } from "../src/agents/cline.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { cursor } from "../src/agents/cursor.ts";
import { gemini } from "../src/agents/gemini.ts";
import { opencode } from "../src/agents/opencode.ts";
import { pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { openStore, STORES } from "./places.ts";
import { entriesOf, exported, importOne } from "./round-trip.ts";
import { SAMPLES, sampleTranscripts } from "./sample-files.ts";

const READERS = {
  "claude-code": claudeCode,
  codex,
  pi,
  "copilot-cli": copilot,
  "gemini-cli": gemini,
  "qwen-code": qwen,
  atif,
  cline,
  roo,
  cursor,
  opencode,
} as const;

function recordsOf(document: { messages?: unknown[]; steps?: unknown[] } | unknown[]): readonly unknown[] {
  if (Array.isArray(document)) return document;
  return document.messages ?? document.steps ?? [];
}

describe.each(Object.entries(READERS))("samples of %s", (folder, reader) => {
  const root = join(SAMPLES, folder);
  const files = sampleTranscripts(folder, reader);

  test.skipIf(files.length === 0)(`are here: ${root}`, () => {
    expect(files.length).toBeGreaterThan(0);
  });

  describe.each(files)("%s", (name) => {
    test.each(Object.keys(STORES))(
      "comes back from %s byte for byte, and again adds nothing",
      async (kind) => {
        const store = await openStore(kind);
        const path = join(root, name);
        const bytes = readFileSync(path);
        const report = await importOne(store, reader, path);
        expect(report).toMatchObject({ result: "new", bytes: { total: bytes.length } });
        const back = await exported(store, report.sessionId);
        expect(back.bytes.equals(bytes)).toBe(true);
        expect(back.exact).toBe(true);

        // As many entries as lines or messages, but for what is only a view of one.
        const entries = await entriesOf(store, report.sessionId);
        const ofRecords = entries.filter(({ content }) => {
          const { source } = content as { source: { part?: number; salvaged?: true; head?: true } };
          return source.part === undefined && source.salvaged === undefined && source.head === undefined;
        });
        const records = name.endsWith(".json")
          ? recordsOf(JSON.parse(bytes.toString()))
          : bytes.toString().replace(/\n$/, "").split("\n");
        expect(ofRecords).toHaveLength(records.length);

        const before = await store.head(report.sessionId);
        const again = await importOne(store, reader, path);
        expect(again).toMatchObject({ result: "unchanged", entries: { added: 0 } });
        expect(await store.head(report.sessionId)).toEqual(before);
      },
    );
  });
});
