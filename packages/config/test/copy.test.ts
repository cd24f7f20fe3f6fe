import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CopyOptions,
  copySessions,
  type EntryType,
  newUuid,
  type Session,
  type SessionEntry,
  type SessionType,
  sameSession,
} from "@thulp-sessions/core";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStore, rawCopy } from "../src/index.ts";
import { tempFolder } from "./temp-folder.ts";

const NOTHING = { copied: 0, equal: 0, replaced: 0, conflicts: [], inexact: [], unreadable: [], refused: [] };

async function open(url: string) {
  const store = await openStore(url, { durability: "relaxed", bulk: true });
  onTestFinished(() => store.close());
  return store;
}

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const sessionType: fc.Arbitrary<SessionType> = fc.oneof(
  fc.record({ type: fc.constant("teacher_demo" as const), task: text, model: text }),
  fc.record({ type: fc.constant("evaluation" as const), skillName: text, testCases: whole }),
  fc.record({ type: fc.constant("refinement" as const), skillName: text, iteration: whole }),
  fc.record({ type: fc.constant("conversation" as const), purpose: text }),
  fc.record({ type: fc.constant("agent" as const), agentName: text }),
);
const entryType: fc.Arbitrary<EntryType> = fc.oneof(
  fc.record({ type: fc.constantFrom("user_message", "assistant_message", "system_message") }),
  fc.record({ type: fc.constant("tool_call" as const), toolName: text, success: fc.boolean() }),
  fc.record({ type: fc.constant("skill_execution" as const), skillName: text, success: fc.boolean() }),
  fc.record({
    type: fc.constant("evaluation_result" as const),
    score: fc.double({ noNaN: true, noDefaultInfinity: true }),
    metrics: fc.dictionary(text, fc.double({ noNaN: true, noDefaultInfinity: true }), { maxKeys: 3 }),
  }),
  fc.record({ type: fc.constant("system_event" as const), event: text }),
) as fc.Arbitrary<EntryType>;
const json = fc.jsonValue({ stringUnit: "grapheme", maxDepth: 4 }) as fc.Arbitrary<SessionEntry["content"]>;
const uuid = fc.uuid() as unknown as fc.Arbitrary<SessionEntry["id"]>;
const session = fc
  .record({
    metadata: fc.record({
      id: uuid,
      name: text,
      sessionType,
      createdAt: whole,
      updatedAt: whole,
      status: fc.constantFrom("active", "completed", "failed", "cancelled", "paused"),
      tags: fc.array(text, { maxLength: 3 }),
      parentSession: fc.option(uuid),
    }),
    entries: fc.array(fc.record({ id: uuid, timestamp: whole, entryType, content: json }), { maxLength: 6 }),
    context: fc.dictionary(text, json, { maxKeys: 3 }),
    // Files of the original may hold an entry twice.
    repeated: fc.boolean(),
  })
  .map(({ repeated, ...given }) => ({
    ...given,
    entries: repeated ? [...given.entries, ...given.entries.slice(0, 1)] : given.entries,
  })) as unknown as fc.Arbitrary<Session>;

test("thousands of sessions come back from SQLite as they were, and copying them again changes nothing", async () => {
  const folder = tempFolder();
  const sessions = fc.sample(session, { seed: 7, numRuns: 2000 });
  const from = await open(`fs:${folder}/from`);
  for (const each of sessions) await from.create(each);
  const between = await open(`sqlite:${folder}/between.db`);
  const back = await open(`fs:${folder}/back`);
  expect(await copySessions(from, between)).toEqual({ ...NOTHING, copied: 2000 });
  expect(await copySessions(between, back)).toEqual({ ...NOTHING, copied: 2000 });
  for (const each of sessions) expect(sameSession(each, await back.get(each.metadata.id))).toBe(true);
  const bytes = (in_: string) =>
    sessions.map(({ metadata }) => readFileSync(join(folder, in_, `${metadata.id}.json`), "utf8"));
  const before = bytes("back");
  expect(await copySessions(from, between)).toEqual({ ...NOTHING, equal: 2000 });
  expect(await copySessions(between, back)).toEqual({ ...NOTHING, equal: 2000 });
  expect(await copySessions(back, from)).toEqual({ ...NOTHING, equal: 2000 });
  expect(bytes("back")).toEqual(before);
}, 60_000);

