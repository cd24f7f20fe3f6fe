// The same generated calls on the framework's MemorySession and on ours give the same answers and refusals.
import { type AgentInputItem, MemorySession, type SessionHistoryTransaction } from "@openai/agents-core";
import { ThulpSession } from "@thulp-sessions/openai-agents";
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const SOAK = process.env["SOAK"] === "1";
const SEED = process.env["SEED"];
const OPTIONS = SEED === undefined ? {} : { seed: Number(SEED) };
const SHORT: Readonly<Record<string, number>> = { memory: 60, sqlite: 8, fs: 8, remote: 5 };

const text = fc.constantFrom("a", "b", "half \ud83d", "");
const callId = fc.constantFrom("c1", "c2");
const functionCall = fc.record({
  type: fc.constant("function_call" as const),
  callId,
  name: fc.constant("look"),
  arguments: fc.constantFrom("{}", '{"n":1}'),
  status: fc.constant("completed" as const),
});
const item: fc.Arbitrary<AgentInputItem> = fc.oneof(
  fc.record({ role: fc.constant("user" as const), content: text }),
  fc.record({
    role: fc.constant("user" as const),
    content: fc.constant("with data"),
    providerData: fc.dictionary(
      fc.constantFrom("a", "~json", "~bytes"),
      // As JSON has it: -0 comes back as 0 (VALUE-4).
      fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as never),
    ),
  }),
  fc.record({
    type: fc.constant("message" as const),
    role: fc.constant("assistant" as const),
    status: fc.constant("completed" as const),
    content: fc.tuple(fc.record({ type: fc.constant("output_text" as const), text })),
  }),
  functionCall,
  fc.record({
    type: fc.constant("function_call_result" as const),
    callId,
    name: fc.constant("look"),
    status: fc.constantFrom("completed" as const, "incomplete" as const),
    output: fc.record({ type: fc.constant("text" as const), text }),
  }),
  fc.record({
    type: fc.constant("unknown" as const),
    providerData: fc.uint8Array({ maxLength: 4 }).map((bytes) => ({ bytes })),
  }),
);
const items = fc.array(item, { maxLength: 4 });

const call = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("add" as const), items }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("pop" as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("clear" as const), chance: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant("get" as const), limit: fc.integer({ min: -1, max: 8 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant("mutate" as const), replacement: functionCall, callId }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant("transact" as const),
      operationId: fc.constantFrom("1", "2", "3", "__proto__", "constructor"),
      /** So many of the last items are expected; -1 appends. */
      last: fc.integer({ min: -1, max: 4 }),
      /** What is expected instead, one time in four. */
      wrong: fc.option(items, { freq: 3 }),
      again: fc.boolean(),
      items,
    }),
  },
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test("a session is what MemorySession is", { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 40, size: "max" }), async (calls) => {
        const place = await kind.place();
        const theirs = new MemorySession();
        const stores = [await place.open(), await place.open()];
        const ours = stores.map((store) => new ThulpSession(store, { sessionId: "s" }));
        for (const [i, each] of calls.entries()) {
          const session = ours[i % 2] as ThulpSession;
          const before = await theirs.getItems();
          const expected = await outcome(play(theirs, each, before));
          expect(await outcome(play(session, each, before))).toEqual(expected);
          if (each.what === "transact" && each.again)
            expect(await outcome(play(session, each, before))).toEqual(expected);
          expect(await ours[(i + 1) % 2]?.getItems()).toEqual(await theirs.getItems());
        }
        await place.dispose();
      }),
      { numRuns: SOAK ? 300 : (SHORT[kind.name] ?? 1), ...OPTIONS },
    );
  });
});

async function play(session: MemorySession | ThulpSession, each: Call, before: AgentInputItem[]) {
  switch (each.what) {
    case "add":
      return session.addItems(each.items);
    case "pop":
      return session.popItem();
    case "clear":
      return each.chance === 0 ? session.clearSession() : undefined;
    case "get":
      return session.getItems(each.limit);
    case "mutate":
      return session.applyHistoryMutations({
        mutations: [{ type: "replace_function_call", callId: each.callId, replacement: each.replacement }],
      });
    case "transact": {
      const expectedSuffix = each.wrong ?? (each.last > 0 ? before.slice(-each.last) : []);
      const transaction: SessionHistoryTransaction =
        each.last < 0
          ? { type: "append_items", items: each.items }
          : { type: "replace_suffix", expectedSuffix, replacement: each.items };
      return session.applyHistoryTransaction({ operationId: each.operationId, transaction });
    }
  }
}

/** The answer, or the kind of refusal. */
async function outcome(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    (value) => ({ value }),
    (error) => ({ refused: (error as Error).constructor.name }),
  );
}
