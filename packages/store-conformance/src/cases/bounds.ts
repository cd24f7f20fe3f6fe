import type { Session, SessionChange, SessionHead, SessionMetadata, SessionType } from "@thulp-sessions/core";
import { deepEqual, equal, rejects } from "../assert.ts";
import { type ConformanceCase, conformanceCase } from "../conformance-case.ts";
import { dialogue, makeSession, range, sessionId, T0, userEntry } from "../fixtures.ts";
import { changesNothing } from "../reading.ts";

const ID = sessionId(1);
const KiB = 1024;
const MiB = 1024 * KiB;

/** A text of so many bytes, few of which are units of UTF-16. */
function text(bytes: number): string {
  return "€".repeat(Math.floor(bytes / 3)) + "a".repeat(bytes % 3);
}

/** Every field of metadata that is a text, in sessions that hold nothing else of any length. */
const TEXTS: Record<string, (value: string) => Partial<SessionMetadata>> = {
  name: (name) => ({ name }),
  "a tag": (tag) => ({ tags: ["short", tag] }),
  purpose: (purpose) => ({ sessionType: { type: "conversation", purpose } }),
  agentName: (agentName) => ({ sessionType: { type: "agent", agentName } }),
  task: (task) => ({ sessionType: { type: "teacher_demo", task, model: "m" } }),
  model: (model) => ({ sessionType: { type: "teacher_demo", task: "t", model } }),
  "skillName of an evaluation": (skillName) => ({
    sessionType: { type: "evaluation", skillName, testCases: 1 },
  }),
  "skillName of a refinement": (skillName) => ({
    sessionType: { type: "refinement", skillName, iteration: 1 },
  }),
};

/** Metadata of just so many bytes as JSON, by tags that are each short enough. */
function metadataOf(session: Session, bytes: number): Session {
  const withTags = (tags: string[]): Session => ({ ...session, metadata: { ...session.metadata, tags } });
  const tags = Array.from({ length: Math.floor(bytes / (60 * KiB)) }, () => text(50 * KiB));
  const length = (tag: string) =>
    new TextEncoder().encode(JSON.stringify(withTags([...tags, tag]).metadata)).length;
  const left = bytes - length("");
  const more = Array.from({ length: Math.floor(left / (60 * KiB)) }, () => "a".repeat(60 * KiB - 3));
  return withTags([...tags, ...more, "a".repeat(left - more.length * 60 * KiB)]);
}

/** A context of just so many bytes as JSON. */
function contextOf(bytes: number) {
  const half = Math.floor(bytes / 2);
  return { a: "a".repeat(half), b: "b".repeat(bytes - half - '{"a":"","b":""}'.length) };
}

/** What is larger than a new session may be, and came from a store. */
function stored(session: Session) {
  return { ...session, version: "of a store" };
}

