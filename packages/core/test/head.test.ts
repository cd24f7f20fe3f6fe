import { countEntries, headOf } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";
import { makeEntry, makeMetadata } from "./make.ts";

test("a head has the counters that callers see, and inexact only where it is true", () => {
  const counts = countEntries([
    makeEntry(1),
    makeEntry(2, "hi", { type: "assistant_message" }),
    makeEntry(3),
  ]);
  const expected = {
    metadata: makeMetadata(),
    context: { a: 1 },
    entryCount: 3,
    turnCount: 1,
    userMessageCount: 2,
    assistantMessageCount: 1,
    version: "v1",
    epoch: "e1",
  };
  const names = { version: "v1", epoch: "e1" };
  expect(headOf(makeMetadata(), { a: 1 }, counts, names)).toStrictEqual(expected);
  expect(headOf(makeMetadata(), { a: 1 }, counts, names, true)).toStrictEqual({ ...expected, inexact: true });
});
