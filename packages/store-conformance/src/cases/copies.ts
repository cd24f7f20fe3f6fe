import type { Session, SessionEntry, SessionStore } from "@thulp-sessions/core";
import { deepFreeze } from "@thulp-sessions/core/store";
import { deepEqual, ok } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { clone, makeEntry, makeSession, sessionId, T0, withSeq } from "../fixtures.ts";

const ID = sessionId(1);

/** Has an object or an array wherever there can be one. */
function nested(): Session {
  return makeSession(1, {
    tags: ["a", "b"],
    sessionType: { type: "teacher_demo", task: "t", model: "m" },
    context: { list: [1, { deep: ["x"] }], map: { k: "v" } },
    entries: [nestedEntry(0), nestedEntry(1)],
  });
}

function nestedEntry(n: number): SessionEntry {
  return makeEntry(
    n,
    { type: "evaluation_result", score: 1, metrics: { m: 1 } },
    { list: [{ deep: ["x"] }], map: { k: "v" } },
  );
}

/** Changes everything that can be changed in a value, and says whether anything could. */
function vandalise(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const target = value as Record<string, unknown>;
  for (const key of Object.keys(target)) {
    vandalise(target[key]);
    // A frozen answer is as good as a copy.
    if (!Object.isFrozen(target)) target[key] = "vandalised";
  }
  if (Object.isExtensible(target)) {
    if (Array.isArray(target)) target.push("vandalised");
    else Object.assign(target, { vandalised: true });
  }
}

