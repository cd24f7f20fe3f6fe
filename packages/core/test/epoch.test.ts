import { epochAfterDrop, firstEpoch } from "@thulp-sessions/core/store";
import { expect, test } from "vitest";
import { keptSince } from "../src/rules/epoch.ts";

test("says how many of the first entries have stayed since an epoch", () => {
  const created = firstEpoch(7);
  const cut = epochAfterDrop(created, 5, 9);
  expect(keptSince(created, cut)).toBe(5);
  // As far back as the one before: who has not seen that one either knows enough.
  const again = epochAfterDrop(cut, 5, 12);
  const deeper = epochAfterDrop(again, 2, 13);
  expect([created, cut, again].map((epoch) => keptSince(epoch, deeper))).toEqual([2, 2, 2]);
  // Less far back: only for who has seen that one.
  const shallower = epochAfterDrop(deeper, 8, 20);
  expect([created, cut, again, deeper].map((epoch) => keptSince(epoch, shallower))).toEqual([0, 0, 0, 8]);
});

test("of a new creation, of the future and of other texts nothing is known", () => {
  const created = firstEpoch(7);
  expect(keptSince(created, firstEpoch(8))).toBe(0);
  expect(keptSince(epochAfterDrop(created, 5, 9), created)).toBe(0);
  for (const text of ["", "x", "1.2", "1.2.3.4", "-1", "7 "]) {
    expect(keptSince(text, epochAfterDrop(created, 5, 9))).toBe(0);
    expect(keptSince(created, text)).toBe(0);
  }
  expect(epochAfterDrop("of another kind", 5, 9)).toBe(firstEpoch(9));
});

test("a number that a clock has set back is raised", () => {
  const created = firstEpoch(100);
  const cut = epochAfterDrop(created, 5, 90);
  expect(cut).not.toBe(created);
  expect(keptSince(created, cut)).toBe(5);
});

test("walks of drops and appends: what is said to have stayed has", () => {
  let seed = 5;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  for (let walk = 0; walk < 300; walk++) {
    let epoch = firstEpoch(1);
    let entries = Array.from({ length: below(12) }, (_, i) => `${i}`);
    const seen = [{ epoch, entries }];
    for (let number = 2; number < 30; number++) {
      const kept = below(entries.length + 1);
      const added = Array.from({ length: below(5) }, (_, i) => `${number}.${i}`);
      if (kept < entries.length) epoch = epochAfterDrop(epoch, kept, number);
      entries = [...entries.slice(0, kept), ...added];
      for (const before of seen) {
        const kept = before.epoch === epoch ? Number.POSITIVE_INFINITY : keptSince(before.epoch, epoch);
        const same = before.entries.slice(0, kept);
        expect(entries.slice(0, same.length)).toEqual(same);
      }
      seen.push({ epoch, entries });
    }
  }
});
