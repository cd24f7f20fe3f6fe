import { SESSION_STATUSES, type SessionType } from "@thulp-sessions/core";
import { countEntries, headOf } from "@thulp-sessions/core/store";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import {
  assistantEntry,
  createAll,
  dialogue,
  EVERY_ENTRY_TYPE,
  makeEntry,
  makeSession,
  sessionId,
  T0,
  userEntry,
  withSeq,
} from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const EVERY_SESSION_TYPE: readonly SessionType[] = [
  { type: "teacher_demo", task: "sort a list", model: "m-1" },
  { type: "evaluation", skillName: "review", testCases: 12 },
  { type: "refinement", skillName: "review", iteration: 0 },
  { type: "conversation", purpose: "" },
  { type: "agent", agentName: "scout" },
];

export const createCases: readonly ConformanceCase[] = [
  conformanceCase(
    "create-get",
    ["CREATE-1", "GET-1", "CALL-3"],
    "get gives back what was created",
    async (store) => {
      const session = makeSession(1, {
        entries: dialogue(0, 5),
        context: { step: 3, notes: ["a", null] },
        tags: ["x"],
      });
      const head = await store.create(session);
      deepEqual(
        await store.get(sessionId(1)),
        { ...session, entries: withSeq(session.entries), version: head.version, epoch: head.epoch },
        "the session",
      );
    },
  ),

  conformanceCase(
    "create-empty",
    ["CREATE-1", "VALUE-10"],
    "a session without anything in it",
    async (store) => {
      const session = makeSession(1, { name: "", sessionType: { type: "agent", agentName: "" }, tags: [""] });
      const { version, epoch } = await store.create(session);
      deepEqual(await store.get(sessionId(1)), { ...session, version, epoch }, "the session");
      deepEqual((await store.list()).items, [session.metadata], "the list");
    },
  ),

  conformanceCase("create-answer", ["CREATE-3", "HEAD-1"], "create answers with the head", async (store) => {
    const entries = [...dialogue(0, 4), makeEntry(4, { type: "system_message" }, "s"), userEntry(5)];
    const session = makeSession(1, { entries, context: { a: 1 } });
    const answer = await store.create(session);
    const { metadata, context } = session;
    const expected = headOf(metadata, context, countEntries(entries), answer);
    deepEqual(answer, expected, "the answer");
    deepEqual(await store.head(sessionId(1)), expected, "the head");
  }),

  conformanceCase("create-taken-id", ["CREATE-2", "CALL-2"], "a taken id is refused", async (store) => {
    await store.create(makeSession(1, { name: "first", entries: dialogue(0, 3) }));
    await changesNothing(store, "a refused create", async () => {
      const error = await rejects(
        () => store.create(makeSession(1, { name: "second" })),
        "already_exists",
        "create of a taken id",
      );
      equal(error.details.sessionId, sessionId(1), "details.sessionId");
    });
  }),

  conformanceCase(
    "create-duplicate-entry-ids",
    ["CREATE-4"],
    "entries whose ids repeat are kept",
    async (store) => {
      const entries = [userEntry(1, "a"), assistantEntry(2), userEntry(1, "b"), userEntry(1, "a")];
      await store.create(makeSession(1, { entries }));
      deepEqual((await store.get(sessionId(1))).entries, withSeq(entries), "the entries");
      deepEqual((await store.readEntries(sessionId(1))).items, withSeq(entries), "the page");
      equal((await store.head(sessionId(1))).entryCount, 4, "entryCount");
    },
  ),

  conformanceCase(
    "create-from-stored",
    ["CREATE-5"],
    "a session as a store gave it can be given",
    async (store) => {
      await store.create(makeSession(1, { entries: dialogue(0, 3) }));
      const stored = await store.get(sessionId(1));
      const copy = {
        ...stored,
        inexact: true as const,
        metadata: { ...stored.metadata, id: sessionId(2) },
        entries: stored.entries.slice(1).map((entry) => ({ ...entry, inexact: true as const })),
      };
      const { version, epoch } = await store.create(copy);
      deepEqual(
        await store.get(sessionId(2)),
        { ...makeSession(2, { name: "Session 1" }), entries: withSeq(dialogue(1, 3)), version, epoch },
        "the copy",
      );
    },
  ),

  conformanceCase("create-tags", ["CREATE-6"], "tags keep order and duplicates", async (store) => {
    const tags = ["b", "a", "b", "B", "", "ä", "a\u0308", "b"];
    await store.create(makeSession(1, { tags }));
    deepEqual((await store.get(sessionId(1))).metadata.tags, tags, "tags of get");
    deepEqual((await store.head(sessionId(1))).metadata.tags, tags, "tags of head");
    deepEqual((await store.list()).items[0]?.tags, tags, "tags of list");
    const reversed = tags.toReversed();
    await store.update(sessionId(1), { tags: reversed }, { at: T0 + 1 });
    deepEqual((await store.get(sessionId(1))).metadata.tags, reversed, "tags after an update");
  }),

  conformanceCase(
    "create-every-type",
    ["CREATE-7"],
    "every type and status of session, every type of entry",
    async (store) => {
      const entries = EVERY_ENTRY_TYPE.map((type, n) => makeEntry(n, type, { n }));
      const sessions = EVERY_SESSION_TYPE.flatMap((sessionType, i) =>
        SESSION_STATUSES.map((status, j) => makeSession(i * 10 + j, { sessionType, status, entries })),
      );
      await createAll(store, sessions);
      for (const session of sessions) {
        const stored = await store.get(session.metadata.id);
        deepEqual(stored.metadata, session.metadata, "the metadata");
        deepEqual(stored.entries, withSeq(entries), "the entries");
      }
      const listed = await store.list({ limit: 1000, direction: "asc" });
      deepEqual(
        listed.items,
        sessions.map(({ metadata }) => metadata),
        "the list",
      );
    },
  ),

  conformanceCase("create-parent", ["CREATE-8", "DELETE-4"], "a parent need not be there", async (store) => {
    await store.create(makeSession(1, { parentSession: sessionId(99) }));
    await store.create(makeSession(2));
    await store.create(makeSession(3, { parentSession: sessionId(2) }));
    await store.delete(sessionId(2));
    equal((await store.head(sessionId(1))).metadata.parentSession, sessionId(99), "the missing parent");
    equal((await store.head(sessionId(3))).metadata.parentSession, sessionId(2), "the deleted parent");
  }),

  conformanceCase(
    "create-at-once",
    ["CREATE-9"],
    "of creates of one id at the same time one succeeds",
    async (store) => {
      const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
      const results = await Promise.allSettled(names.map((name) => store.create(makeSession(1, { name }))));
      const won = results.flatMap((result, i) => (result.status === "fulfilled" ? [names[i]] : []));
      equal(won.length, 1, "how many succeeded");
      for (const result of results)
        if (result.status === "rejected")
          await rejects(() => Promise.reject(result.reason), "already_exists", "the others");
      equal((await store.head(sessionId(1))).metadata.name, won[0], "the name");
      equal(await store.count(), 1, "count");
    },
  ),
];
