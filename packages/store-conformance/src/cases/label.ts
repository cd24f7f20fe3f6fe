import type { SessionStore } from "@thulp-sessions/core";
import { isLabelled, type LabelledStore } from "@thulp-sessions/core/store";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, sessionId } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

/** `null` for a store that keeps no label, which is a store as any other. */
function labelled(store: SessionStore): LabelledStore | null {
  equal("readLabel" in store, "claimLabel" in store, "a store has both or none: claimLabel");
  return isLabelled(store) ? store : null;
}

export const labelCases: readonly ConformanceCase[] = [
  conformanceCase(
    "label-first-stays",
    ["LABEL-1", "LABEL-2"],
    "the first label stays, for every handle",
    async (given, place) => {
      const store = labelled(given);
      if (!store) return;
      equal(await store.readLabel(), null, "the label of a new place");
      const claimed = await Promise.all(["a 1", "b", "c"].map((label) => store.claimLabel(label)));
      const first = claimed[0] ?? "";
      equal(["a 1", "b", "c"].includes(first), true, "the label that has won is one of those claimed");
      deepEqual(claimed, [first, first, first], "what each of three claims got");
      equal(await store.claimLabel("other"), first, "a later claim of another label");
      equal(await store.readLabel(), first, "the label");
      const { persistent, shared } = store.capabilities;
      if (shared) {
        const other = labelled(await place.open());
        equal(await other?.claimLabel("other"), first, "what another handle claims");
        equal(await other?.readLabel(), first, "the label for another handle");
        await other?.close();
      }
      await store.close();
      const again = labelled(await place.open());
      equal(await again?.readLabel(), persistent ? first : null, "the label after a new open");
    },
  ),

  conformanceCase("label-beside-sessions", ["LABEL-3"], "a label is beside the sessions", async (given) => {
    const store = labelled(given);
    if (!store) return;
    await store.create(makeSession(1, { entries: dialogue(0, 2), name: "needle" }));
    await changesNothing(store, "a label", async () => void (await store.claimLabel("needle")));
    equal(await store.count(), 1, "the count");
    equal((await store.search({ text: "needle" })).items.length, 1, "the hits");
    await store.delete(sessionId(1));
    equal(await store.readLabel(), "needle", "the label after the last session was deleted");
    equal((await store.list()).items.length, 0, "the sessions listed");
  }),

  conformanceCase(
    "label-refusals",
    ["LABEL-4"],
    "what is no label is refused, and every label where nothing may be written",
    async (given, place) => {
      const store = labelled(given);
      if (!store) return;
      for (const wrong of ["", "é", "two\nlines", "x".repeat(1001)])
        await rejects(() => store.claimLabel(wrong), "invalid_input", "what is no label");
      await rejects(() => store.claimLabel(7 as never), "invalid_input", "a number");
      equal(await store.readLabel(), null, "the label after refusals");
      const reader = await place.openReadOnly();
      const reading = reader && labelled(reader);
      if (reading)
        await rejects(() => reading.claimLabel("x"), "unsupported", "a place that may only be read");
      equal(await store.claimLabel("x".repeat(1000)), "x".repeat(1000), "the longest label");
      if (reading?.capabilities.shared) equal(await reading.readLabel(), "x".repeat(1000), "what it reads");
      await store.close();
      await rejects(() => store.readLabel(), "closed", "after close");
      await rejects(() => store.claimLabel("y"), "closed", "after close");
    },
  ),
];
