import { ok } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";

const ID = sessionId(1);
const MISSING = sessionId(99);

// Generous: a store that starves timers has to fail here, not hang; one that does not is done after some
// milliseconds.
const MAX_CALLS = 1_000_000;
const MAX_LOOP_MS = 10_000;

export const fairnessCases: readonly ConformanceCase[] = [
  conformanceCase("call-fairness", ["CALL-9"], "a loop of calls lets timers fire", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 20) }));
    for (const n of range(2, 10)) await store.create(makeSession(n));
    let n = 1000;
    const loops: Record<string, () => Promise<unknown>> = {
      head: () => store.head(ID),
      get: () => store.get(ID),
      readEntries: () => store.readEntries(ID, { last: 2 }),
      list: () => store.list({ limit: 5 }),
      count: () => store.count({ status: "active" }),
      search: () => store.search({ text: "question" }),
      append: () => store.append(ID, [userEntry(n++)], { at: T0 }),
      "append of an entry that is there": () => store.append(ID, [userEntry(0)], { at: T0 }),
      update: () => store.update(sessionId(2), { name: `name ${n++}` }, { at: T0 }),
      "head of a missing session": () => store.head(MISSING).catch(() => {}),
      "a refused append": () => store.append(ID, [null as never], { at: T0 }).catch(() => {}),
      delete: () => store.delete(MISSING),
    };
    for (const [what, call] of Object.entries(loops)) await loopUntilTimer(what, call);
  }),
];

/** Awaits one call after the other until a timer fires that was set before the first. */
async function loopUntilTimer(what: string, call: () => Promise<unknown>): Promise<void> {
  let fired = false;
  const timer = setTimeout(() => {
    fired = true;
  });
  try {
    const started = Date.now();
    for (let calls = 1; calls <= MAX_CALLS && !fired; calls++) {
      await call();
      if (Date.now() - started > MAX_LOOP_MS) break;
    }
    ok(fired, `${what}: no timer fires during a loop of awaited calls`);
  } finally {
    clearTimeout(timer);
  }
}
