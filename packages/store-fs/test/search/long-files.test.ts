import fs, { readdirSync } from "node:fs";
import { join } from "node:path";
import { type SessionId, SessionManager, userMessage } from "@thulp-sessions/core";
import { parseSearchText, Yielder } from "@thulp-sessions/core/store";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SearchPrefilter } from "../../src/search/search-prefilter.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const LONG = 1_200_000;
let yields: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  // Takes every chance to give others their turn, however fast the machine is.
  vi.spyOn(Yielder.prototype, "isDue").mockReturnValue(true);
  yields = vi.spyOn(Yielder.prototype, "yieldToEventLoop");
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** @returns the ids of sessions of one text each. */
async function write(dir: string, ...texts: readonly string[]): Promise<readonly SessionId[]> {
  const store = await openFileStore({ dir, durability: "relaxed" });
  const manager = new SessionManager(store);
  const ids: SessionId[] = [];
  for (const text of texts) {
    const { metadata } = await manager.createSession("S", { type: "conversation", purpose: "" });
    await manager.addEntries(metadata.id, [userMessage(text)]);
    ids.push(metadata.id);
  }
  await store.close();
  return ids;
}

test("what is long is looked through in steps, also while others look through theirs", async () => {
  const dir = temporaryFolder();
  const texts = ["wheel ".repeat(LONG / 6), "cog ".repeat(LONG / 4), "spring"];
  const ids = await write(dir, ...texts);
  const prefilter = new SearchPrefilter();
  const skips = (word: string) =>
    Promise.all(
      ids.map((id) => prefilter.canSkip(id, join(dir, `${id}.json`), parseSearchText(word), new Yielder())),
    );
  yields.mockClear();
  expect(await skips("wheel")).toEqual([false, true, true]);
  expect(yields.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(await skips("cog")).toEqual([true, false, true]);
  expect(await skips("spring")).toEqual([true, true, false]);
  yields.mockClear();
  expect(await prefilter.canSkip(ids[2] as SessionId, join(dir, `${ids[2]}.json`), [], new Yielder())).toBe(
    false,
  );
  expect(yields).not.toHaveBeenCalled();
});

test("what is read of a file that was gone through comes in the next turn, and comes", async () => {
  const dir = temporaryFolder();
  const [id] = await write(dir, "wheel");
  expect(readdirSync(dir)).toContain(`${id}.json`);
  const now = Date.now();
  // So late that the file has been as it is for long.
  vi.spyOn(Date, "now").mockImplementation(() => now + 60_000);
  const store = await openFileStore({ dir });
  yields.mockClear();
  expect((await store.readEntries(id as SessionId, {})).items).toHaveLength(1);
  const first = yields.mock.calls.length;
  yields.mockClear();
  expect((await store.readEntries(id as SessionId, {})).items).toHaveLength(1);
  expect(first).toBe(yields.mock.calls.length + 1);
  await store.close();
});

async function hitsOf(dir: string, text: string) {
  const store = await openFileStore({ dir });
  const { items } = await store.search({ text });
  await store.close();
  return items;
}

test("long entries are found between short ones, in the text of every alphabet", async () => {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  const manager = new SessionManager(store);
  const { metadata } = await manager.createSession("S", { type: "conversation", purpose: "" });
  const texts = ["word ".repeat(LONG / 5), "колесо ".repeat(LONG / 13), "short"];
  await manager.addEntries(
    metadata.id,
    [...texts, ...texts].map((text) => userMessage(text)),
  );
  await store.close();
  for (const [i, word] of ["word", "колесо", "short"].entries())
    expect((await hitsOf(dir, word)).map(({ seq }) => seq)).toEqual([i, 3 + i]);
});

test("a long entry is read in one turn, decoded and parsed in others", async () => {
  const dir = temporaryFolder();
  await write(dir, "колесо ".repeat(LONG / 13));
  const store = await openFileStore({ dir });
  await store.search({ text: "колесо" });
  const parse = vi.spyOn(JSON, "parse");
  yields.mockClear();
  const read = vi.spyOn(fs, "readSync");
  await store.search({ text: "колесо" });
  const readAt = read.mock.invocationCallOrder.at(-1) ?? 0;
  const parsedAt = parse.mock.invocationCallOrder[parse.mock.calls.findIndex(([text]) => text.length > 1e5)];
  const between = yields.mock.invocationCallOrder.filter((at: number) => at > readAt && at < (parsedAt ?? 0));
  // Where UTF-16 is not the way, the engine decodes in one go.
  expect(between).toHaveLength(Number.parseInt(process.versions.node, 10) < 24 ? 3 : 2);
  await store.close();
});

test("a long entry that was overwritten while it was read is read again", async () => {
  const dir = temporaryFolder();
  await write(dir, "wheel ".repeat(LONG / 6));
  const parse = JSON.parse;
  let failures = 0;
  vi.spyOn(JSON, "parse").mockImplementation((text) => {
    if (text.length > LONG && failures++ === 0) throw new SyntaxError("planted");
    return parse(text);
  });
  expect(await hitsOf(dir, "wheel")).toHaveLength(1);
  expect(failures).toBe(2);
});
