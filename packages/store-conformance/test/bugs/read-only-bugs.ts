import type { AppendOptions, SearchQuery, SessionEntry, StoredSession } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { PlantedBug } from "./planted-bug.ts";

/** A store that may only be read, with one mistake. */
function readOnlyBug(name: string, red: readonly string[], openReadOnly: () => MemoryStore): PlantedBug {
  return { name, red, open: () => new MemoryStore(), openReadOnly };
}

const READ_ONLY = { readOnly: true } as const;

/** As a store over files that may only be read: its handles show one place. */
const shown = { persistent: true, shared: true, exactNumbers: false, writable: false } as const;

export const readOnlyBugs: readonly PlantedBug[] = [
  readOnlyBug(
    "a place that may only be read takes an append of nothing",
    ["read-only-refuses"],
    () =>
      new (class extends MemoryStore {
        override async append(id: string, entries: readonly SessionEntry[], options: AppendOptions) {
          if (entries.length > 0) return super.append(id, entries, options);
          return {
            entries: [],
            entryCount: 4,
            status: "active",
            updatedAt: 0,
            version: "1",
            epoch: "1",
            limit: null,
          } as const;
        }
      })(READ_ONLY),
  ),

  readOnlyBug(
    "a place that may only be read says that it is writable",
    ["read-only-refuses", "read-only-reads"],
    () => new MemoryStore(),
  ),

  readOnlyBug(
    "a place that may only be read refuses searches",
    ["read-only-reads"],
    () =>
      new (class extends MemoryStore {
        override async search(query: SearchQuery) {
          this.refuseReadOnly();
          return super.search(query);
        }
        override async get(id: string): Promise<StoredSession> {
          this.refuseReadOnly();
          return super.get(id);
        }
      })(READ_ONLY),
  ),

  readOnlyBug(
    "a place that may only be read is shown empty",
    ["read-only-reads", "read-only-at-rest"],
    () =>
      new (class extends MemoryStore {
        override readonly capabilities = shown;
      })(READ_ONLY),
  ),
];
