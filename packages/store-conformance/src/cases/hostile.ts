import type { SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeEntry, makeSession, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);
const USER = { type: "user_message" } as const;
const METRIC_TYPE = { type: "evaluation_result", score: 1 } as const;

/** Stands for a content that must not end up in a log. */
const SECRET = "correct horse battery staple";
const MAX_MESSAGE_LENGTH = 1000;

export const hostileCases: readonly ConformanceCase[] = [
  conformanceCase(
    "refuse-lost-keys",
    ["VALUE-6", "INPUT-3", "CALL-2"],
    "keys that a copy would lose",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2), context: { a: 1 } }));
      const odd: Record<string, () => object> = {
        "a key that is not enumerable": () => Object.defineProperty({ a: 1 }, "hidden", { value: 2 }),
        "a getter that is not enumerable": () => Object.defineProperty({ a: 1 }, "hidden", { get: () => 2 }),
        "a symbol as a key": () => ({ a: 1, [Symbol("s")]: 2 }),
      };
      for (const [what, value] of Object.entries(odd)) await refusedAsJson(store, what, value as () => never);
    },
  ),

  conformanceCase(
    "refuse-unreadable",
    ["INPUT-4", "INPUT-3", "CALL-1", "CALL-2"],
    "getters and proxies that throw",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 2), context: { a: 1 } }));
      const odd: Record<string, () => object> = {
        "a getter that throws": () => Object.defineProperty({}, "a", { get: throwing, enumerable: true }),
        "a proxy that throws": () => new Proxy({ a: 1 }, { get: throwing }),
        "a proxy whose keys cannot be read": () => new Proxy({ a: 1 }, { ownKeys: throwing }),
        "a revoked proxy": revokedProxy,
      };
      for (const [what, make] of Object.entries(odd)) {
        const value = make as () => never;
        await refusedAsJson(store, what, value);
        const calls: Record<string, () => Promise<unknown>> = {
          session: () => store.create(value()),
          metadata: () => store.create({ ...makeSession(2), metadata: value() }),
          "entry of create": () => store.create(makeSession(2, { entries: [value()] })),
          entry: () => store.append(ID, [value()], { at: T0 }),
          entryType: () => store.append(ID, [makeEntry(9, value(), null)], { at: T0 }),
          options: () => store.append(ID, [userEntry(9)], value()),
          change: () => store.update(ID, value(), { at: T0 }),
          replacement: () => store.replace(value()),
          filter: () => store.list({ filter: { not: value() } }),
          query: () => store.readEntries(ID, value()),
        };
        await refused(store, what, calls);
      }
    },
  ),

  conformanceCase("input-read-once", ["INPUT-4"], "what is read twice may differ", async (store) => {
    const reads = new Map<string, number>();
    /** Gives each property once; after that, something else. */
    const once = <T extends object>(name: string, values: T): T => {
      const result = {};
      for (const [key, value] of Object.entries(values)) {
        const get = () => {
          const count = (reads.get(`${name}.${key}`) ?? 0) + 1;
          reads.set(`${name}.${key}`, count);
          return count === 1 ? value : 7;
        };
        Object.defineProperty(result, key, { get, enumerable: true });
      }
      return result as T;
    };
    const session = makeSession(1, { entries: [userEntry(0)], context: { a: { b: 1 } } });
    const { sessionType } = session.metadata;
    await store.create(
      once("session", {
        metadata: once("metadata", { ...session.metadata, sessionType: once("sessionType", sessionType) }),
        entries: [once("entry of create", userEntry(0))],
        context: once("context", { a: once("value", { b: 1 }) }),
      }),
    );
    const call = { type: "tool_call", toolName: "t", success: true } as const;
    await store.append(
      ID,
      [
        once("message", { ...userEntry(1), content: once("content", { text: "x" }) }),
        once("tool call", makeEntry(2, once("entryType", call), once("result", { ok: [1] }))),
      ],
      once("options", { at: T0 + 5 }),
    );
    await store.update(ID, once("change", { setContext: once("setContext", { c: 2 }) }), { at: T0 + 6 });
    const filter = once("filter", { status: "active", and: [once("and", { hasParent: false })] } as const);
    equal((await store.list(once("query", { filter, limit: 10 }))).items.length, 1, "sessions of the filter");
    const twice = [...reads].filter(([, count]) => count !== 1).map(([name]) => name);
    deepEqual(twice, [], "what was read more than once");
    const stored = await store.get(ID);
    deepEqual(stored.context, { a: { b: 1 }, c: 2 }, "the context");
    deepEqual(
      stored.entries.map(({ entryType, content }) => ({ entryType, content })),
      [
        { entryType: USER, content: userEntry(0).content },
        { entryType: USER, content: { text: "x" } },
        { entryType: call, content: { ok: [1] } },
      ],
      "the entries",
    );
    equal(stored.metadata.updatedAt, T0 + 6, "updatedAt");
  }),

  conformanceCase("refuse-quotes-nothing", ["INPUT-5"], "messages of refusals", async (store) => {
    await store.create(makeSession(1, { entries: [userEntry(0, SECRET)], context: { a: SECRET } }));
    const cycle: Record<string, unknown> = { text: SECRET };
    cycle["a key of some length, as many keys are"] = [cycle];
    const contents: Record<string, unknown> = {
      "a cycle": cycle,
      "a lone surrogate": `${SECRET}\ud800`,
      "an object that is no JSON": { text: SECRET, at: new Date(0) },
      "a getter that throws": {
        get text() {
          throw new Error(SECRET);
        },
      },
    };
    const refusals: Record<string, () => Promise<unknown>> = {
      "an id that is there": () => store.append(ID, [userEntry(0, `${SECRET}!`)], { at: T0 }),
      "a session that is there": () => store.create(makeSession(1, { entries: [userEntry(0, SECRET)] })),
      "a missing session": () => store.append(sessionId(9), [userEntry(1, SECRET)], { at: T0 }),
      "a limit": () =>
        store.append(ID, [userEntry(1, SECRET)], { at: T0, limits: { maxEntries: 1, action: "error" } }),
      "an old version": () =>
        store.append(ID, [userEntry(1, SECRET)], { at: T0, expectedVersion: "of no session" }),
      "an entry with a wrong type": () =>
        store.append(ID, [makeEntry(1, { type: SECRET } as never, SECRET)], { at: T0 }),
    };
    for (const [what, content] of Object.entries(contents)) {
      refusals[`${what} as content`] = () =>
        store.append(ID, [makeEntry(1, USER, content as never)], { at: T0 });
      refusals[`${what} in the context`] = () =>
        store.update(ID, { setContext: { a: content as never } }, { at: T0 });
    }
    for (const [what, call] of Object.entries(refusals)) {
      const message = await call().then(
        () => "",
        (error: Error) => error.message,
      );
      ok(message !== "", `${what} is not refused, or without a message`);
      ok(!message.includes(SECRET), `${what}: the message quotes the content`);
      ok(message.length <= MAX_MESSAGE_LENGTH, `${what}: the message has ${message.length} characters`);
    }
  }),
];

