import { randomInt } from "node:crypto";
import { newUuid, type SessionId } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { EntryIndex } from "../src/entry-index.ts";
import { SessionFiles } from "../src/session-files.ts";
import type { SessionState } from "../src/session-state.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("entries are found by their id, those that share one in their order, as in a map", () => {
  const index = new EntryIndex();
  const model = new Map<string, number[]>();
  // Ids that differ in few places, and some more than once.
  const ids = Array.from({ length: 3_000 }, (_, i) =>
    i % 3 === 0 ? newUuid() : `00000000-0000-4000-8000-${String(randomInt(2_000)).padStart(12, "0")}`,
  );
  ids.forEach((id, seq) => {
    index.add(id as never, seq * 10, seq * 10 + 7, seq % 5 === 0);
    model.set(id, [...(model.get(id) ?? []), seq]);
  });
  for (const [id, seqs] of model) expect(index.find(id as never)).toEqual(seqs);
  expect(index.find(newUuid() as never)).toEqual([]);
  expect([index.startOf(2_999), index.endOf(2_999), index.isInexact(2_995), index.isInexact(2_996)]).toEqual([
    29_990,
    29_997,
    true,
    false,
  ]);
});

test("an entry takes few bytes, and all sessions together no more than the bound", () => {
  const index = new EntryIndex();
  for (let seq = 0; seq < 200_000; seq++) index.add(newUuid() as never, seq, seq, false);
  expect(index.byteLength / index.count).toBeLessThan(80);
  const files = new SessionFiles(temporaryFolder());
  const state = { index, entriesStart: 500 } as unknown as SessionState;
  for (let i = 0; i < 20; i++) {
    files.remember(newUuid() as SessionId, state);
    expect(files.rememberedBytes).toBeLessThanOrEqual(64 * 1024 * 1024);
  }
  expect(files.rememberedBytes).toBeGreaterThan(index.byteLength * 2);
});
