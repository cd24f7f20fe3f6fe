import { isSessionError } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { AssertionError, conformanceCases } from "../src/index.ts";
import { appendBugs } from "./bugs/append-bugs.ts";
import { argumentBugs } from "./bugs/argument-bugs.ts";
import { boundsBugs } from "./bugs/bounds-bugs.ts";
import { changeBugs } from "./bugs/change-bugs.ts";
import { countBugs } from "./bugs/count-bugs.ts";
import { epochBugs } from "./bugs/epoch-bugs.ts";
import { filterBugs } from "./bugs/filter-bugs.ts";
import { followerBugs } from "./bugs/follower-bugs.ts";
import { headBugs } from "./bugs/head-bugs.ts";
import { hostileBugs } from "./bugs/hostile-bugs.ts";
import { keepBugs } from "./bugs/keep-bugs.ts";
import { labelBugs } from "./bugs/label-bugs.ts";
import { limitBugs } from "./bugs/limit-bugs.ts";
import { liveBugs } from "./bugs/live-bugs.ts";
import { ForeignError, type PlantedBug } from "./bugs/planted-bug.ts";
import { raceBugs } from "./bugs/race-bugs.ts";
import { readBugs } from "./bugs/read-bugs.ts";
import { readOnlyBugs } from "./bugs/read-only-bugs.ts";
import { searchBugs } from "./bugs/search-bugs.ts";
import { valueBugs } from "./bugs/value-bugs.ts";

const BUGS = [
  ...appendBugs,
  ...keepBugs,
  ...limitBugs,
  ...changeBugs,
  ...readBugs,
  ...filterBugs,
  ...countBugs,
  ...searchBugs,
  ...valueBugs,
  ...argumentBugs,
  ...boundsBugs,
  ...headBugs,
  ...epochBugs,
  ...labelBugs,
  ...followerBugs,
  ...hostileBugs,
  ...raceBugs,
  ...liveBugs,
  ...readOnlyBugs,
];

/** What the case says of the store, or `null` when it is green. */
async function verdict(bug: PlantedBug, id: string): Promise<unknown> {
  const found = conformanceCases.find((each) => each.id === id);
  if (!found) throw new Error(`There is no case ${id}.`);
  try {
    await found.run(async () => {
      const { openReadOnly } = bug;
      return {
        open: async () => bug.open(),
        ...(openReadOnly ? { openReadOnly: async () => openReadOnly() } : {}),
        dispose: async () => {},
      };
    });
    return null;
  } catch (error) {
    return error;
  }
}

describe("the suite finds planted bugs (that MemoryStore passes without them, memory.test.ts shows)", () => {
  test("which have names of their own", () => {
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  });

  test("and of which every case finds at least one", () => {
    const named = new Set(BUGS.flatMap(({ red }) => red));
    expect(conformanceCases.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
  });

  test.concurrent.each(BUGS)("$name", async (bug) => {
    for (const id of bug.red) {
      const error = await verdict(bug, id);
      expect(error, `${id} is green`).not.toBeNull();
      // A mistake in the planted bug itself would throw something else.
      const isFinding =
        error instanceof AssertionError || isSessionError(error) || error instanceof ForeignError;
      expect(isFinding, `${id} broke: ${String(error)}`).toBe(true);
    }
  });
});
