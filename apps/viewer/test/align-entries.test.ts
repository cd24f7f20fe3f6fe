import type { ViewedEntry } from "@thulp-sessions/core";
import { expect, test } from "vitest";
import { alignEntries } from "../src/pages/compare/align-entries.ts";

let made = 0;
const entry = (content: string, type = "user_message", truncated?: { bytes: number }) =>
  ({
    id: `id-${made++}`,
    seq: made,
    timestamp: made,
    entryType: { type },
    content,
    ...(truncated && { truncated }),
  }) as unknown as ViewedEntry;
const said = (entries: readonly ViewedEntry[]) => entries.map(({ content }) => content).join("");
const shown = (left: readonly ViewedEntry[], right: readonly ViewedEntry[]) =>
  alignEntries(left, right).map((row) =>
    row.type === "equal"
      ? `=${said(row.left)}`
      : row.type === "changed"
        ? `${said([row.left])}>${said([row.right])}`
        : row.type === "left"
          ? `-${said([row.left])}`
          : `+${said([row.right])}`,
  );

test("what is equal by type and content is one line; what stands between it is paired by type", () => {
  const letters = (text: string) => [...text].map((letter) => entry(letter));
  expect(shown(letters("abcde"), letters("abXde"))).toEqual(["=ab", "c>X", "=de"]);
  expect(shown(letters("abc"), letters("abcde"))).toEqual(["=abc", "+d", "+e"]);
  expect(shown(letters("xabc"), letters("abc"))).toEqual(["-x", "=abc"]);
  expect(shown([entry("a"), entry("t", "tool_call")], [entry("a"), entry("b")])).toEqual(["=a", "-t", "+b"]);
  expect(shown([], [])).toEqual([]);
});

test("an entry that was cut is the same only as itself: its rest may differ", () => {
  const cut = entry("begin", "user_message", { bytes: 9999 });
  expect(shown([cut], [cut])).toEqual(["=begin"]);
  expect(shown([cut], [entry("begin", "user_message", { bytes: 9999 })])).toEqual(["begin>begin"]);
});
