import { setImmediate } from "node:timers/promises";
import type {
  AppendOptions,
  AppendResult,
  SessionEntry,
  SessionHead,
  StoredSession,
  WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test } from "vitest";
import { findUnexplained } from "./histories.ts";

/** A store whose calls take effect at some moment between their begin and their answer. */
class SlowStore extends MemoryStore {
  #calls = 0;

  /** True for one call in so many. */
  protected oneIn(count: number): boolean {
    return ++this.#calls % count === 0;
  }

  override async append(id: string, entries: readonly SessionEntry[], options: AppendOptions) {
    return slowly(() => super.append(id, entries, options));
  }

  override async delete(id: string, options?: Parameters<MemoryStore["delete"]>[1]) {
    return slowly(() => super.delete(id, options));
  }

  override async head(id: string) {
    return slowly(() => super.head(id));
  }

  override async get(id: string) {
    return slowly(() => super.get(id));
  }

  override async truncate(id: string, entryCount: number, options: WriteOptions) {
    return slowly(() => super.truncate(id, entryCount, options));
  }
}

async function slowly<T>(call: () => Promise<T>): Promise<T> {
  await setImmediate();
  try {
    return await call();
  } finally {
    await setImmediate();
  }
}

class LostAppend extends SlowStore {
  override async append(
    id: string,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    const result = await super.append(id, entries, options);
    if (this.oneIn(20) && result.entries[0]?.added) {
      const session = await super.get(id).catch(() => undefined);
      const kept = session?.entries.filter((entry) => entry.id !== entries[0]?.id) ?? [];
      if (session) await super.replace({ ...session, entries: kept });
    }
    return result;
  }
}

class StaleRead extends SlowStore {
  readonly #read = new Map<string, StoredSession>();

  override async get(id: string): Promise<StoredSession> {
    const before = this.#read.get(id);
    const now = await super.get(id);
    this.#read.set(id, now);
    return before && this.oneIn(5) ? before : now;
  }
}

class RepeatedDelete extends SlowStore {
  override async delete(id: string, options?: Parameters<MemoryStore["delete"]>[1]): Promise<boolean> {
    const deleted = await super.delete(id, options);
    // As a retry after a lost answer, which meets a session that was created again.
    if (deleted) setImmediate().then(async () => super.delete(id).catch(() => {}));
    return deleted;
  }
}

class LateAcknowledgement extends SlowStore {
  override async truncate(id: string, entryCount: number, options: WriteOptions): Promise<SessionHead> {
    const head = await super.head(id);
    if (!this.oneIn(3) || entryCount > head.entryCount) return super.truncate(id, entryCount, options);
    // It is acknowledged before it has happened.
    const done = super.truncate(id, entryCount, options);
    done.catch(() => {});
    return { ...head, entryCount, version: `${head.version}?` };
  }
}

test("a store that does as it says is explained", async () => {
  expect(await findUnexplained([new SlowStore()], 5)).toBeNull();
});

test.each([
  ["a lost append", new LostAppend()],
  ["a stale read", new StaleRead()],
  ["a repeated delete", new RepeatedDelete()],
  ["a write that is acknowledged before it is done", new LateAcknowledgement()],
])("%s is found", async (_, store) => {
  expect(await findUnexplained([store], 30)).toContain("no order explains");
});
