import { describe, expect, test } from "vitest";
import { MISSING } from "./place.ts";
import { entry, session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

describe.skipIf(MISSING !== null)("a ranked search for a word that is everywhere", () => {
  test("ranks the newest 2,000 hits, and reads no more", { timeout: 60_000 }, async () => {
    const place = testPlace();
    const store = await openAt(place.url(), { durability: "relaxed" });
    const many = (count: number, content: (i: number) => string) =>
      Array.from({ length: count }, (_, i) => entry({ content: content(i) }));
    const old = session(
      { updatedAt: 1 },
      many(200, () => "word word word"),
    );
    const recent = session(
      { updatedAt: 2 },
      many(2_100, (i) => (i === 1_500 ? "word word" : "word")),
    );
    for (const each of [old, recent]) await store.create(each);
    const { items } = await store.search({ text: "word", order: "rank", limit: 5 });
    expect(items.map(({ sessionId, seq }) => [sessionId, seq])).toEqual([
      [recent.metadata.id, 1_500],
      ...[0, 1, 2, 3].map((seq) => [recent.metadata.id, seq]),
    ]);
    // Of fewer hits all are ranked, however many entries have the words in another order.
    const phrase = '"word word word"';
    const found = await store.search({ text: phrase, order: "rank", limit: 200 });
    expect(found.items).toHaveLength(200);
  });
});
