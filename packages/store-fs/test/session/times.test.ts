import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry, SessionManager, userMessage } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { withinOneTick } from "../one-tick.ts";
import { temporaryFolder } from "../temporary-folder.ts";

// Git's racy rule: a file that is changed twice while the clock of its file system stands still shows one
// time only.

const ID = "aaaaaaaa-0000-4000-8000-000000000001";

function entry(text: string): SessionEntry {
  return { id: newUuid(), timestamp: 1, ...userMessage(text) } as SessionEntry;
}

async function openSession(durability: "full" | "relaxed", reuseInodes = false) {
  const { touch } = withinOneTick(reuseInodes);
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability });
  onTestFinished(() => store.close());
  await new SessionManager(store, { clock: () => 1 }).createSession(
    "name 0",
    { type: "agent", agentName: "a" },
    { id: ID },
  );
  const path = join(dir, `${ID}.json`);
  let number = 0;
  return {
    dir,
    store,
    path,
    /** By another program, in place, to the same length. Gives the name that the session has then. */
    rewrite: () => {
      const name = `name ${++number % 10}`;
      writeFileSync(path, readFileSync(path, "utf8").replace(/name \d/, name));
      touch(path);
      return name;
    },
    /** The same with a file of its own in the place of the old one. */
    replace: () => {
      const name = `name ${++number % 10}`;
      writeFileSync(`${path}.other`, readFileSync(path, "utf8").replace(/name \d/, name));
      renameSync(`${path}.other`, path);
      return name;
    },
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(["full", "relaxed"] as const)("within one tick, at durability %s", (durability) => {
  test.each(["rewrite", "replace"] as const)(
    "what another program does (%s) after a write of ours is noticed",
    async (how) => {
      const session = await openSession(durability);
      const { store } = session;
      const writes: [string, () => Promise<unknown>][] = [
        ["an append", () => store.append(ID, [entry("text")], { at: 2 })],
        ["another", () => store.append(ID, [entry("text")], { at: 3 })],
        ["a change", () => store.update(ID, { status: "paused" }, { at: 4 })],
        ["an append after that", () => store.append(ID, [entry("text")], { at: 5 })],
      ];
      for (const [what, write] of writes) {
        await write();
        const name = session[how]();
        expect((await store.head(ID)).metadata.name, what).toBe(name);
        // Read within the tick, and changed again within it.
        const again = session[how]();
        expect((await store.get(ID)).metadata.name, what).toBe(again);
        expect(
          (await store.list()).items.map((item) => item.name),
          what,
        ).toEqual([again]);
        expect(
          (await store.list()).items.map((item) => item.name),
          what,
        ).toEqual([again]);
        const last = session[how]();
        expect(
          (await store.list()).items.map((item) => item.name),
          what,
        ).toEqual([last]);
      }
      // An append rests on what is there, not on what was.
      const name = session[how]();
      const { version } = await store.append(ID, [entry("last")], { at: 6 });
      expect(await store.head(ID)).toMatchObject({ version, entryCount: 4, metadata: { name } });
    },
  );

  test("two changes by another of our stores are noticed, though the file has an old number again", async () => {
    const { dir, store } = await openSession(durability, true);
    const other = await openFileStore({ dir, durability });
    onTestFinished(() => other.close());
    await store.append(ID, [entry("text")], { at: 2 });
    for (let i = 1; i < 5; i++) {
      await other.update(ID, { name: `name ${i + 1}` }, { at: 2 });
      await other.update(ID, { name: `name ${i}` }, { at: 2 });
      expect((await store.head(ID)).metadata.name).toBe(`name ${i}`);
    }
  });
});
