import { afterEach, expect, test, vi } from "vitest";
import { Yielder } from "../src/async/yielder.ts";

afterEach(() => {
  vi.useRealTimers();
});

function busy(ms: number): void {
  const start = Date.now();
  while (Date.now() - start < ms) {}
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("a loop that never leaves the microtasks lets a timer fire", async () => {
  const yielder = new Yielder();
  let fired = false;
  setTimeout(() => {
    fired = true;
  });
  // Bounded: without yielding it is to fail, not to hang.
  for (let i = 0; i < 1e7 && !fired; i++) await yielder.yieldIfDue();
  expect(fired).toBe(true);
});

test("is due when work has gone on without a turn, and not after one", async () => {
  const yielder = new Yielder();
  expect(yielder.isDue()).toBe(false);
  expect(yielder.isDue()).toBe(false);
  busy(15);
  expect(yielder.isDue()).toBe(true);
  await yielder.yieldToEventLoop();
  expect(yielder.isDue()).toBe(false);
});

test("what follows a turn immediately counts from its end, and no longer than to the next one", async () => {
  const yielder = new Yielder();
  await yielder.yieldToEventLoop();
  busy(15);
  expect(yielder.isDue()).toBe(true);
  await turn();
  expect(yielder.isDue()).toBe(false);
});

test("small work makes the clock be looked at after many pieces, and is due then", () => {
  const yielder = new Yielder();
  yielder.isDue();
  busy(15);
  const answers = Array.from({ length: 64 }, () => yielder.isDueAfterMany());
  expect(answers.filter(Boolean)).toHaveLength(1);
});

test("work that comes once in a while never waits, however long it takes", async () => {
  const yielder = new Yielder();
  for (let i = 0; i < 3; i++) {
    expect(yielder.isDue()).toBe(false);
    busy(15);
    await turn();
  }
});

test("those who wait at the same time share one turn", async () => {
  const yielder = new Yielder();
  const first = yielder.yieldToEventLoop();
  expect(yielder.yieldToEventLoop()).toBe(first);
  await first;
  expect(yielder.yieldToEventLoop()).not.toBe(first);
});

test("fake timers that are installed later do not stop it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate", "setInterval"] });
  await new Yielder().yieldToEventLoop();
});
