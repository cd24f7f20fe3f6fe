import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { pi } from "../src/agents/pi.ts";
import { openStore, STORES } from "./places.ts";
import { entriesOf, exported, importOne } from "./round-trip.ts";

// Other people's histories; they are read where they lie and are no part of this repository.
const SAMPLES = "/work/shared/transcripts";

const READERS = { "claude-code": claudeCode, codex, pi, "copilot-cli": copilot } as const;

describe.each(Object.entries(READERS))("samples of %s", (folder, reader) => {
  const root = join(SAMPLES, folder);
  const files = existsSync(root)
    ? readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".jsonl"))
    : [];

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

        // As many entries as lines, but for what is only a view of one.
        const entries = await entriesOf(store, report.sessionId);
        const ofLines = entries.filter(({ content }) => {
          const { source } = content as { source: { part?: number; salvaged?: true } };
          return source.part === undefined && source.salvaged === undefined;
        });
        expect(ofLines).toHaveLength(bytes.toString().replace(/\n$/, "").split("\n").length);

        const before = await store.head(report.sessionId);
        const again = await importOne(store, reader, path);
        expect(again).toMatchObject({ result: "unchanged", entries: { added: 0 } });
        expect(await store.head(report.sessionId)).toEqual(before);
      },
    );
  });
});