export const copyCases: readonly ConformanceCase[] = [
  conformanceCase(
    "copy-input-changed",
    ["COPY-1"],
    "what is given is changed right after the call",
    async (store) => {
      const given = nested();
      const created = store.create(given);
      vandalise(given);
      await created;
      const stored = async () => {
        const { version: _, epoch: __, ...session } = await store.get(ID);
        return session;
      };
      const expected = nested();
      deepEqual(await stored(), { ...expected, entries: withSeq(expected.entries) }, "after create");

      const batch = [nestedEntry(2)];
      const limits = { maxEntries: 100, action: "error" as const };
      const appended = store.append(ID, batch, { at: T0, limits });
      vandalise(batch);
      vandalise(limits);
      await appended;
      const entries = withSeq([...expected.entries, nestedEntry(2)]);
      deepEqual(await stored(), { ...expected, entries }, "after append");

      const change = {
        tags: ["c"],
        sessionType: { type: "agent" as const, agentName: "n" },
        setContext: { set: { a: [1] } },
        removeContext: ["map"],
      };
      const kept = clone(change);
      const updated = store.update(ID, change, { at: T0 + 1 });
      vandalise(change);
      await updated;
      const metadata = {
        ...expected.metadata,
        tags: kept.tags,
        sessionType: kept.sessionType,
        updatedAt: T0 + 1,
      };
      const context = { list: [1, { deep: ["x"] }], set: { a: [1] } };
      deepEqual(await stored(), { metadata, context, entries }, "after update");

      const whole = { context: { whole: [{ a: 1 }] } };
      const changed = store.update(ID, whole, { at: T0 + 2 });
      vandalise(whole);
      await changed;
      deepEqual((await stored()).context, { whole: [{ a: 1 }] }, "the context after update");

      const replacement = nested();
      const replaced = store.replace(replacement);
      vandalise(replacement);
      await replaced;
      deepEqual(
        await stored(),
        {
          ...expected,
          metadata: { ...expected.metadata, updatedAt: T0 + 3 },
          entries: withSeq(expected.entries),
        },
        "after replace",
      );
    },
  ),

  conformanceCase(
    "copy-query-changed",
    ["COPY-1"],
    "a query is changed right after the call",
    async (store) => {
      const { entries } = nested();
      await store.create(nested());
      const filter = { and: [{ tag: "a" }] };
      const listed = store.list({ filter });
      const counted = store.count(filter);
      vandalise(filter);
      deepEqual((await listed).items.length, 1, "list");
      deepEqual(await counted, 1, "count");
      const types = ["evaluation_result" as const];
      const read = store.readEntries(ID, { types });
      vandalise(types);
      deepEqual((await read).items, withSeq(entries), "readEntries");
    },
  ),

  conformanceCase("copy-output-changed", ["COPY-2"], "answers are changed by the caller", async (store) => {
    const head = await store.create(nested());
    const before = clone(await store.get(ID));
    const beforeHead = clone(await store.head(ID));
    vandalise(head);
    const answers: Record<string, () => Promise<unknown>> = {
      get: () => store.get(ID),
      head: () => store.head(ID),
      readEntries: () => store.readEntries(ID),
      "the last entries": () => store.readEntries(ID, { last: 2 }),
      list: () => store.list(),
      search: () => store.search({ text: "session" }),
      "a repeated append": () => store.append(ID, [nestedEntry(0)], { at: T0 }),
    };
    for (const [what, answer] of Object.entries(answers)) {
      const first = await answer();
      const expected = clone(first);
      vandalise(first);
      deepEqual(await answer(), expected, `${what}, asked again`);
      deepEqual(await store.get(ID), before, `get after ${what}`);
      deepEqual(await store.head(ID), beforeHead, `head after ${what}`);
      deepEqual((await store.list()).items, [before.metadata], `list after ${what}`);
    }
    const changes: Record<string, () => Promise<unknown>> = {
      update: () => store.update(ID, { setContext: { more: [1] } }, { at: T0 + 1 }),
      append: () => store.append(ID, [nestedEntry(2)], { at: T0 + 2 }),
      truncate: () => store.truncate(ID, 1, { at: T0 + 3 }),
      replace: () => store.replace(nested()),
    };
    for (const [what, change] of Object.entries(changes)) {
      const answer = await change();
      const expected = clone(await store.get(ID));
      vandalise(answer);
      deepEqual(await store.get(ID), expected, `get after the answer to ${what} was changed`);
    }
  }),

  conformanceCase(
    "copy-input-untouched",
    ["COPY-3"],
    "what is given is neither changed nor frozen",
    async (store) => {
      const calls: [string, unknown, (given: never) => Promise<unknown>][] = [
        ["create", nested(), (given: Session) => store.create(given)],
        ["append", [nestedEntry(2)], (given: SessionEntry[]) => store.append(ID, given, { at: T0 })],
        [
          "update",
          { tags: ["c"], setContext: { a: [{}] } },
          (given: object) => store.update(ID, given, { at: T0 }),
        ],
        [
          "update of the context",
          { context: { a: [{}] } },
          (given: object) => store.update(ID, given, { at: T0 }),
        ],
        ["replace", nested(), (given: Session) => store.replace(given)],
        ["list", { filter: { or: [{ tag: "a" }] } }, (given: object) => store.list(given)],
        ["readEntries", { types: ["user_message"] }, (given: object) => store.readEntries(ID, given)],
      ];
      for (const [what, given, call] of calls) {
        const before = clone(given);
        await call(given as never);
        deepEqual(given, before, `what was given to ${what}`);
        ok(!anyFrozen(given), `what was given to ${what} is frozen`);
      }
    },
  ),

  conformanceCase("copy-frozen-input", ["COPY-3"], "frozen arguments are taken", async (store) => {
    await useFrozen(store);
    deepEqual((await store.get(ID)).entries, withSeq([nestedEntry(0), nestedEntry(1)]), "the entries");
  }),
];

async function useFrozen(store: SessionStore): Promise<void> {
  await store.create(deepFreeze(nested()));
  await store.append(
    ID,
    deepFreeze([nestedEntry(2)]),
    deepFreeze({ at: T0, limits: { action: "ignore" as const } }),
  );
  await store.update(ID, deepFreeze({ setContext: { a: { b: 1 } }, tags: ["x"] }), deepFreeze({ at: T0 }));
  await store.list(deepFreeze({ filter: { and: [{ tag: "x" }] } }));
  await store.readEntries(ID, deepFreeze({ types: ["user_message" as const] }));
  await store.search(deepFreeze({ text: "x", filter: {} }));
  await store.replace(deepFreeze(await store.get(ID)));
  await store.replace(deepFreeze(nested()));
}

function anyFrozen(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    (Object.isFrozen(value) || Object.values(value).some(anyFrozen))
  );
}
