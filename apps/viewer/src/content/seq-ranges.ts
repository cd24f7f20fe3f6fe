/** Places as ranges [first, last] of `seq`s, in order. */
export type SeqRanges = readonly (readonly [number, number])[];

/** How many places lie at or before a `seq`. */
export function rankOf(ranges: SeqRanges, seq: number): number {
  let rank = 0;
  for (const [first, last] of ranges) {
    if (first > seq) break;
    rank += Math.min(last, seq) - first + 1;
  }
  return rank;
}

/** The next place after a `seq`, or the one before it; `null` where there is none. */
export function nextPlace(ranges: SeqRanges, seq: number, step: 1 | -1): number | null {
  if (step === 1) {
    const range = ranges.find(([, last]) => last > seq);
    return range ? Math.max(range[0], seq + 1) : null;
  }
  const range = ranges.findLast(([first]) => first < seq);
  return range ? Math.min(range[1], seq - 1) : null;
}

/** At most so many places from a `seq` on, that one included, upwards or downwards. */
export function placesFrom(ranges: SeqRanges, seq: number, step: 1 | -1, most: number): number[] {
  const places: number[] = [];
  let next = nextPlace(ranges, seq - step, step);
  while (next !== null && places.length < most) {
    places.push(next);
    next = nextPlace(ranges, next, step);
  }
  return places;
}
