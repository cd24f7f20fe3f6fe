/**
 * How long to wait before the next attempt, in milliseconds: twice as long after each failure, from `firstMs`
 * up to `maxMs`, less a random part of up to half.
 *
 * @param failures how many attempts in a row have failed before the last one; 0 after the first failure.
 */
export function backoffMs(failures: number, firstMs: number, maxMs: number): number {
  return jittered(Math.min(maxMs, firstMs * 2 ** failures));
}

/** Half of `ms` to all of it, at random, so that callers who failed together do not retry together. */
export function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}
