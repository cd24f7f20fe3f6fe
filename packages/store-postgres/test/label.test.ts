import { isLabelled } from "@thulp-sessions/core/store";
import { describe, expect, test } from "vitest";
import { MISSING } from "./place.ts";
import { session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

describe.skipIf(MISSING !== null)(`a label${MISSING === null ? "" : ` (skipped: ${MISSING})`}`, () => {
  test("is kept by a schema of before, whose sessions stay", async () => {
    const place = testPlace();
    const first = await openAt(place.url());
    await first.create(session());
    await first.close();
    await place.ask("ALTER TABLE {schema}.meta DROP COLUMN label");
    await place.ask("ALTER TABLE {schema}.heads DROP COLUMN words_pending");
    await place.ask("UPDATE {schema}.meta SET version = 1, min_reader = 1, min_writer = 1");
    const store = await openAt(place.url());
    if (!isLabelled(store)) throw new Error("It keeps no label.");
    expect([await store.count(), await store.readLabel()]).toEqual([1, null]);
    const other = await openAt(place.url());
    if (!isLabelled(other)) throw new Error("It keeps no label.");
    const claimed = await Promise.all([store.claimLabel("a"), other.claimLabel("b")]);
    expect(new Set(claimed).size).toBe(1);
    expect(await other.readLabel()).toBe(claimed[0]);
  });
});
