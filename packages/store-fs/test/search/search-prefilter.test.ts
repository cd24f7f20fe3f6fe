import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  newUuid,
  type Session,
  type SessionEntry,
  type SessionId,
  type SessionStore,
  type StoreWarning,
} from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { SearchPrefilter } from "../../src/search/search-prefilter.ts";
import * as states from "../../src/session/load-state.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../temporary-folder.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * Few letters, and such as stand nowhere else in a file, so that words meet and are missing; and what makes
 * texts odd: escapes, accents, cases, marks, scripts without spaces.
 */
const plain = [..."qqwwQWk12  \t\n\"\\/.-_*'—🙂", "\\u0071", "\u0007"];
const unit = fc.constantFrom(...plain, ..."éÉß²KÅ½ﬁА漢", "q\u0301", "\u0301", "\ufe0f");
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...plain), maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit, maxLength: 12 }) },
);
const content = fc.oneof(
  text,
  fc.record({ qw: text, deep: fc.array(text, { maxLength: 2 }) }),
  fc.dictionary(text, text, { maxKeys: 2 }),
);
const fate = fc.record({
  what: fc.constantFrom("nothing", "nothing", "escape", "spoil", "cut", "compact"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;
const someSession = fc.record({
  name: text,
  contents: fc.array(content, { maxLength: 3 }),
  early: fate,
  late: fate,
});
const query = fc.oneof(
  // Mostly such as can be found.
  { weight: 6, arbitrary: fc.constantFrom("q", "W", "qw", "w*", "k", "kw*", "qq", '"q w"', "q k") },
  { weight: 2, arbitrary: fc.constantFrom("1", "é", "ß", "漢", "fi*", "u0071", "n", "deep", "zz") },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: text.map((words) => `"${words}"`) },
  { weight: 1, arbitrary: text.map((word) => `${word}*`) },
);

test("what is skipped over holds nothing that would be found or warned of", async () => {
  const now = Date.now();
  // So late that all files have been as they are for long.
  vi.spyOn(Date, "now").mockImplementation(() => now + 60_000);
  const canSkip = SearchPrefilter.prototype.canSkip;
  let skipped = 0;
  const prefilter = vi.spyOn(SearchPrefilter.prototype, "canSkip");
  const withPrefilter = () =>
    prefilter.mockImplementation(async function (this: SearchPrefilter, ...args) {
      const skips = await canSkip.apply(this, args);
      if (skips) skipped++;
      return skips;
    });
  await fc.assert(
    fc.asyncProperty(
      fc.array(someSession, { minLength: 1, maxLength: 4 }),
      fc.array(query, { minLength: 1, maxLength: 4 }),
      async (sessions, queries) => {
        const dir = makeFolder();
        const store = await openFileStore({ dir, durability: "relaxed" });
        const compareAll = async () => {
          for (const each of queries) {
            withPrefilter();
            const found = await searched(store, each);
            prefilter.mockResolvedValue(false);
            expect(found).toEqual(await searched(store, each));
          }
        };
        try {
          const paths: string[] = [];
          for (const [i, { name, contents, early }] of sessions.entries()) {
            const made = sessionOf(name, contents);
            await store.create(made);
            const path = join(dir, `${made.metadata.id}.json`);
            paths.push(path);
            meet(path, early, 1_600_000_000 + i);
          }
          // The list tells its own warnings once.
          await store.list({});
          await compareAll();
          // What was found to be intact is only looked through now.
          await compareAll();
          for (const [i, path] of paths.entries())
            meet(path, (sessions[i] as { late: Fate }).late, 1_700_000_000 + i);
          await store.list({});
          await compareAll();
        } finally {
          await store.close();
          removeFolder(dir);
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(skipped).toBeGreaterThan(100);
});

test("that a file is intact is found out once for each of its states, and its damage is reported each time", async () => {
  const dir = temporaryFolder();
  const now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now + 60_000);
  const isIntact = vi.spyOn(states, "isIntact");
  const store = await openFileStore({ dir, durability: "relaxed" });
  const made = sessionOf("n", [{ text: "a few words" }, { text: "and more" }]);
  const path = join(dir, `${made.metadata.id}.json`);
  await store.create(made);
  for (let i = 0; i < 3; i++) expect(await searched(store, "zz")).toEqual({ hits: [], warnings: [] });
  expect(isIntact).toHaveBeenCalledTimes(1);
  await store.append(made.metadata.id, [entryOf({ text: "zz" }, 1)], { at: 2 });
  expect((await searched(store, "zz")).hits).toMatchObject([{ seq: 2 }]);
  expect((await searched(store, "yy")).hits).toEqual([]);
  expect(isIntact).toHaveBeenCalledTimes(2);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("few")] = 0x07;
  writeFileSync(path, bytes);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  for (let i = 0; i < 2; i++)
    expect((await searched(store, "yy")).warnings).toMatchObject([{ code: "corrupt", path }]);
  await store.close();
});

test("a file that was written within the last tick of the clock is not taken for known", async () => {
  const dir = temporaryFolder();
  const isIntact = vi.spyOn(states, "isIntact");
  const store = await openFileStore({ dir, durability: "relaxed" });
  const made = sessionOf("n", [{ text: "a few words" }]);
  await store.create(made);
  const now = statSync(join(dir, `${made.metadata.id}.json`)).ctimeMs;
  vi.spyOn(Date, "now").mockImplementation(() => now + 1);
  for (let i = 0; i < 3; i++) await searched(store, "zz");
  expect(isIntact).toHaveBeenCalledTimes(3);
  await store.close();
});

async function searched(store: SessionStore, words: string) {
  const warnings: StoreWarning[] = [];
  const stop = store.warnings.listen((warning) => void warnings.push(warning));
  const { items } = await store.search({ text: words, limit: 200 });
  stop();
  return { hits: items, warnings };
}

function entryOf(content: SessionEntry["content"], timestamp: number): SessionEntry {
  return { id: newUuid() as SessionEntry["id"], timestamp, entryType: { type: "user_message" }, content };
}

function sessionOf(name: string, contents: readonly SessionEntry["content"][]): Session {
  return {
    metadata: {
      id: newUuid() as SessionId,
      name,
      sessionType: { type: "agent", agentName: "a" },
      createdAt: 1,
      updatedAt: 1,
      status: "active",
      tags: [],
      parentSession: null,
    },
    entries: contents.map(entryOf),
    context: {},
  };
}

/**
 * Lets something happen to a file behind the back of the store. @param time in seconds, of the file from then
 * on.
 */
function meet(path: string, { what, at }: Fate, time: number): void {
  const bytes = readFileSync(path);
  const entriesStart = bytes.indexOf('"entries"');
  const place = entriesStart + Math.floor(at * (bytes.length - entriesStart));
  if (what === "escape") {
    // Every letter of the contents in another way, as others write it.
    const escaped = bytes
      .toString()
      .slice(entriesStart)
      .replace(
        /(?<="content": [^\n]*|: "|^ {8,}")[qw]/gim,
        (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`,
      );
    writeFileSync(path, bytes.toString().slice(0, entriesStart) + escaped);
  } else if (what === "spoil") {
    bytes[place] = [0x22, 0x5c, 0x07, 0xff, 0x7d][place % 5] as number;
    writeFileSync(path, bytes);
  } else if (what === "cut") {
    writeFileSync(path, bytes.subarray(0, place));
  } else if (what === "compact") {
    try {
      writeFileSync(path, JSON.stringify(JSON.parse(bytes.toString())));
    } catch {
      // Damaged before: then it stays so.
    }
  }
  utimesSync(path, time, time + 0.5);
}
