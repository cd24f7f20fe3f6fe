let last = 0;

/**
 * A number for a new epoch, greater than any before: of this process for certain, of others as far as their
 * clocks agree. In microseconds since the Unix epoch where the calls come that slowly.
 */
export function epochNumber(): number {
  last = Math.max(last + 1, Date.now() * 1_000);
  return last;
}