describe("a session with a number that JavaScript can only round", () => {
  const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
  const EXACT = "12345678901234567890123";

  /** Two stores of files; the first holds the session, and `number` in one entry far back. */
  async function stores({ entries = 3, number = EXACT, size = 10 } = {}) {
    const folder = tempFolder();
    const from = await open(`fs:${folder}/from`);
    const to = await open(`fs:${folder}/to`);
    await from.create(
      plainSession(
        Array.from({ length: entries }, (_, i) => (i === entries - 1 ? 424242424242 : "x".repeat(size))),
      ),
    );
    const path = (where: "from" | "to") => join(folder, where, `${ID}.json`);
    const bytes = (where: "from" | "to") => readFileSync(path(where), "utf8");
    writeFileSync(path("from"), bytes("from").replace("424242424242", number));
    const copy = async (options: CopyOptions = {}) =>
      copySessions(from, to, { ...options, raw: await rawCopy(from, to) });
    return { from, to, bytes, path, copy };
  }

  function plainSession(contents: readonly SessionEntry["content"][]): Session {
    return {
      metadata: {
        id: ID as Session["metadata"]["id"],
        name: "large numbers",
        sessionType: { type: "agent", agentName: "a" },
        createdAt: 1,
        updatedAt: 1000,
        status: "active",
        tags: [],
        parentSession: null,
      },
      entries: contents.map((content, i) => ({
        id: newUuid() as SessionEntry["id"],
        timestamp: i,
        entryType: { type: "user_message" },
        content,
      })),
      context: {},
    };
  }

  test.each([
    ["small", {}],
    ["of more than one step", { entries: 600, size: 10_000 }],
  ])("passes from files to files as it stands, %s", async (_, given) => {
    const { bytes, copy } = await stores(given);
    expect(await copy()).toEqual({ ...NOTHING, copied: 1 });
    expect(bytes("to")).toContain(EXACT);
    expect(bytes("to")).toBe(bytes("from"));
    expect(await copy({ allowLossy: true })).toEqual({ ...NOTHING, equal: 1 });
  });

  test("does not take the place of a rounded copy, or of another, unless that is allowed", async () => {
    const { from, to, bytes, copy } = await stores();
    expect(await copySessions(from, to, { allowLossy: true })).toEqual({ ...NOTHING, copied: 1 });
    expect(bytes("to")).not.toContain(EXACT);
    expect(await copy()).toEqual({ ...NOTHING, conflicts: [ID] });
    expect(await copy({ onConflict: "newer" })).toEqual({ ...NOTHING, conflicts: [ID] });
    expect(await copy({ onConflict: "replace" })).toEqual({ ...NOTHING, replaced: 1 });
    expect(bytes("to")).toBe(bytes("from"));
  });

  test("goes on with a copy that holds its exact beginning", async () => {
    const { from, to, bytes, copy } = await stores();
    const { metadata, context, entries } = await from.get(ID);
    await to.create({ metadata, context, entries: entries.slice(0, 2) });
    expect(await copy()).toEqual({ ...NOTHING, copied: 1 });
    expect(bytes("to")).toBe(bytes("from"));
  });

  test("is copied as it was at one moment while it is written to", async () => {
    const { from, bytes, path, copy } = await stores({ entries: 3, size: 3_000_000 });
    const copying = copy();
    for (let i = 0; i < 20; i++) {
      await from.append(ID, [{ ...(plainSession([i]).entries[0] as SessionEntry) }], { at: 3000 + i });
    }
    expect(await copying).toEqual({ ...NOTHING, copied: 1 });
    const copied = await (await open(`fs:${join(path("to"), "..")}`)).get(ID);
    const now = await from.get(ID);
    expect(now.entries.slice(0, copied.entries.length)).toEqual(copied.entries);
    expect(bytes("to")).toContain(EXACT);
  });

  test("stops before any other kind of store", async () => {
    const { from } = await stores();
    const to = await open(`sqlite:${tempFolder()}/to.db`);
    expect(await rawCopy(from, to)).toBeUndefined();
    expect(await copySessions(from, to)).toEqual({ ...NOTHING, inexact: [{ id: ID, places: [2] }] });
  });
});
