import type {
  SessionHead,
  SessionId,
  StoreCapabilities,
  StoreChange,
  WatchOptions,
  WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { ForeignError, type PlantedBug, plantedBug } from "./planted-bug.ts";

export const liveBugs: readonly PlantedBug[] = [
  plantedBug(
    "watch emits nothing",
    ["watch-each-change"],
    class extends MemoryStore {
      override async watch({ signal }: WatchOptions = {}) {
        return super.watch({ signal, id: "00000000-0000-0000-0000-000000000000" as SessionId });
      }
    },
  ),

  plantedBug(
    "watch emits only created",
    ["watch-last-is-told"],
    class extends MemoryStore {
      override async watch(options: WatchOptions = {}) {
        const inner = await super.watch(options);
        const emitted = async function* (): AsyncGenerator<StoreChange> {
          for await (const change of inner) if (change.type === "created") yield change;
        };
        return emitted();
      }
    },
  ),

  plantedBug(
    "watch emits changes of every session",
    ["watch-one"],
    class extends MemoryStore {
      override async watch({ signal }: WatchOptions = {}) {
        return super.watch({ signal });
      }
    },
  ),

  plantedBug(
    "watch ignores the signal",
    ["watch-signal"],
    class extends MemoryStore {
      override async watch({ id }: WatchOptions = {}) {
        return super.watch({ id });
      }
    },
  ),

  plantedBug(
    "watch begins when the first change is asked for",
    ["watch-nothing-missed"],
    class extends MemoryStore {
      override async watch(options: WatchOptions = {}) {
        const begin = () => super.watch(options);
        const late = async function* (): AsyncGenerator<StoreChange> {
          yield* await begin();
        };
        return late();
      }
    },
  ),

  plantedBug(
    "watch calls a delete a change",
    ["watch-each-change"],
    class extends MemoryStore {
      override async watch(options: WatchOptions = {}) {
        const inner = await super.watch(options);
        const emitted = async function* (): AsyncGenerator<StoreChange> {
          for await (const change of inner) {
            yield change.type === "deleted" ? { type: "changed", id: change.id } : change;
          }
        };
        return emitted();
      }
    },
  ),

  plantedBug(
    "a closed store still answers",
    ["close-refuses", "close-at-once", "close-twice"],
    class extends MemoryStore {
      override async count(): Promise<never> {
        return super.count().catch(() => 0) as never;
      }
    },
  ),

  plantedBug(
    "a second close fails",
    ["close-twice"],
    class extends MemoryStore {
      #closed = false;

      override async close() {
        if (this.#closed) throw new ForeignError("already closed");
        this.#closed = true;
        return super.close();
      }
    },
  ),

  plantedBug(
    "close does not wait for what is under way",
    ["close-under-way"],
    class extends MemoryStore {
      #closed = false;

      protected override async doAppend(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        await new Promise((resolve) => setTimeout(resolve));
        if (this.#closed) throw new ForeignError("the handle is gone");
        return super.doAppend(id as SessionId, entries, options);
      }

      override close() {
        this.#closed = true;
        return super.close();
      }
    },
  ),

  plantedBug(
    "it says persistent, and is not",
    ["handle-reopen", "handle-reopen-go-on", "close-under-way"],
    class extends MemoryStore {
      override readonly capabilities: StoreCapabilities = {
        persistent: true,
        shared: false,
        exactNumbers: false,
        writable: true,
      };
    },
  ),

  plantedBug(
    "it says shared, and is not",
    ["handle-two", "handle-appends-at-once", "watch-other-handle"],
    class extends MemoryStore {
      override readonly capabilities: StoreCapabilities = {
        persistent: false,
        shared: true,
        exactNumbers: false,
        writable: true,
      };
    },
  ),

  plantedBug(
    "changes of one session change another",
    ["replace-everything"],
    class extends MemoryStore {
      protected override async doReplace(
        ...[session, options]: [Parameters<MemoryStore["replace"]>[0], string?]
      ) {
        const head = await super.doReplace(session, options);
        const { items } = await super.list({ limit: 1000 });
        for (const { id } of items)
          if (id !== session.metadata.id) await super.doUpdate(id, { name: "changed" }, { at: 0 });
        return head;
      }
    },
  ),

  plantedBug(
    "updatedAt of a truncate stays",
    ["time-truncate", "truncate-keeps-first"],
    class extends MemoryStore {
      protected override async doTruncate(
        id: SessionId,
        count: number,
        options: WriteOptions,
      ): Promise<SessionHead> {
        const { updatedAt } = (await super.doHead(id)).metadata;
        const head = await super.doTruncate(id, count, options);
        return { ...head, metadata: { ...head.metadata, updatedAt } };
      }
    },
  ),
];
