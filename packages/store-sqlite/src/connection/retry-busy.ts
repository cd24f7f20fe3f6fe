import { performance, sleep } from "./real-time.ts";
import { busyError, isBusy } from "./sqlite-errors.ts";

const FIRST_DELAY_MS = 1;
const LAST_DELAY_MS = 20;

/**
 * The pause before the next attempt: short, since locks are held for one commit, and random, so that
 * processes that wait for the same lock do not retry in step.
 */
export function retryDelay(attempt: number): number {
  const ceiling = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return ceiling * (0.5 + Math.random() / 2);
}

/**
 * Retries `attempt` while another connection is in its way. SQLite's own busy timeout would block the event
 * loop.
 *
 * @throws {SessionError} busy after the timeout; any other error of `attempt` immediately.
 */
export async function retryWhileBusy<T>(file: string, timeoutMs: number, attempt: () => T): Promise<T> {
  const start = performance.now();
  for (let i = 0; ; i++) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() - start >= timeoutMs) throw busyError(file, timeoutMs, error);
    }
    await sleep(retryDelay(i));
  }
}