export const boundsCases: readonly ConformanceCase[] = [
  conformanceCase(
    "bounds-texts",
    ["VALUE-9", "CALL-2"],
    "texts of metadata that are too long",
    async (store) => {
      await store.create(makeSession(1));
      await changesNothing(store, "what is too long", async () => {
        for (const [what, having] of Object.entries(TEXTS)) {
          const long = having(text(64 * KiB + 1));
          const error = await rejects(() => store.create(makeSession(2, long)), "invalid_input", what);
          equal(error.details.field?.startsWith("metadata."), true, `the field of ${what}`);
          await rejects(() => store.replace(makeSession(1, long)), "invalid_input", `replace: ${what}`);
          await rejects(
            () => store.update(ID, long as SessionChange, { at: T0 }),
            "invalid_input",
            `update: ${what}`,
          );
        }
      });
      for (const [what, having] of Object.entries(TEXTS)) {
        const longest = having(text(64 * KiB));
        const { metadata } = await store.update(ID, longest as SessionChange, { at: T0 });
        deepEqual({ ...metadata, ...longest }, metadata, `the longest ${what}`);
      }
    },
  ),

  conformanceCase(
    "bounds-metadata",
    ["VALUE-11", "CALL-2"],
    "metadata that are too long together",
    async (store) => {
      const most = metadataOf(makeSession(1), MiB);
      await store.create(most);
      deepEqual((await store.head(ID)).metadata, most.metadata, "the longest metadata");
      await changesNothing(store, "what is too long", async () => {
        const { tags } = metadataOf(makeSession(1), MiB + 1).metadata;
        await rejects(() => store.create(makeSession(2, { tags })), "invalid_input", "create");
        await rejects(() => store.replace(makeSession(1, { tags })), "invalid_input", "replace");
        await rejects(() => store.update(ID, { tags }, { at: T0 }), "invalid_input", "update of tags");
        await rejects(
          () => store.update(ID, { name: `${most.metadata.name}x` }, { at: T0 }),
          "invalid_input",
          "a longer name",
        );
      });
      const { metadata } = await store.update(ID, { name: "x", status: "paused" }, { at: T0 });
      equal(metadata.name, "x", "a shorter name");
    },
  ),

  conformanceCase("bounds-context", ["VALUE-12", "CALL-2"], "a context that is too long", async (store) => {
    const most = contextOf(16 * MiB);
    await store.create(makeSession(1, { context: { a: 1 } }));
    await changesNothing(store, "what is too long", async () => {
      const context = contextOf(16 * MiB + 1);
      await rejects(() => store.create(makeSession(2, { context })), "invalid_input", "create");
      await rejects(() => store.replace(makeSession(1, { context })), "invalid_input", "replace");
      await rejects(() => store.update(ID, { context }, { at: T0 }), "invalid_input", "update");
    });
    await store.update(ID, { context: most }, { at: T0 });
    await changesNothing(store, "one value more", async () => {
      const setContext = { c: 0 };
      await rejects(() => store.update(ID, { setContext }, { at: T0 }), "invalid_input", "setContext");
      await rejects(
        () => store.append(ID, [userEntry(1)], { at: T0, setContext }),
        "invalid_input",
        "setContext of an append",
      );
    });
    const { context } = await store.update(ID, { setContext: { b: "short" } }, { at: T0 });
    deepEqual(context, { ...most, b: "short" }, "the context with a shorter value");
  }),

  conformanceCase(
    "bounds-stored",
    ["VALUE-13"],
    "what a store has given may be larger, and can be changed elsewhere",
    async (store) => {
      const sessionType: SessionType = { type: "agent", agentName: text(70 * KiB) };
      const tags = [...range(0, 20).map((n) => text(60 * KiB) + n), text(80 * KiB)];
      const large = makeSession(1, { name: text(90 * KiB), sessionType, tags, entries: dialogue(0, 4) });
      await store.create(stored(large));
      const same = async (what: string, head: SessionHead, change: Partial<SessionMetadata>) => {
        const { updatedAt } = head.metadata;
        deepEqual(head.metadata, { ...large.metadata, ...change, updatedAt }, what);
        deepEqual((await store.list()).items, [head.metadata], `the list after ${what}`);
      };
      await same("the session", await store.head(ID), {});
      await same("a new status", await store.update(ID, { status: "paused" }, { at: T0 }), {
        status: "paused",
      });
      await store.append(ID, [userEntry(9)], { at: T0 });
      await same("a rewind", await store.truncate(ID, 3, { at: T0 }), { status: "paused" });
      await changesNothing(store, "more of it", async () => {
        const more = [...tags, "one more"];
        await rejects(() => store.update(ID, { tags: more }, { at: T0 }), "invalid_input", "one tag more");
        await rejects(
          () => store.update(ID, { name: text(90 * KiB + 1) }, { at: T0 }),
          "invalid_input",
          "a longer name",
        );
      });
      const fewer = tags.slice(1);
      await same("a tag less", await store.update(ID, { tags: fewer }, { at: T0 }), {
        status: "paused",
        tags: fewer,
      });
      const whole = await store.get(ID);
      await same("the same given back", await store.replace(whole), { status: "paused", tags: fewer });
      await store.delete(ID);
      await store.create(whole);
      deepEqual((await store.get(ID)).metadata, whole.metadata, "the session created again");
    },
  ),
];
