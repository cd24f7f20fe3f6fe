import type { SessionStore, StoreChange } from "@thulp-sessions/core";
import { deepEqual, equal, ok } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";
import { Changes, withTimeout } from "../watching.ts";

const ID = sessionId(1);

async function watched(
  store: SessionStore,
  options?: Parameters<SessionStore["watch"]>[0],
): Promise<Changes> {
  return new Changes(await store.watch(options));
}

export const watchCases: readonly ConformanceCase[] = [
  conformanceCase("watch-each-change", ["WATCH-1", "WATCH-2"], "each kind of change", async (store) => {
    const changes = await watched(store);
    const steps: [string, () => Promise<unknown>, "created" | "changed" | "deleted"][] = [
      ["create", () => store.create(makeSession(1, { entries: dialogue(0, 3) })), "created"],
      ["append", () => store.append(ID, [userEntry(10)], { at: T0 }), "changed"],
      ["update", () => store.update(ID, { name: "x" }, { at: T0 }), "changed"],
      ["truncate", () => store.truncate(ID, 1, { at: T0 }), "changed"],
      ["replace", () => store.replace(makeSession(1)), "changed"],
      ["delete", () => store.delete(ID), "deleted"],
      ["create again", () => store.create(makeSession(1)), "created"],
      ["create of another", () => store.create(makeSession(2)), "created"],
    ];
    for (const [what, call, type] of steps) {
      await call();
      await changes.until({ type, id: what === "create of another" ? sessionId(2) : ID }, what);
    }
  }),

  conformanceCase(
    "watch-nothing-missed",
    ["WATCH-1", "WATCH-3"],
    "no change after the promise is missed",
    async (store) => {
      await store.create(makeSession(0));
      const changes = await watched(store);
      // Nobody takes anything meanwhile.
      await Promise.all(range(1, 30).map((n) => store.create(makeSession(n))));
      await Promise.all(range(1, 30).map((n) => store.append(sessionId(n), [userEntry(n)], { at: T0 })));
      await store.update(sessionId(0), { name: "x" }, { at: T0 });
      await Promise.all(range(20, 30).map((n) => store.delete(sessionId(n))));
      const expected: StoreChange[] = [
        { type: "changed", id: sessionId(0) },
        ...range(1, 20).map((n) => ({ type: "created" as const, id: sessionId(n) })),
        ...range(20, 30).map((n) => ({ type: "deleted" as const, id: sessionId(n) })),
      ];
      for (const change of expected) await changes.untilReceived(change, `${change.type} of one of many`);
    },
  ),

  conformanceCase(
    "watch-last-is-told",
    ["WATCH-3", "CALL-3"],
    "a reader that reads on every change ends with the last state",
    async (store) => {
      await store.create(makeSession(1));
      const iterator = await store.watch({ id: ID });
      const writing = (async () => {
        for (const n of range(0, 20)) await store.append(ID, [userEntry(n)], { at: T0 });
      })();
      // Looked at below; a refusal is not to be reported as unhandled before.
      writing.catch(() => {});
      let count = 0;
      while (count < 20) {
        const next = await withTimeout(iterator.next(), "the next change while entries are appended");
        equal(next.done, false, "the iteration has ended");
        count = (await store.head(ID)).entryCount;
      }
      await writing;
      await iterator.return?.();
    },
  ),

  conformanceCase("watch-one", ["WATCH-4", "ID-1"], "only one session", async (store) => {
    await store.create(makeSession(1));
    const changes = await watched(store, { id: ID.toUpperCase() as typeof ID });
    for (const n of range(2, 6)) {
      await store.create(makeSession(n));
      await store.append(sessionId(n), [userEntry(n)], { at: T0 });
    }
    await store.update(ID, { name: "x" }, { at: T0 });
    await changes.until({ type: "changed", id: ID }, "a change of that session");
    await store.delete(sessionId(2));
    await store.delete(ID);
    await changes.until({ type: "deleted", id: ID }, "its deletion");
    for (const change of changes.received)
      ok(
        change.type === "reset" || change.id === ID,
        `emitted a change of another session: ${JSON.stringify(change)}`,
      );
  }),

  conformanceCase(
    "watch-several",
    ["WATCH-5", "WATCH-7"],
    "every watcher gets every change",
    async (store) => {
      const watchers = await Promise.all(range(0, 3).map(() => watched(store)));
      const only = await watched(store, { id: sessionId(2) });
      await store.create(makeSession(1));
      await store.create(makeSession(2));
      for (const changes of watchers) {
        await changes.until({ type: "created", id: ID }, "the first");
        await changes.until({ type: "created", id: sessionId(2) }, "the second");
      }
      await only.until({ type: "created", id: sessionId(2) }, "the second alone");
      await watchers[0]?.stop();
      await store.delete(ID);
      await watchers[1]?.until({ type: "deleted", id: ID }, "after another watcher has gone");
      const again = await watched(store);
      await store.delete(sessionId(2));
      await again.until({ type: "deleted", id: sessionId(2) }, "a watcher that came later");
    },
  ),

  conformanceCase("watch-signal", ["WATCH-6"], "the signal ends the iteration", async (store) => {
    const controller = new AbortController();
    const iterator = await store.watch({ signal: controller.signal });
    const waiting = iterator.next();
    controller.abort();
    deepEqual(await withTimeout(waiting, "the one who waits"), { done: true, value: undefined }, "who waits");
    equal((await withTimeout(iterator.next(), "who asks then")).done, true, "who asks then");
    const late = await store.watch({ signal: AbortSignal.abort() });
    equal((await withTimeout(late.next(), "aborted before")).done, true, "aborted before");
    await store.create(makeSession(1));
    equal(await store.count(), 1, "the store still works");
  }),

  conformanceCase("watch-return", ["WATCH-7"], "return ends the iteration", async (store) => {
    const iterator = await store.watch();
    const waiting = iterator.next();
    await iterator.return?.();
    equal((await withTimeout(waiting, "the one who waits")).done, true, "who waits");
    equal((await withTimeout(iterator.next(), "who asks then")).done, true, "who asks then");
    const received: StoreChange[] = [];
    const looping = await store.watch();
    await store.create(makeSession(1));
    for await (const change of looping) {
      received.push(change);
      break;
    }
    equal(received.length, 1, "changes in a loop that is left");
    equal((await withTimeout(looping.next(), "after the loop")).done, true, "after the loop");
  }),

  conformanceCase("watch-close", ["WATCH-8", "CLOSE-1"], "closing ends the iteration", async (store) => {
    const waiting = await store.watch();
    const next = waiting.next();
    const one = await store.watch({ id: ID });
    await store.close();
    equal((await withTimeout(next, "the one who waits")).done, true, "who waits");
    equal((await withTimeout(one.next(), "who asks then")).done, true, "who asks then");
  }),

  conformanceCase(
    "watch-other-handle",
    ["CAPABILITY-2", "WATCH-1"],
    "changes of another handle",
    async (store, { open }) => {
      const other = await open();
      await other.create(makeSession(9));
      const changes = await watched(store);
      const only = await watched(store, { id: ID });
      await other.create(makeSession(1, { entries: dialogue(0, 2) }));
      if (store.capabilities.shared) {
        await changes.until({ type: "created", id: ID }, "a create by another handle");
        await only.until({ type: "created", id: ID }, "a create by another handle, alone");
        await other.append(ID, [userEntry(7)], { at: T0 });
        await changes.until({ type: "changed", id: ID }, "an append by another handle");
        await other.update(sessionId(9), { name: "x" }, { at: T0 });
        await changes.until({ type: "changed", id: sessionId(9) }, "an update by another handle");
        await other.delete(ID);
        await changes.until({ type: "deleted", id: ID }, "a delete by another handle");
        await only.until({ type: "deleted", id: ID }, "a delete by another handle, alone");
      } else {
        await store.create(makeSession(2));
        await changes.until({ type: "created", id: sessionId(2) }, "a create by the same handle");
        deepEqual(changes.received, [{ type: "created", id: sessionId(2) }], "what was received");
      }
    },
  ),
];
