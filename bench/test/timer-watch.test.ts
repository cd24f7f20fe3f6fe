import { expect, test } from "vitest";
import { TimerWatch } from "../src/harness/timer-watch.ts";

test("a timer waits at least as long as the event loop does not turn", async () => {
  const watch = new TimerWatch();
  await new Promise((resolve) => setTimeout(resolve, 10));
  blockFor(60);
  expect(watch.stop()).toBeGreaterThanOrEqual(50);
});

test("a wait that is long only since the last turn counts as well", () => {
  const watch = new TimerWatch();
  blockFor(60);
  expect(watch.stop()).toBeGreaterThanOrEqual(60);
});

test("what is done aside is left out", () => {
  const watch = new TimerWatch();
  watch.without(() => blockFor(1_000));
  expect(watch.stop()).toBeLessThan(1_000);
});

function blockFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
