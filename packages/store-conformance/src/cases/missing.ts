import type { SessionStore } from "@thulp-sessions/core";
import { deepEqual, equal, ok, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const MISSING = sessionId(404);
const CALLS: Record<string, (store: SessionStore) => Promise<unknown>> = {
  get: (store) => store.get(MISSING),
  head: (store) => store.head(MISSING),
  update: (store) => store.update(MISSING, { name: "x" }, { at: T0 }),
  "update with a version": (store) => store.update(MISSING, {}, { at: T0, expectedVersion: "1" }),
  append: (store) => store.append(MISSING, [userEntry(1)], { at: T0 }),
  "append of nothing": (store) => store.append(MISSING, [], { at: T0 }),
  "append with a version": (store) => store.append(MISSING, [userEntry(1)], { at: T0, expectedVersion: "1" }),
  readEntries: (store) => store.readEntries(MISSING),
  "readEntries of the last": (store) => store.readEntries(MISSING, { last: 3 }),
  truncate: (store) => store.truncate(MISSING, 0, { at: T0 }),
  replace: (store) => store.replace(makeSession(404)),
  "replace with a version": (store) => store.replace(makeSession(404), { expectedVersion: "1" }),
};

export const missingCases: readonly ConformanceCase[] = [
  conformanceCase("call-missing", ["CALL-6", "CALL-1"], "a session that is not there", async (store) => {
    await store.create(makeSession(1, { entries: dialogue(0, 2) }));
    await changesNothing(store, "calls for a missing session", async () => {
      for (const [what, call] of Object.entries(CALLS)) {
        const error = await rejects(() => call(store), "not_found", what);
        equal(error.details.sessionId, MISSING, `details.sessionId of ${what}`);
      }
      equal(await store.delete(MISSING), false, "delete");
    });
  }),

  conformanceCase("call-surface", ["CALL-7"], "location, capabilities and warnings", async (store) => {
    ok(typeof store.location === "string" && store.location !== "", "location is no text");
    const { persistent, shared, exactNumbers, writable, searchable = true } = store.capabilities;
    deepEqual(
      [persistent, shared, exactNumbers, writable, searchable].map((flag) => typeof flag),
      ["boolean", "boolean", "boolean", "boolean", "boolean"],
      "the capabilities",
    );
    const stop = store.warnings.listen(() => {});
    equal(typeof stop, "function", "what warnings.listen gives");
    stop();
  }),

  conformanceCase(
    "search-offered",
    ["CAPABILITY-6"],
    "a store that says so does not search",
    async (store) => {
      await store.create(makeSession(1, { entries: [userEntry(1, "needle")] }));
      const search = (order: "newest" | "rank") => store.search({ text: "needle", order });
      for (const order of ["newest", "rank"] as const) {
        if (store.capabilities.searchable ?? true) {
          equal((await search(order)).items.length, 1, `the hits, ${order}`);
          continue;
        }
        const { message } = await rejects(() => search(order), "unsupported", order);
        ok(message.includes(store.location), `the refusal does not name the place: ${message}`);
      }
      await rejects(() => store.search({ text: "x".repeat(4097) }), "invalid_input", "a wrong argument");
    },
  ),

  {
    id: "call-kind",
    clauses: ["CALL-10"],
    name: "the kind of two stores",
    async run(factory) {
      const kinds: string[] = [];
      const note = conformanceCase("call-kind", ["CALL-10"], "the kind of one store", async ({ kind }) => {
        ok(typeof kind === "string" && kind !== "" && kind.length <= 32, `kind is no short text: ${kind}`);
        kinds.push(kind);
      });
      await note.run(factory);
      await note.run(factory);
      equal(kinds[1], kinds[0], "the kind of another store");
    },
  },

  conformanceCase("call-empty-store", ["CALL-6", "LIST-1", "COUNT-1"], "an empty store", async (store) => {
    const nothing = { items: [], nextCursor: null };
    deepEqual(await store.list(), nothing, "list");
    equal(await store.count(), 0, "count");
    deepEqual(await store.search({ text: "anything" }), nothing, "search");
  }),
];
