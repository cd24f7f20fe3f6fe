// Longer than most files: every call of a store as a step that can be generated, and what is compared.
import { deepStrictEqual } from "node:assert";
import {
  type EntryType,
  isSessionError,
  type JsonValue,
  type SearchHit,
  type SearchQuery,
  type Session,
  type SessionEntry,
  type SessionId,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import fc from "fast-check";

/** A store that is walked beside the memory store. */
export interface Walked {
  readonly store: SessionStore;
  /** Brings what it defers up to date, so that what follows finds it in every state. */
  flush?(): Promise<void>;
  /** Looks at what no call of a store shows. @throws where it is not what it should be. */
  check?(model: SessionStore): Promise<void>;
  dispose(): Promise<void>;
}

// Small sets, so that steps use the same sessions, ids and words again.
const sessionIds = [1, 2, 3].map((n) => `00000000-0000-0000-0000-00000000000${n}` as SessionId);
const entryIds = [1, 2, 3, 4, 5, 6].map(
  (n) => `00000000-0000-0000-0000-0000000000e${n}` as SessionEntry["id"],
);
const WORDS = [
  "alpha",
  "Alphabet",
  "beta",
  "Ärger",
  "arger",
  "漢字",
  "字",
  "don't",
  "x1",
  "x",
  "a_b",
  "ﬁx",
  "İx",
  "-",
  "\0",
  "😀",
  "e\u0301",
];

const text = fc.array(fc.constantFrom(...WORDS), { maxLength: 5 }).map((words) => words.join(" "));
const content: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  fc.record({ text, more: fc.array(text, { maxLength: 3 }) }),
  fc.constantFrom(
    null,
    7,
    true,
    [],
    {},
    { alpha: 1 },
    JSON.parse('{"__proto__":{"constructor":"alpha beta"}}'),
  ),
);
const entryType = fc.constantFrom<EntryType[]>(
  { type: "user_message" },
  { type: "assistant_message" },
  { type: "tool_call", toolName: "alpha", success: false },
  { type: "evaluation_result", score: 0.5, metrics: JSON.parse('{"__proto__":1}') },
);
const entry = fc.record({
  id: fc.constantFrom(...entryIds),
  timestamp: fc.nat(5),
  entryType,
  content,
}) as fc.Arbitrary<SessionEntry>;
const id = fc.constantFrom(...sessionIds);
const entries = fc.array(entry, { maxLength: 4 });
const at = fc.nat(20);
const tags = fc.array(fc.constantFrom("a", "b"), { maxLength: 3 });

type Step = (walked: Pick<Walked, "store" | "flush">) => Promise<unknown>;
const search: Step = async ({ store, flush }) => {
  await flush?.();
  return store.search({ text: "alpha" });
};
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ id, name: text, tags, entries, updatedAt: at }).map(
      ({ entries, ...given }): Step =>
        ({ store }) =>
          store.create(session(given, entries)),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(id, entries, at).map(
      ([id, entries, at]): Step =>
        ({ store }) =>
          store.append(id, entries, { at }),
    ),
  },
  fc.tuple(id, text, fc.option(tags, { nil: undefined }), at).map(
    ([id, name, tags, at]): Step =>
      ({ store }) =>
        store.update(id, { name, tags, setContext: { name } }, { at }),
  ),
  fc.tuple(id, fc.nat(4), at).map(
    ([id, count, at]): Step =>
      ({ store }) =>
        store.truncate(id, count, { at }),
  ),
  fc.record({ id, name: text, tags, entries, updatedAt: at }).map(
    ({ entries, ...given }): Step =>
      ({ store }) =>
        store.replace(session(given, entries)),
  ),
  id.map(
    (id): Step =>
      ({ store }) =>
        store.delete(id),
  ),
  { weight: 3, arbitrary: fc.constant(search) },
);

