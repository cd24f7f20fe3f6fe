import { readdirSync } from "node:fs";
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
