import { ENTRY_TYPE_NAMES, type EntryType, turnCount } from "@thulp-sessions/core";
import { countEntries } from "@thulp-sessions/core/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_ENTRIES } from "../src/model/counts.ts";
import { makeEntry } from "./make.ts";

const someEntries = fc.array(
  fc
    .constantFrom(...ENTRY_TYPE_NAMES, "user_message", "assistant_message")
    .map((type) => ({ entryType: { type } as EntryType })),
);

test("counting in two steps is counting in one", () => {
  fc.assert(
    fc.property(someEntries, someEntries, (first, second) => {
      expect(countEntries(second, countEntries(first))).toEqual(countEntries([...first, ...second]));
    }),
  );
});

test("turns are as a naive reader counts them", () => {
  fc.assert(
    fc.property(someEntries, (entries) => {
      const talk = entries
        .map(
          ({ entryType }) => ({ user_message: "u", assistant_message: "a" })[entryType.type as string] ?? "",
        )
        .join("");
      expect(countEntries(entries)).toEqual({
        entryCount: entries.length,
        turnCount: talk.match(/u+a/g)?.length ?? 0,
        userMessageCount: talk.replaceAll("a", "").length,
        assistantMessageCount: talk.replaceAll("u", "").length,
        awaitingAssistant: talk.endsWith("u"),
      });
    }),
  );
});

test("of nothing there is nothing", () => {
  expect(countEntries([])).toEqual(NO_ENTRIES);
  expect(turnCount({ entries: [] })).toBe(0);
});

test("the turns of a head are those that were counted", () => {
  const entries = [makeEntry(1), makeEntry(2, null, { type: "assistant_message" })];
  expect(turnCount({ entries })).toBe(1);
  expect(turnCount({ turnCount: 7 })).toBe(7);
});
