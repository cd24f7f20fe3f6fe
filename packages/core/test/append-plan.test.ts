import type { StoredEntry } from "@thulp-sessions/core";
import { type AppendTarget, countEntries, planAppend } from "@thulp-sessions/core/store";
import { describe, expect, test } from "vitest";
import { NO_ENTRIES } from "../src/model/counts.ts";
import { errorOf, makeEntry, uuid } from "./make.ts";

const target = (stored: readonly StoredEntry[]): AppendTarget => ({
  metadata: { createdAt: 0, updatedAt: 500, status: "paused" },
  counts: { ...NO_ENTRIES, entryCount: stored.length },
  version: "v",
  epoch: "e",
  findEntries: (id) => stored.filter((entry) => entry.id === id),
  tail: {
    entries: (from, limit) => stored.slice(from, from + limit),
    countsBefore: (seq) => countEntries(stored.slice(0, seq)),
  },
});

describe("a plan for an append", () => {
  test("numbers what is new, and leaves the status and a later time as they are", () => {
    const plan = planAppend(uuid(1), target([{ ...makeEntry(1), seq: 0 }]), [makeEntry(1), makeEntry(2)], {
      at: 100,
    });
    expect(plan).toMatchObject({ status: "paused", updatedAt: 500, limit: null, counts: { entryCount: 2 } });
    expect(plan.fresh).toEqual([{ ...makeEntry(2), seq: 1 }]);
    expect(plan.results.map(({ seq, added }) => [seq, added])).toEqual([
      [0, false],
      [1, true],
    ]);
  });

  test("looks at repeats before the version and the limits", async () => {
    const stored = target([{ ...makeEntry(1), seq: 0, timestamp: 7 }]);
    const options = { at: 9000, expectedVersion: "old", limits: { maxEntries: 0, action: "error" as const } };
    const plan = planAppend(uuid(1), stored, [makeEntry(1)], options);
    expect(plan).toMatchObject({
      fresh: [],
      updatedAt: 500,
      limit: null,
      results: [{ timestamp: 7, added: false }],
    });
    const conflict = await errorOf(() => planAppend(uuid(1), stored, [makeEntry(1, "other")], options));
    expect(conflict.details.entryId).toBe(makeEntry(1).id);
    const stale = await errorOf(() => planAppend(uuid(1), stored, [makeEntry(2)], options));
    expect(stale).toMatchObject({ code: "conflict", details: { currentVersion: "v" } });
    const current = { ...options, expectedVersion: "v" };
    expect((await errorOf(() => planAppend(uuid(1), stored, [makeEntry(2)], current))).code).toBe(
      "limit_exceeded",
    );
  });

  test("takes a number that was rounded on reading for no repeat: it may have been its neighbour", async () => {
    const stored = target([{ ...makeEntry(1, 2 ** 53), seq: 0, inexact: true }]);
    const error = await errorOf(() => planAppend(uuid(1), stored, [makeEntry(1, 2 ** 53)], { at: 1 }));
    expect(error.code).toBe("conflict");
  });

  test("distinguishes another type with the same content", async () => {
    const stored = target([{ ...makeEntry(1), seq: 0 }]);
    const other = { ...makeEntry(1), entryType: { type: "system_message" as const } };
    expect((await errorOf(() => planAppend(uuid(1), stored, [other], { at: 1 }))).code).toBe("conflict");
  });
});