function session(given: Partial<SessionMetadata>, entries: readonly SessionEntry[]): Session {
  const metadata = {
    id: sessionIds[0] as SessionId,
    name: "A session",
    sessionType: { type: "conversation", purpose: "test" },
    createdAt: 1000,
    updatedAt: 1000,
    status: "active",
    tags: [],
    parentSession: null,
    ...given,
  } as const;
  return { metadata, entries, context: {} };
}

/** The outcome of a call without what may differ, version and epoch. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return withoutVersion(await call);
  } catch (error) {
    if (!isSessionError(error)) throw error;
    return error.code;
  }
}

function withoutVersion(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { version: _, epoch: __, ...rest } = value as Record<string, unknown>;
  return rest;
}

const queries: SearchQuery[] = [
  ...[
    "alpha",
    "alph*",
    "alpha beta",
    '"alpha beta"',
    "ärger",
    "字",
    "漢",
    "x*",
    "fix",
    "ix",
    "é",
    "don t",
    '"beta alpha*"',
    "*",
    "😀",
  ].map((text) => ({ text })),
  { text: "alpha", types: ["user_message", "tool_call"] },
  { text: "a*", after: 1, before: 4 },
  { text: "beta", filter: { tag: "a" } },
  { text: "alpha", filter: { not: { nameContains: "beta" } } },
];

async function allHits(store: SessionStore, query: SearchQuery): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  for (let cursor: string | undefined; ; ) {
    // Small pages, so that cursors are used.
    const page = await store.search({ ...query, limit: 2, cursor });
    hits.push(...page.items);
    if (page.nextCursor === null) return hits;
    cursor = page.nextCursor;
  }
}

async function stateOf(store: SessionStore): Promise<unknown> {
  const ranked = (hits: readonly SearchHit[]) => hits.map((hit) => JSON.stringify(hit)).sort();
  return {
    sessions: await Promise.all(sessionIds.map((id) => outcome(store.get(id)))),
    heads: await Promise.all(sessionIds.map((id) => outcome(store.head(id)))),
    list: await store.list(),
    tagged: [
      await store.list({ filter: { tag: "a" } }),
      await store.list({ filter: { tag: "b" }, orderBy: "createdAt" }),
    ],
    hits: await Promise.all(queries.map((query) => allHits(store, query))),
    ranked: await Promise.all(
      queries.map(async (query) =>
        ranked((await store.search({ ...query, order: "rank", limit: 200 })).items),
      ),
    ),
  };
}

/**
 * Takes random walks: each call of a store, one after the other or all at once, has to be answered as the
 * memory store answers it, and to leave what it leaves.
 *
 * @throws with the shortest walk that goes wrong.
 */
export async function walkBesideModel(open: () => Promise<Walked>, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, together) => {
      const walked = await open();
      try {
        await walk(walked, steps, together);
      } finally {
        await walked.dispose();
      }
    }),
    { numRuns },
  );
}

async function walk(walked: Walked, steps: readonly Step[], together: boolean): Promise<void> {
  const { store } = walked;
  const model = new MemoryStore();
  if (together) {
    // One group: the steps share a transaction, and still come in their order.
    const outcomes = await Promise.all(steps.map((step) => outcome(step(walked))));
    for (const [i, step] of steps.entries()) {
      const wanted = await outcome(step({ store: model }));
      // It is not specified what a search sees of concurrent writes.
      if (step !== search) deepStrictEqual(outcomes[i], wanted, `the answer of step ${i}`);
    }
  } else {
    for (const [i, step] of steps.entries()) {
      const answer = await outcome(step(walked));
      deepStrictEqual(answer, await outcome(step({ store: model })), `the answer of step ${i}`);
    }
  }
  deepStrictEqual(await stateOf(store), await stateOf(model), "what is stored");
  if (walked.flush) {
    await walked.flush();
    deepStrictEqual(await stateOf(store), await stateOf(model), "what is stored, everything indexed");
  }
  await walked.check?.(model);
}
