import {
  type EntryType,
  isSessionError,
  type JsonValue,
  type SearchHit,
  type SearchQuery,
  type SessionEntry,
  type SessionId,
  type SessionStore,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { contentStrings } from "@thulp-sessions/core/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Database } from "../src/connection/database.ts";
import { parsePostgresUrl } from "../src/connection/postgres-url.ts";
import { openPostgresStore } from "../src/index.ts";
import { DeferredIndex } from "../src/maintenance/deferred-index.ts";
import { tsvectorOf } from "../src/tables/words.ts";
import { MISSING, newPlace, type Place } from "./place.ts";
import { session } from "./session-data.ts";
import { openAt, testPlace } from "./test-place.ts";

const RUNS = process.env["SOAK"] !== "1" ? 25 : 300;
const urls = new WeakMap<SessionStore, string>();

async function flushIndex(url = ""): Promise<void> {
  const database = new Database(parsePostgresUrl(url), {
    durability: "relaxed",
    retryForMs: 0,
    warn: () => {},
  });
  const index = new DeferredIndex(database);
  while (!(await index.flushRound()).isDone);
  await database.close();
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

type Step = (store: SessionStore) => Promise<unknown>;
/** Brings the index up to date, so that what follows finds it in every state. */
const search: Step = async (store) => {
  if (urls.has(store)) await flushIndex(urls.get(store));
  return store.search({ text: "alpha" });
};
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ id, name: text, tags, entries, updatedAt: at }).map(
      ({ entries, ...given }): Step =>
        (store) =>
          store.create(session(given, entries)),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(id, entries, at).map(
      ([id, entries, at]): Step =>
        (store) =>
          store.append(id, entries, { at }),
    ),
  },
  fc.tuple(id, text, fc.option(tags, { nil: undefined }), at).map(
    ([id, name, tags, at]): Step =>
      (store) =>
        store.update(id, { name, tags, setContext: { name } }, { at }),
  ),
  fc.tuple(id, fc.nat(4), at).map(
    ([id, count, at]): Step =>
      (store) =>
        store.truncate(id, count, { at }),
  ),
  fc.record({ id, name: text, tags, entries, updatedAt: at }).map(
    ({ entries, ...given }): Step =>
      (store) =>
        store.replace(session(given, entries)),
  ),
  id.map(
    (id): Step =>
      (store) =>
        store.delete(id),
  ),
  { weight: 3, arbitrary: fc.constant(search) },
);

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

/** What `search_docs` should have and has, and times in the indices that are not those of the heads. */
async function indexedIn(
  place: Place,
  model: SessionStore,
): Promise<{ wanted: string[]; found: string[]; stale: readonly unknown[] }> {
  const docs = await place.ask("SELECT session_id, seq, words::text FROM {schema}.search_docs");
  const found = docs.map(({ session_id, seq, words }) => `${session_id} ${seq} ${sorted(words)}`);
  const stale = await place.ask(`
    SELECT h.session_id FROM {schema}.heads h
    FULL JOIN {schema}.sessions s ON s.id = h.session_id
    LEFT JOIN {schema}.session_tags t ON t.session_id = h.session_id
    WHERE h.session_id IS NULL OR s.id IS NULL OR h.index_pending OR h.updated_at <> s.listed_at
      OR h.status <> s.status OR h.created_at <> s.created_at
      OR t.listed_at <> h.updated_at OR t.created_at <> h.created_at`);
  const wanted: string[] = [];
  for (const { id, name } of (await model.list()).items) {
    wanted.push(`${id} -1 ${sorted(tsvectorOf([name]))}`);
    for (const { seq, content } of (await model.get(id)).entries)
      wanted.push(`${id} ${seq} ${sorted(tsvectorOf(contentStrings(content)))}`);
  }
  return { wanted: wanted.sort(), found: found.sort(), stale };
}

/** Whatever the order of the words. */
function sorted(tsvector: unknown): string {
  return String(tsvector ?? "everything")
    .split(" ")
    .sort()
    .join(" ");
}

test.skipIf(MISSING !== null)(
  "answers, stores and finds what the memory store does",
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, together) => {
        const model = new MemoryStore();
        const place = newPlace();
        const store = await openPostgresStore({ url: place.url() });
        urls.set(store, place.url());
        if (together) {
          // One group: the steps share a transaction, and still come in their order.
          const outcomes = await Promise.all(steps.map((step) => outcome(step(store))));
          for (const [i, step] of steps.entries()) {
            const wanted = await outcome(step(model));
            // It is not specified what a search sees of concurrent writes.
            if (step !== search) expect(outcomes[i]).toEqual(wanted);
          }
        } else {
          for (const step of steps) expect(await outcome(step(store))).toEqual(await outcome(step(model)));
        }
        expect(await stateOf(store)).toEqual(await stateOf(model));
        await flushIndex(place.url());
        expect(await stateOf(store)).toEqual(await stateOf(model));
        const { wanted, found, stale } = await indexedIn(place, model);
        expect(found).toEqual(wanted);
        expect(stale).toEqual([]);
        await store.close();
        await place.dispose();
      }),
      { numRuns: RUNS },
    );
  },
);

test.skipIf(MISSING !== null)("a search of thousands of words is no error", async () => {
  const store = await openAt(testPlace().url());
  const words = Array.from({ length: 1300 }, (_, i) => i.toString(36));
  await store.create(session({ name: words.join(" ") }));
  expect((await store.search({ text: words.join(" ").slice(0, 4096) })).items).toHaveLength(1);
  expect((await store.search({ text: `"${words.join(" ")}`.slice(0, 4096) })).items).toHaveLength(1);
});
