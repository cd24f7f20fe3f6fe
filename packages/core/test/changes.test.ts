import type { StoreChange } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { ChangeFeed } from "../src/store/change-feed.ts";
import { settle, uuid } from "./make.ts";

const A = uuid(1);
const B = uuid(2);
const DONE = { done: true, value: undefined };
const told = (value: StoreChange) => ({ done: false, value });

function watch(options: Parameters<ChangeFeed["watch"]>[0] = {}) {
  const feed = new ChangeFeed();
  const ended = { times: 0 };
  const watcher = feed.watch(options, () => ended.times++);
  return { feed, watcher, ended };
}

test("changes come in the order in which their sessions first changed", async () => {
  const { feed, watcher } = watch();
  feed.emit("created", A);
  feed.emit("created", B);
  expect(await watcher.next()).toEqual(told({ type: "created", id: A }));
  expect(await watcher.next()).toEqual(told({ type: "created", id: B }));
});

test.each([
  [["created", "changed"], "created"],
  [["changed", "changed"], "changed"],
  [["changed", "deleted"], "deleted"],
  [["created", "deleted"], "deleted"],
  [["deleted", "created"], "created"],
  [["created", "deleted", "changed"], "changed"],
] as const)("%j that nobody has taken become one: %s", async (types, expected) => {
  const { feed, watcher } = watch();
  for (const type of types) feed.emit(type, A);
  feed.emit("changed", B);
  expect(await watcher.next()).toEqual(told({ type: expected, id: A }));
  expect(await watcher.next()).toEqual(told({ type: "changed", id: B }));
});

test("one that was consumed is emitted again when it comes again", async () => {
  const { feed, watcher } = watch();
  for (let i = 0; i < 3; i++) {
    feed.emit("changed", A);
    expect(await watcher.next()).toEqual(told({ type: "changed", id: A }));
  }
});

test("a watcher of one session gets no change of another", async () => {
  const { feed, watcher } = watch({ id: B });
  feed.emit("changed", A);
  feed.emit("changed", B);
  expect(await watcher.next()).toEqual(told({ type: "changed", id: B }));
});

test("calls of next() that wait together get one change each, in their order", async () => {
  const { feed, watcher } = watch();
  const waiting = [watcher.next(), watcher.next(), watcher.next()];
  feed.emit("created", A);
  feed.emit("changed", B);
  feed.emit("deleted", A);
  expect(await Promise.all(waiting)).toEqual([
    told({ type: "created", id: A }),
    told({ type: "changed", id: B }),
    told({ type: "deleted", id: A }),
  ]);
});

describe("reset", () => {
  test("comes instead of whatever was waiting, and of what follows until it is taken", async () => {
    const { feed, watcher } = watch();
    feed.emit("changed", A);
    feed.reset();
    feed.emit("changed", B);
    expect(await watcher.next()).toEqual(told({ type: "reset" }));
    feed.emit("changed", A);
    expect(await watcher.next()).toEqual(told({ type: "changed", id: A }));
  });

  test("comes when more sessions have changed than are remembered", async () => {
    const { feed, watcher } = watch();
    for (let i = 0; i < 10_000; i++) feed.emit("changed", uuid(i));
    feed.emit("deleted", A);
    expect(await watcher.next()).toEqual(told({ type: "changed", id: uuid(0) }));
    feed.emit("changed", uuid(10_001));
    feed.emit("changed", uuid(10_002));
    expect(await watcher.next()).toEqual(told({ type: "reset" }));
  });

  test("is delivered immediately to one who waits", async () => {
    const { feed, watcher } = watch();
    const waiting = watcher.next();
    feed.reset();
    expect(await waiting).toEqual(told({ type: "reset" }));
  });
});

describe("the end", () => {
  const ways: [string, (each: ReturnType<typeof watch>, abort: () => void) => unknown][] = [
    ["abort", (_, abort) => abort()],
    ["return()", ({ watcher }) => watcher.return?.()],
    ["close()", ({ feed }) => feed.close()],
    ["asyncDispose", ({ watcher }) => (watcher as unknown as AsyncDisposable)[Symbol.asyncDispose]()],
  ];

  test.each(ways)("by %s wakes all who wait, once, and drops what was not taken", async (_, end) => {
    const controller = new AbortController();
    const each = watch({ signal: controller.signal });
    const { feed, watcher, ended } = each;
    const waiting = [watcher.next(), watcher.next()];
    await end(each, () => controller.abort());
    expect(await Promise.all(waiting)).toEqual([DONE, DONE]);
    feed.emit("changed", A);
    feed.reset();
    expect(await watcher.next()).toEqual(DONE);
    expect(await watcher.return?.()).toEqual(DONE);
    controller.abort();
    feed.close();
    expect(ended.times).toBe(1);
    expect(feed.active).toBe(false);
  });

  test("what is pending when it ends is not delivered", async () => {
    const { feed, watcher } = watch();
    feed.emit("changed", A);
    feed.close();
    expect(await watcher.next()).toEqual(DONE);
  });

  test("a signal that is aborted already ends it immediately", async () => {
    const { watcher, ended, feed } = watch({ signal: AbortSignal.abort() });
    expect(await watcher.next()).toEqual(DONE);
    expect(ended.times).toBe(1);
    expect(feed.active).toBe(false);
  });

  test("leaving a loop ends it; others go on", async () => {
    const { feed, watcher, ended } = watch();
    const other = feed.watch();
    feed.emit("changed", A);
    for await (const change of watcher) {
      expect(change).toEqual({ type: "changed", id: A });
      break;
    }
    expect(ended.times).toBe(1);
    expect(feed.active).toBe(true);
    expect(await other.next()).toEqual(told({ type: "changed", id: A }));
  });

  test("a signal keeps no listener of a watcher that has ended", async () => {
    const { signal, listeners } = countListeners();
    const { watcher } = watch({ signal });
    expect(listeners()).toBe(1);
    await watcher.return?.();
    expect(listeners()).toBe(0);
  });
});

function countListeners(): { signal: AbortSignal; listeners: () => number } {
  const { signal } = new AbortController();
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count--;
    remove(...args);
  };
  return { signal, listeners: () => count };
}

test("no change is emitted that did not happen", async () => {
  const { watcher } = watch();
  let told = false;
  void watcher.next().then(() => {
    told = true;
  });
  await settle();
  expect(told).toBe(false);
});
