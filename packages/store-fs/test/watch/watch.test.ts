import { EventEmitter } from "node:events";
import fs, { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, SessionManager } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function openWatched() {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  const { metadata } = await new SessionManager(store).createSession("s", { type: "agent", agentName: "a" });
  // Long enough ago for the clock of the file system.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const changes = await store.watch();
  return { dir, id: metadata.id as string, path: join(dir, `${metadata.id}.json`), changes };
}

/** Makes each kind of change from outside, and lets the time that `pass` gives go by before it looks. */
async function expectAllTold(pass: () => void): Promise<void> {
  const { dir, id, path, changes } = await openWatched();
  const text = readFileSync(path, "utf8");
  const added = newUuid();
  const steps: [type: string, id: string, change: () => void][] = [
    ["changed", id, () => writeFileSync(path, text.replace('"s"', '"t"'))],
    ["created", added, () => writeFileSync(join(dir, `${added}.json`), text)],
    ["deleted", id, () => renameSync(path, `${path}.away`)],
    ["created", id, () => renameSync(`${path}.away`, path)],
    ["deleted", added, () => rmSync(join(dir, `${added}.json`))],
  ];
  for (const [type, changedId, change] of steps) {
    change();
    pass();
    // What was changed just now may be told of twice.
    for (;;) {
      const { value } = await changes.next();
      if (value.type === type && value.id === changedId) break;
      expect(value.type).toBe("changed");
    }
  }
}

test("where events work, a change from outside is told", async () => {
  await expectAllTold(() => {});
});

test.each([
  [
    "tells of none",
    () =>
      vi
        .spyOn(fs, "watch")
        .mockImplementation((() => Object.assign(new EventEmitter(), { close() {} })) as never),
  ],
  [
    "has none",
    () =>
      vi.spyOn(fs, "watch").mockImplementation(() => {
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      }),
  ],
])("where the system %s, it is told within a second", async (_, breakEvents) => {
  breakEvents();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true, advanceTimeDelta: 1 });
  await expectAllTold(() => vi.advanceTimersByTime(1_000));
});
