import { expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { codex } from "../src/agents/codex.ts";
import { pi } from "../src/agents/pi.ts";
import { derivedEntryId, derivedSessionId, nativeSessionId, sha256 } from "../src/model/derived-ids.ts";
import { CLAUDE, CODEX, PI } from "./fixtures.ts";
import { openStore } from "./places.ts";
import { entriesOf, fileWith, importOne, lines } from "./round-trip.ts";

// What was imported once has these ids for ever: a change here would import everything a second time.
test("the derived ids stay what they are", () => {
  expect(derivedSessionId("codex", "abc-123")).toBe("97583fb1-f9e6-540e-aced-d3f80b35e67e");
  expect(derivedEntryId("codex", "abc-123", "", "00", "0", "{}")).toBe(
    "faa517c3-b33d-5d62-8c76-18576477d25b",
  );
});

test("texts do not pass into each other, and all ids are UUIDs of version 5", () => {
  expect(derivedSessionId("a", "bc")).not.toBe(derivedSessionId("ab", "c"));
  for (let i = 0; i < 200; i++)
    expect(derivedSessionId("pi", String(i))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
});

test("a UUID of an agent is taken in its canonical form", () => {
  expect(nativeSessionId("3B0F6C1E-52A1-4D0E-9A77-0C1D2E3F4A5B")).toBe(
    "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b",
  );
  expect(nativeSessionId("agent-3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b")).toBeNull();
});

test.each([
  ["claude-code", claudeCode, CLAUDE, "c052855da6b51abb"],
  ["codex", codex, CODEX, "b0d039076deceb3c"],
  ["pi", pi, PI, "155eff0a96e123ca"],
])("the entries of %s have the ids that they always had", async (_, reader, records, wanted) => {
  const store = await openStore();
  const broken = `{"a":1}{"a":2}\n\n\u0000\n${"z".repeat(40)}\n`;
  const report = await importOne(store, reader, fileWith(lines(...records) + broken, "some.jsonl"));
  const ids = (await entriesOf(store, report.sessionId)).map(({ id }) => id);
  expect(sha256(Buffer.from(ids.join("\n"))).slice(0, 16)).toBe(wanted);
});
