// Node's own timers and clock. The global ones may be faked by the tests of an application; its calls to the
// store must resolve all the same, and a wait for a lock must end.
import { setImmediate as nextTurn, setTimeout as timeout } from "node:timers";

export { performance } from "node:perf_hooks";
export { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from "node:timers";

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    timeout(resolve, ms);
  });
}

/** Resolves when timers and I/O of the process have had their turn. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}
