import type {
  AppendOptions,
  Session,
  SessionChange,
  SessionEntry,
  SessionHead,
  SessionId,
  StoreChange,
  WatchOptions,
  WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

/** What goes wrong only when several do something at the same time. */
export const raceBugs: readonly PlantedBug[] = [
  plantedBug(
    "create looks whether the id is free, and then writes",
    ["create-at-once"],
    class extends MemoryStore {
      protected override async doCreate(session: Session) {
        const { id } = session.metadata;
        if (await super.doHead(id).catch(() => null)) return super.doCreate(session);
        await tick();
        await super.doDelete(id, undefined);
        return super.doCreate(session);
      }
    },
  ),

  plantedBug(
    "append looks for repeats, and then writes",
    ["repeat-at-once"],
    class extends MemoryStore {
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        const known = new Set((await super.doGet(id)).entries.map((entry) => entry.id));
        if (options.limits || options.expectedVersion || entries.some((entry) => known.has(entry.id)))
          return super.doAppend(id, entries, options);
        await tick();
        const session = await super.doGet(id);
        await super.doReplace({ ...session, entries: [...session.entries, ...entries] }, undefined);
        const { metadata, entryCount, version, epoch } = await super.doHead(id);
        const items = entries.map(({ id: entryId, timestamp }, i) => ({
          id: entryId,
          seq: session.entries.length + i,
          timestamp,
          added: true,
        }));
        const { status, updatedAt } = metadata;
        return { entries: items, entryCount, status, updatedAt, version, epoch, limit: null };
      }
    },
  ),

  plantedBug(
    "the session of the last call is changed",
    ["concurrent-sessions"],
    class extends MemoryStore {
      #current: SessionId | undefined;

      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        this.#current = id;
        await tick();
        return super.doUpdate(this.#current, change, options);
      }
    },
  ),

  plantedBug(
    "the count of entries is kept beside them",
    ["concurrent-changes"],
    class extends MemoryStore {
      readonly #counts = new Map<string, number>();

      protected override async doHead(id: SessionId): Promise<SessionHead> {
        const head = await super.doHead(id);
        return { ...head, entryCount: this.#counts.get(id) ?? head.entryCount };
      }

      protected override async doTruncate(id: SessionId, count: number, options: WriteOptions) {
        const head = await super.doTruncate(id, count, options);
        await tick();
        this.#counts.set(id, count);
        return head;
      }
    },
  ),

  plantedBug(
    "a second watcher takes the place of the first",
    ["watch-several"],
    class extends MemoryStore {
      #watcher: AsyncIterableIterator<StoreChange> | undefined;

      override async watch(options: WatchOptions = {}) {
        await this.#watcher?.return?.();
        this.#watcher = await super.watch(options);
        return this.#watcher;
      }
    },
  ),

  plantedBug(
    "return does not end a watcher that waits",
    ["watch-return"],
    class extends MemoryStore {
      override async watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
        const inner = await super.watch(options);
        const deaf: AsyncIterableIterator<StoreChange> = {
          next: () => inner.next(),
          return: async () => ({ done: true, value: undefined }),
          [Symbol.asyncIterator]: () => deaf,
        };
        return deaf;
      }
    },
  ),

  plantedBug(
    "close forgets who waits for a change",
    ["watch-close"],
    class extends MemoryStore {
      override async watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
        const inner = await super.watch(options);
        const forgotten: AsyncIterableIterator<StoreChange> = {
          next: async () => {
            const result = await inner.next();
            return result.done ? new Promise(() => {}) : result;
          },
          return: async () => ({ done: true, value: undefined }),
          [Symbol.asyncIterator]: () => forgotten,
        };
        return forgotten;
      }
    },
  ),

  plantedBug(
    "disposing does not close",
    ["close-dispose"],
    class extends MemoryStore {
      override async [Symbol.asyncDispose]() {}
    },
  ),
];
