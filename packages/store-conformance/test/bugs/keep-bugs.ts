import type { AppendOptions, AppendResult, SessionEntry, SessionId } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

type Entries = readonly SessionEntry[];

/** A store that carries out an append with `keep` in its own way. */
function keepingBy(
  replaceTail: (
    store: MemoryStore,
    id: SessionId,
    entries: Entries,
    options: AppendOptions & { readonly keep: number },
    append: (entries: Entries, options: AppendOptions) => Promise<AppendResult>,
  ) => Promise<AppendResult>,
) {
  return class extends MemoryStore {
    protected override async doAppend(
      id: SessionId,
      entries: Entries,
      options: AppendOptions,
    ): Promise<AppendResult> {
      const append = (some: Entries, how: AppendOptions) => super.doAppend(id, some, how);
      const { keep } = options;
      if (keep === undefined) return append(entries, options);
      return replaceTail(this, id, entries, { ...options, keep }, append);
    }
  };
}

export const keepBugs: readonly PlantedBug[] = [
  plantedBug(
    "a tail is dropped and then the batch appended, with others in between",
    ["keep-at-once", "keep-leading", "keep-repeat"],
    keepingBy(async (store, id, entries, { keep, ...options }, append) => {
      const { version } = await store.truncate(id, keep, options);
      await tick();
      return append(entries, { ...options, expectedVersion: version });
    }),
  ),

  plantedBug(
    "keep is not looked at",
    ["keep-replaces", "keep-nothing-new", "keep-search", "keep-limits"],
    keepingBy((_store, _id, entries, { keep: _, ...options }, append) => append(entries, options)),
  ),

  plantedBug(
    "what the batch begins with is written again",
    ["keep-leading", "keep-ids"],
    keepingBy(async (_store, _id, entries, options, append) => {
      const result = await append(entries, options);
      return { ...result, entries: result.entries.map((each) => ({ ...each, added: true })) };
    }),
  ),

  plantedBug(
    "the version is looked at before the repeat",
    ["keep-repeat"],
    keepingBy(async (store, id, entries, options, append) => {
      // An update that changes nothing but is refused for a stale version.
      const { version } = await store.head(id);
      if (version !== options.expectedVersion)
        await store.update(id, {}, { at: options.at, expectedVersion: options.expectedVersion });
      return append(entries, options);
    }),
  ),

  plantedBug(
    "a tail is compared with what a page of it holds",
    ["keep-large-tail"],
    keepingBy(async (store, id, entries, options, append) => {
      const { items } = await store.readEntries(id, { after: options.keep - 1 });
      const result = await append(entries, options);
      const isWhole = items.length === 0 || items.at(-1)?.seq === (await store.head(id)).entryCount - 1;
      return {
        ...result,
        entries: result.entries.map((each, i) => ({
          ...each,
          added: each.added || (!isWhole && i >= items.length),
        })),
      };
    }),
  ),

  plantedBug(
    "a repeat of what is before the tail is none the second time",
    ["keep-repeat-of-others"],
    keepingBy(async (store, id, entries, options, append) => {
      const { entries: stored, version } = await store.get(id);
      const before = stored.slice(0, options.keep);
      if (
        version !== options.expectedVersion &&
        entries.some((entry) => before.some((each) => each.id === entry.id))
      )
        await store.update(id, {}, { at: options.at, expectedVersion: options.expectedVersion });
      return append(entries, options);
    }),
  ),

  plantedBug(
    "of several entries of one id the last counts",
    ["keep-kept-ids"],
    keepingBy(async (store, id, entries, options, append) => {
      const { entries: stored } = await store.get(id);
      const last = new Map(stored.map((each) => [each.id, JSON.stringify(each.content)]));
      const other = entries.find(
        (each) => last.has(each.id) && last.get(each.id) !== JSON.stringify(each.content),
      );
      return other && options.keep === 0
        ? append([{ ...other, content: "another" }], { at: options.at })
        : append(entries, options);
    }),
  ),

  plantedBug(
    "a version is not asked for",
    ["keep-refusals"],
    class extends MemoryStore {
      override async append(id: string, entries: Entries, options: AppendOptions) {
        if (options.keep === undefined || options.expectedVersion !== undefined)
          return super.append(id, entries, options);
        const { version } = await this.head(id);
        return super.append(id, entries, { ...options, expectedVersion: version });
      }
    },
  ),

  plantedBug(
    "more is kept than is there",
    ["keep-refusals"],
    keepingBy(async (store, id, entries, options, append) => {
      const { entryCount } = await store.head(id);
      return append(entries, { ...options, keep: Math.min(options.keep, entryCount) });
    }),
  ),

  plantedBug(
    "limits count the tail that is dropped",
    ["keep-limits"],
    keepingBy(async (store, id, entries, options, append) => {
      const { limits } = options;
      if (limits?.maxEntries === undefined) return append(entries, options);
      const { entryCount } = await store.head(id);
      const maxEntries = Math.max(0, limits.maxEntries - (entryCount - options.keep));
      return append(entries, { ...options, limits: { ...limits, maxEntries } });
    }),
  ),

  plantedBug(
    "an id that is dropped stays known",
    ["keep-ids"],
    keepingBy(async (store, id, entries, options, append) => {
      const { entries: stored } = await store.get(id);
      const dropped = stored.slice(options.keep);
      const renewed = entries.find((entry) =>
        dropped.some(
          (each) => each.id === entry.id && JSON.stringify(each.content) !== JSON.stringify(entry.content),
        ),
      );
      if (!renewed) return append(entries, options);
      return append([renewed], { at: options.at });
    }),
  ),

  plantedBug(
    "the time of a replaced tail may stay",
    ["keep-nothing-new"],
    keepingBy(async (_store, _id, entries, options, append) => {
      const result = await append(entries, options);
      return { ...result, updatedAt: options.at };
    }),
  ),

  plantedBug(
    "a replaced tail is told to nobody",
    ["keep-watch"],
    keepingBy(async (store, _id, entries, options, append) => {
      const { changes } = store as unknown as { changes: { emit(type: string, id: string): void } };
      const emit = changes.emit.bind(changes);
      changes.emit = () => {};
      const result = await append(entries, options);
      changes.emit = emit;
      return result;
    }),
  ),

  plantedBug(
    "an append does not look at its context",
    ["append-context"],
    class extends MemoryStore {
      protected override doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { setContext: _, removeContext: __, ...rest } = options;
        return super.doAppend(id, entries, rest);
      }
    },
  ),

  plantedBug(
    "the context is set before the append is decided",
    ["append-context"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { setContext, removeContext, at, expectedVersion, ...rest } = options;
        if ((setContext ?? removeContext) === undefined) return super.doAppend(id, entries, options);
        const { version } = await this.update(id, { setContext, removeContext }, { at, expectedVersion });
        return super.doAppend(id, entries, { ...rest, at, expectedVersion: version });
      }
    },
  ),
];
