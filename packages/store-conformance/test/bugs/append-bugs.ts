import {
  type AppendOptions,
  type AppendResult,
  isSessionError,
  type SessionEntry,
  SessionError,
  type SessionId,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { decideAppend, versionConflict } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

// Longer than most files: one planted bug after the other, all of the same call.

type Entries = readonly SessionEntry[];

function conflict(): SessionError {
  return new SessionError("conflict", "The entry is there with another content.");
}

/** One entry after the other; `between` lets others in. */
async function oneByOne(
  store: { append(id: string, entries: Entries, options: AppendOptions): Promise<AppendResult> },
  entries: Entries,
  id: string,
  options: AppendOptions,
  between: () => Promise<void> = async () => {},
): Promise<AppendResult> {
  if (entries.length === 0) return store.append(id, entries, options);
  const results: AppendResult[] = [];
  for (const entry of entries) {
    // The version is compared once, with the first.
    const { expectedVersion: _, ...rest } = options;
    results.push(await store.append(id, [entry], results.length === 0 ? options : rest));
    await between();
  }
  return { ...(results.at(-1) as AppendResult), entries: results.flatMap((result) => result.entries) };
}

export const appendBugs: readonly PlantedBug[] = [
  plantedBug(
    "a batch is applied half",
    ["append-batch-conflict", "append-batch-invalid"],
    class extends MemoryStore {
      override async append(id: string, entries: Entries, options: AppendOptions) {
        return oneByOne({ append: (...args) => super.append(...args) }, entries, id, options);
      }
    },
  ),

  plantedBug(
    "others see a part of a batch",
    ["concurrent-reads", "concurrent-appends"],
    class extends MemoryStore {
      override async append(id: string, entries: Entries, options: AppendOptions) {
        return oneByOne({ append: (...args) => super.append(...args) }, entries, id, options, tick);
      }
    },
  ),

  plantedBug(
    "a conflict of ids is swallowed",
    ["repeat-other-content", "append-batch-conflict", "repeat-conflict-within-batch", "repeat-of-duplicates"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        let left = entries;
        for (;;) {
          try {
            return await super.doAppend(id, left, options);
          } catch (error) {
            if (!isSessionError(error, "conflict") || error.details.entryId === undefined) throw error;
            left = left.filter((entry) => entry.id !== error.details.entryId);
          }
        }
      }
    },
  ),

  plantedBug(
    "a repeat is stored twice",
    ["repeat-alone", "repeat-timestamp", "repeat-mixed", "model-walk-1"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const result = await super.doAppend(id, entries, options);
        const repeats = entries.filter((_, i) => result.entries[i]?.added === false);
        if (repeats.length === 0) return result;
        const session = await super.doGet(id);
        await super.doReplace({ ...session, entries: [...session.entries, ...repeats] }, undefined);
        return result;
      }
    },
  ),

  plantedBug(
    "a repeat is refused because the version is stale",
    ["repeat-in-spite", "model-walk-1"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { version } = await super.doHead(id);
        const { expectedVersion } = options;
        if (expectedVersion !== undefined && expectedVersion !== version) throw versionConflict(id, version);
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "a repeat is refused because a limit is reached",
    ["repeat-in-spite", "limit-ends-session"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const head = await super.doHead(id);
        const counts = { ...head, awaitingAssistant: false };
        if (!decideAppend(counts, head.metadata, [], options.limits, options.at).accept)
          throw new SessionError("limit_exceeded", "The session is full.");
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "a completed session takes nothing, repeats neither",
    ["append-status", "repeat-in-spite", "limit-absent"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        if ((await super.doHead(id)).metadata.status === "completed")
          throw new SessionError("limit_exceeded", "The session has ended.");
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "the timestamp of a repeat is compared",
    ["repeat-timestamp"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const stored = (await super.doGet(id)).entries;
        for (const entry of entries)
          if (stored.some((each) => each.id === entry.id && each.timestamp !== entry.timestamp))
            throw conflict();
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "contents are compared as text, the order of keys with them",
    ["repeat-as-json"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const stored = (await super.doGet(id)).entries;
        for (const entry of entries) {
          const same = stored.filter((each) => each.id === entry.id);
          const text = JSON.stringify(entry.content);
          if (same.length > 0 && same.every((each) => JSON.stringify(each.content) !== text))
            throw conflict();
        }
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "the answer to a repeat gives the time of the repeat",
    ["repeat-timestamp"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const result = await super.doAppend(id, entries, options);
        return {
          ...result,
          entries: result.entries.map((item, i) => ({ ...item, timestamp: entries[i]?.timestamp ?? 0 })),
        };
      }
    },
  ),

  plantedBug(
    "an entry of another session counts as a repeat",
    ["append-same-id-elsewhere"],
    class extends MemoryStore {
      readonly #stored = new Set<string>();

      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const fresh = entries.filter((entry) => !this.#stored.has(entry.id));
        return super.doAppend(id, fresh, options);
      }

      protected override async doCreate(session: Parameters<MemoryStore["create"]>[0]) {
        for (const { id } of session.entries) this.#stored.add(id);
        return super.doCreate(session);
      }
    },
  ),

  plantedBug(
    "an id stays known after a truncate",
    ["repeat-after-removal", "truncate-append"],
    class extends MemoryStore {
      readonly #known = new Map<string, SessionEntry>();

      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const result = await super.doAppend(
          id,
          entries.filter((entry) => !this.#known.has(`${id} ${entry.id}`)),
          options,
        );
        return result;
      }

      protected override async doTruncate(id: SessionId, ...rest: [number, { at: number }]) {
        for (const entry of (await super.doGet(id)).entries) this.#known.set(`${id} ${entry.id}`, entry);
        return super.doTruncate(id, ...rest);
      }
    },
  ),

  plantedBug(
    "the answer gives seqs with a gap",
    ["append-answer", "append-large-batch", "truncate-append", "concurrent-appends"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const result = await super.doAppend(id, entries, options);
        return { ...result, entries: result.entries.map((item) => ({ ...item, seq: item.seq + 1 })) };
      }
    },
  ),

  plantedBug(
    "an append takes its time from a clock",
    ["time-append", "append-answer"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        return super.doAppend(id, entries, { ...options, at: Date.now() });
      }
    },
  ),

  plantedBug(
    "updatedAt goes back with an append",
    ["time-append"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        return { ...(await super.doAppend(id, entries, options)), updatedAt: options.at };
      }
    },
  ),

  plantedBug(
    "an append empties the context",
    ["append-leaves-the-rest"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const result = await super.doAppend(id, entries, options);
        const session = await super.doGet(id);
        if (Object.keys(session.context).length === 0) return result;
        const { version } = await super.doReplace({ ...session, context: {} }, undefined);
        return { ...result, version };
      }
    },
  ),

  plantedBug(
    "timestamps are made to ascend",
    ["append-timestamps"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        let latest = 0;
        const ascending = entries.map((entry) => {
          latest = Math.max(latest, entry.timestamp);
          return { ...entry, timestamp: latest };
        });
        return super.doAppend(id, ascending, options);
      }
    },
  ),

  plantedBug(
    "repeats of what create stored are not known",
    ["repeat-of-created"],
    class extends MemoryStore {
      readonly #appended = new Set<string>();

      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const stored = (await super.doGet(id)).entries;
        for (const entry of entries) {
          if (stored.some((each) => each.id === entry.id) && !this.#appended.has(entry.id)) throw conflict();
          this.#appended.add(entry.id);
        }
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "a repeat within one batch is a conflict",
    ["repeat-within-batch"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        if (new Set(entries.map((entry) => entry.id)).size < entries.length) throw conflict();
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "an empty batch is a change",
    ["repeat-empty-batch", "version-unchanged"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        if (entries.length === 0) await super.doUpdate(id, {}, options);
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "the answer spells ids as they were given",
    ["repeat-upper-case"],
    class extends MemoryStore {
      override async append(id: string, entries: Entries, options: AppendOptions) {
        const result = await super.append(id, entries, options);
        return {
          ...result,
          entries: result.entries.map((item, i) => ({ ...item, id: entries[i]?.id ?? item.id })),
        };
      }
    },
  ),
];
