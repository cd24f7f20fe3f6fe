import { join } from "node:path";
import { newUuid, type SessionId } from "@thulp-sessions/core";
import { Warnings, Yielder } from "@thulp-sessions/core/store";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, test } from "vitest";
import { FileClock } from "../../src/disk/file-clock.ts";
import { SessionLocks } from "../../src/lock/session-locks.ts";
import { SessionCache } from "../../src/session/session-cache.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("what is remembered of all sessions together has a bound, and the one in use stays", async () => {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  const ids = Array.from({ length: 40 }, () => newUuid() as SessionId);
  const sessionType = { type: "agent", agentName: "a" } as const;
  const times = { createdAt: 1, updatedAt: 1, status: "active", tags: [], parentSession: null } as const;
  const context = { text: "x".repeat(2 * 1024 * 1024) };
  for (const id of ids)
    await store.create({ metadata: { id, name: "", sessionType, ...times }, entries: [], context });
  await store.close();
  const clock = new FileClock();
  const locks = new SessionLocks(dir, 100, clock);
  const warnings = new Warnings();
  const shared = { folder: dir, locks, clock, durability: "full", warnings, yielder: new Yielder() } as const;
  const pathOf = (id: SessionId) => join(dir, `${id}.json`);
  const cache = new SessionCache({ ...shared, pathOf, onSeen() {}, onWritten() {} });
  for (const id of ids) expect((await cache.of(id).read(({ metadata }) => metadata)).id).toBe(id);
  // Each takes twice its header, 4 MiB, of 64 MiB.
  const cached = ids.filter((id) => cache.peek(id) !== undefined);
  expect(cached.length).toBeLessThanOrEqual(17);
  expect(cached.length).toBeGreaterThanOrEqual(14);
  expect(cached).toContain(ids.at(-1));
});
