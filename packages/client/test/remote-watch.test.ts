import { MemoryStore } from "@thulp-sessions/core/memory";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SessionClient } from "../src/client.ts";
import { RemoteWatch } from "../src/remote-watch.ts";

// A watch that was ended stays ended, whatever its subscription calls back while it is torn down or later.

interface Callbacks {
  onData(event: { type: "reset" }): void;
  onError(error: Error): void;
  onComplete(): void;
  onConnectionStateChange(state: { state: string; error: Error | null }): void;
}

/** How a subscription behaves when it is ended. */
type Teardown = (callbacks: Callbacks) => void;

const begun: Callbacks[] = [];
let teardown: Teardown = () => {};

function watchOf() {
  const subscribe = (_: undefined, callbacks: Callbacks) => {
    begun.push(callbacks);
    return { unsubscribe: () => teardown(callbacks) };
  };
  const client = { sessions: { watch: { subscribe } } } as unknown as SessionClient;
  const changes = { emit: vi.fn(), reset: vi.fn() };
  const { warnings } = new MemoryStore();
  return { watch: new RemoteWatch(client, "http://here", changes, warnings), changes };
}

async function started() {
  const { watch, changes } = watchOf();
  const starting = watch.start();
  begun.at(-1)?.onData({ type: "reset" });
  await starting;
  return { watch, changes };
}

beforeEach(() => {
  begun.length = 0;
  teardown = () => {};
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const TEARDOWNS: [name: string, Teardown][] = [
  ["nothing", () => {}],
  ["the end", ({ onComplete }) => onComplete()],
  ["an error", ({ onError }) => onError(new Error("torn down"))],
  ["an error and the end", ({ onError, onComplete }) => [onError(new Error("torn down")), onComplete()]],
];

test.each(TEARDOWNS)("what is called back while it is torn down starts nothing: %s", async (_, calls) => {
  teardown = calls;
  const { watch } = await started();
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(begun).toHaveLength(1);
});

test("nor does what is called back later", async () => {
  const { watch, changes } = await started();
  watch.stop();
  const [first] = begun;
  first?.onData({ type: "reset" });
  first?.onError(new Error("late"));
  first?.onComplete();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(begun).toHaveLength(1);
  expect(changes.reset).not.toHaveBeenCalled();
});

test("one that waits to be restarted is ended too", async () => {
  const { watch } = await started();
  begun[0]?.onComplete();
  expect(vi.getTimerCount()).toBe(1);
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(begun).toHaveLength(1);
});

test("one that the server has ended is restarted, and can be ended then", async () => {
  teardown = ({ onComplete }) => onComplete();
  const { watch, changes } = await started();
  begun[0]?.onComplete();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(begun).toHaveLength(2);
  begun[1]?.onData({ type: "reset" });
  expect(changes.reset).toHaveBeenCalledOnce();
  watch.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(begun).toHaveLength(2);
});

test("one that is ended before it has begun settles, and leaves no timer", async () => {
  const { watch } = watchOf();
  const starting = watch.start();
  const ended = expect(starting).rejects.toMatchObject({ code: "closed" });
  watch.stop();
  await ended;
  expect(vi.getTimerCount()).toBe(0);
  begun[0]?.onData({ type: "reset" });
  watch.stop();
});

test("events of another form say nothing", async () => {
  const { changes } = await started();
  for (const event of [null, 5, {}, { type: "changed" }, { type: "deleted", id: "x" }, { type: "newer" }])
    begun[0]?.onData(event as never);
  expect(changes.emit).not.toHaveBeenCalled();
});
