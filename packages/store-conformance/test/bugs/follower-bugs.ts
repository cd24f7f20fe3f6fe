import type {
  AppendOptions,
  Session,
  SessionEntry,
  SessionId,
  StoreChange,
  WatchOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { EntriesRequest, EntryRows } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

export const followerBugs: readonly PlantedBug[] = [
  plantedBug(
    "who joins when much is there misses the beginning",
    ["follow-from-any-moment"],
    class extends MemoryStore {
      protected override async doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
        const rows = await super.doReadEntries(id, request);
        return rows.items.length < 20 ? rows : { ...rows, items: rows.items.slice(1) };
      }
    },
  ),

  plantedBug(
    "a follower that leaves takes the others with it",
    ["follow-writer-goes-on"],
    class extends MemoryStore {
      override async watch(options: WatchOptions = {}): Promise<AsyncIterableIterator<StoreChange>> {
        const inner = await super.watch(options);
        const changes = this.changes;
        const leaving: AsyncIterableIterator<StoreChange> = {
          next: () => inner.next(),
          return: async () => {
            changes.close();
            return { done: true, value: undefined };
          },
          [Symbol.asyncIterator]: () => leaving,
        };
        return leaving;
      }
    },
  ),

  plantedBug(
    "repeats are known only from the last append",
    ["handle-interleaved-replays"],
    class extends MemoryStore {
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        const { entries: stored } = await super.doGet(id);
        const recent = new Set(stored.slice(-6).map((each) => each.id));
        const all = new Set(stored.map((each) => each.id));
        const isForgotten = entries.some((each) => all.has(each.id) && !recent.has(each.id));
        if (!isForgotten) return super.doAppend(id, entries, options);
        const session = await super.doGet(id);
        await super.doReplace({ ...session, entries: [...session.entries, ...entries] }, undefined);
        return super.doAppend(id, [], options);
      }
    },
  ),

  plantedBug(
    "a fork goes with what it comes from",
    ["fork-tree"],
    class extends MemoryStore {
      protected override async doDelete(id: SessionId, expectedVersion: string | undefined) {
        await tick();
        for (const { id: child } of (await this.list({ filter: { parent: id } })).items)
          await super.doDelete(child, undefined);
        return super.doDelete(id, expectedVersion);
      }
    },
  ),

  plantedBug(
    "an entry id is taken by all branches",
    ["fork-tree"],
    class extends MemoryStore {
      readonly #contents = new Map<string, SessionEntry>();

      protected override async doCreate(session: Session) {
        for (const entry of session.entries) this.#contents.set(entry.id, entry);
        return super.doCreate(session);
      }
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        const known = entries.map((entry) => this.#contents.get(entry.id) ?? entry);
        for (const entry of entries) this.#contents.set(entry.id, this.#contents.get(entry.id) ?? entry);
        return super.doAppend(id, known, options);
      }
    },
  ),
];