function throwing(): never {
  throw new TypeError("not to be read");
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Where JSON is expected the value is refused, as a whole and deep inside. */
async function refusedAsJson(store: SessionStore, what: string, value: () => never): Promise<void> {
  await refused(store, what, {
    content: () => store.append(ID, [makeEntry(9, USER, value())], { at: T0 }),
    "deep in a content": () => store.append(ID, [makeEntry(9, USER, [{ a: [value()] }])], { at: T0 }),
    "content in create": () => store.create(makeSession(2, { entries: [makeEntry(9, USER, value())] })),
    metrics: () => store.append(ID, [makeEntry(9, { ...METRIC_TYPE, metrics: value() }, null)], { at: T0 }),
    context: () => store.create(makeSession(2, { context: value() })),
    "value of the context": () => store.create(makeSession(2, { context: { a: value() } })),
    setContext: () => store.update(ID, { setContext: value() }, { at: T0 }),
    "context of a change": () => store.update(ID, { context: { a: value() } }, { at: T0 }),
  });
}

async function refused(
  store: SessionStore,
  what: string,
  calls: Record<string, () => Promise<unknown>>,
): Promise<void> {
  await changesNothing(store, what, async () => {
    for (const [place, call] of Object.entries(calls)) {
      const { details } = await rejects(call, "invalid_input", `${what}: ${place}`);
      ok(details.field !== undefined && details.field !== "", `details.field is missing: ${what}: ${place}`);
    }
  });
}
