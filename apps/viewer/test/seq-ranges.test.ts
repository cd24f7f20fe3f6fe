import fc from "fast-check";
import { expect, test } from "vitest";
import { nextPlace, placesFrom, rankOf, type SeqRanges } from "../src/content/seq-ranges.ts";

/** The same by looking at each place. */
const places = fc.uniqueArray(fc.nat(60)).map((each) => each.sort((a, b) => a - b));

function rangesOf(seqs: readonly number[]): SeqRanges {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}

test("ranges of places answer as the list of places does", () => {
  fc.assert(
    fc.property(places, fc.integer({ min: -2, max: 62 }), fc.nat(10), (seqs, seq, most) => {
      const ranges = rangesOf(seqs);
      expect(rankOf(ranges, seq)).toBe(seqs.filter((each) => each <= seq).length);
      expect(nextPlace(ranges, seq, 1)).toBe(seqs.find((each) => each > seq) ?? null);
      expect(nextPlace(ranges, seq, -1)).toBe(seqs.findLast((each) => each < seq) ?? null);
      expect(placesFrom(ranges, seq, 1, most)).toEqual(seqs.filter((each) => each >= seq).slice(0, most));
      const down = seqs.filter((each) => each <= seq).reverse();
      expect(placesFrom(ranges, seq, -1, most)).toEqual(down.slice(0, most));
    }),
  );
});
