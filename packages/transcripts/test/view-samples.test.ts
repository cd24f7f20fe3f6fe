import { join } from "node:path";
import { defaultParts, tokenSum } from "@thulp-sessions/core/view";
import { describe, expect, test } from "vitest";
import { atif } from "../src/agents/atif.ts";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { cursor } from "../src/agents/cursor.ts";
import { gemini } from "../src/agents/gemini.ts";
import { pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import { openStore } from "./places.ts";
import { readSession } from "./read-view.ts";
import { importOne } from "./round-trip.ts";
import { SAMPLES, sampleTranscripts } from "./sample-files.ts";

const READERS = {
  "claude-code": claudeCode,
  codex,
  pi,
  "copilot-cli": copilot,
  "gemini-cli": gemini,
  "qwen-code": qwen,
  cursor,
  atif,
} as const;

describe.each(Object.entries(READERS))("samples of %s", (folder, reader) => {
  const root = join(SAMPLES, folder);
  const files = sampleTranscripts(folder, reader);

  test.skipIf(files.length === 0)(`are here: ${root}`, () => expect(files.length).toBeGreaterThan(0));

  test.each(files)("%s: every message is shown by the agent's view, and none as JSON", async (name) => {
    const store = await openStore();
    const { sessionId } = await importOne(store, reader, join(root, name));
    const session = await store.get(sessionId);
    const { view, summary } = await readSession(session);
    for (const entry of session.entries) {
      const { type } = entry.entryType;
      if (!type.endsWith("_message") || view.isAside(entry)) continue;
      const parts = view.parts(entry) ?? defaultParts(entry.content, entry.entryType);
      const whole = parts.filter((part) => part.type === "json" && part.value === entry.content);
      expect(whole, `entry ${entry.seq}`).toEqual([]);
    }
    expect(tokenSum(summary.tokens)).toBeGreaterThanOrEqual(0);
  });
});
