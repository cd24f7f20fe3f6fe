// The epoch of a session says which entries are still those that were: it stays the same while entries are
// only added, and changes with every step that removes or replaces any. To everybody but a store it is an
// opaque text, to be compared. Those that are made here also say how many of the first entries have stayed,
// so that who follows a long session need not read all of it again when its last entry was replaced.

/** `number` alone, or with how many entries have stayed since the epoch with the number `since`. */
const EPOCH = /^(\d{1,16})(?:\.(\d{1,16})\.(\d{1,16}))?$/;

interface EpochParts {
  /** Of the step that has begun it. It grows from epoch to epoch of a session, deleted ones included. */
  readonly number: number;
  /** So many of the first entries are what they were in each epoch from `since` on. */
  readonly kept: number;
  readonly since: number;
}

/**
 * The epoch of a session that was created or replaced: nothing is what it was.
 *
 * @param number greater than that of any epoch of this session before, one that was deleted included.
 */
export function firstEpoch(number: number): string {
  return formatEpoch({ number, kept: 0, since: number });
}

/**
 * The epoch after a step that has dropped the entries from `kept` on.
 *
 * @param number as in {@link firstEpoch}. Where clocks make the numbers it may be too small: it is raised.
 */
export function epochAfterDrop(epoch: string, kept: number, number: number): string {
  const before = parseEpoch(epoch);
  if (!before) return firstEpoch(number);
  // Where this drop goes as far as that before it, it speaks for those who have not seen that one either.
  const since = kept <= before.kept ? before.since : before.number;
  return formatEpoch({ number: Math.max(number, before.number + 1), kept, since });
}

function formatEpoch({ number, kept, since }: EpochParts): string {
  return since === number ? String(number) : `${number}.${kept}.${since}`;
}

/** How many of the first entries of an epoch are the same in a later one; 0 where that is not known. */
export function keptSince(epoch: string, later: string): number {
  const before = parseEpoch(epoch);
  const now = parseEpoch(later);
  const isKnown = before && now && before.number >= now.since && before.number < now.number;
  return isKnown ? now.kept : 0;
}

function parseEpoch(text: string): EpochParts | null {
  const found = EPOCH.exec(text);
  if (!found) return null;
  const number = Number(found[1]);
  return { number, kept: Number(found[2] ?? 0), since: Number(found[3] ?? number) };
}
