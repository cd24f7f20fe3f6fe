// Node's own timers and clock. The global ones may be faked by the tests of an application; its calls to the
// store must resolve all the same, and a wait for a lock must end.
export { performance } from "node:perf_hooks";
export { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from "node:timers";
export { setImmediate as yieldToEventLoop, setTimeout as sleep } from "node:timers/promises";
