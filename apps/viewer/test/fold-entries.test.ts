import type { ViewedEntry } from "@thulp-sessions/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldEntries, foldedCalls, isFailure, type Row, rowOfSeq } from "../src/content/fold-entries.ts";

const CLOSED = { openCalls: new Set<string>(), allOpen: false };

function entry(seq: number, entryType: ViewedEntry["entryType"]): ViewedEntry {
  return { id: `id-${seq}` as ViewedEntry["id"], seq, timestamp: 0, entryType, content: null };
}
const call = (seq: number, toolName: string, success = true) =>
  entry(seq, { type: "tool_call", toolName, success });
const user = (seq: number) => entry(seq, { type: "user_message" });
const shown = (rows: readonly Row[]) =>
  rows.map((row) =>
    row.type === "entry"
      ? `${row.isGone ? "gone " : ""}${row.entry.seq}`
      : row.type === "calls"
        ? `${row.first.seq}-${row.last.seq} ${row.names} ${row.failed}${row.isOpen ? " open" : ""}`
        : `back ${row.to} (${row.gone})`,
  );

describe("calls that follow each other", () => {
  test("are one line, with those that failed below it", () => {
    const entries = [
      user(0),
      call(1, "Read"),
      call(2, "Bash", false),
      call(3, "Read"),
      user(4),
      call(5, "Edit"),
    ];
    expect(shown(foldEntries(entries, [], CLOSED))).toEqual(["0", "1-3 Read ×2, Bash 1", "2", "4", "5"]);
    const open = foldEntries(entries, [], { openCalls: new Set(["id-3"]), allOpen: false });
    expect(shown(open)).toEqual(["0", "1-3 Read ×2, Bash 1 open", "1", "2", "3", "4", "5"]);
    expect(shown(foldEntries(entries, [], { ...CLOSED, allOpen: true }))).toEqual(shown(open));
  });

  test("hide no failure and no message, whatever is opened, and every key is unique", () => {
    const kinds = fc.array(fc.constantFrom("user", "good", "bad"), { maxLength: 40 });
    fc.assert(
      fc.property(kinds, fc.array(fc.nat(40)), fc.boolean(), (given, opened, allOpen) => {
        const entries = given.map((kind, i) => (kind === "user" ? user(i) : call(i, "T", kind === "good")));
        const openCalls = new Set(opened.map((i) => `id-${i}`));
        const rows = foldEntries(entries, [], { openCalls, allOpen });
        expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
        const seqs = rows.flatMap((row) => (row.type === "entry" ? [row.entry.seq] : []));
        for (const { seq, entryType } of entries) {
          if (entryType.type === "user_message" || isFailure(entryType)) expect(seqs).toContain(seq);
          expect(rowOfSeq(rows, seq)).toBeGreaterThanOrEqual(0);
        }
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      }),
    );
  });

  test("are found by the place of one: its own row where it has one, else the line", () => {
    const rows = foldEntries([call(1, "a"), call(2, "b", false), call(3, "c")], [], CLOSED);
    expect([1, 2, 3, 4].map((seq) => rowOfSeq(rows, seq))).toEqual([0, 1, 0, -1]);
    expect(foldedCalls(rows, { first: 2, last: 2 })).toEqual([]);
    expect(foldedCalls(rows, { first: 2, last: 9 })).toEqual(["id-1"]);
    expect(foldedCalls(rows, { first: 4, last: 9 })).toEqual([]);
  });
});

test("what was taken back stands where it was, before what followed", () => {
  const gone = [{ to: 2, entries: [user(2), user(3)] }];
  const rows = foldEntries([user(0), user(1), call(2, "new")], gone, CLOSED);
  expect(shown(rows)).toEqual(["0", "1", "back 2 (2)", "gone 2", "gone 3", "2"]);
  expect(shown(foldEntries([], [{ to: 0, entries: [user(0)] }], CLOSED))).toEqual(["back 0 (1)", "gone 0"]);
});

test("notes that follow each other are one line, apart from calls", () => {
  const note = (seq: number) => ({
    ...user(seq),
    entryType: { type: "system_event" as const, event: "smith:noted" },
  });
  const entries = [user(0), note(1), note(2), call(3, "Read"), call(4, "Read"), note(5), user(6)];
  const isAside = ({ entryType }: { readonly entryType: { readonly type: string } }) =>
    entryType.type === "system_event";
  const rows = foldEntries(entries, [], { ...CLOSED, isAside });
  expect(shown(rows)).toEqual(["0", "1-2 smith:noted ×2 0", "3-4 Read ×2 0", "5", "6"]);
  expect(rows.flatMap((row) => (row.type === "calls" ? [row.noun] : []))).toEqual(["note", "call"]);
  const open = foldEntries(entries, [], { openCalls: new Set(["id-2"]), allOpen: false, isAside });
  expect(shown(open)).toEqual(["0", "1-2 smith:noted ×2 0 open", "1", "2", "3-4 Read ×2 0", "5", "6"]);
  expect(shown(foldEntries(entries, [], CLOSED))).toEqual(["0", "1", "2", "3-4 Read ×2 0", "5", "6"]);
});
