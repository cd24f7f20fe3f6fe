import { type AppendOptions, type SessionEntry, SessionError, type SessionId } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { countEntries, decideAppend } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

type Entries = readonly SessionEntry[];

export const limitBugs: readonly PlantedBug[] = [
  plantedBug(
    "limits are ignored",
    ["limit-error", "limit-end-session", "limit-ignore", "limit-at-once", "repeat-part-is-checked"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        return super.doAppend(id, entries, { ...options, limits: undefined });
      }
    },
  ),

  plantedBug(
    "limits are decided before the step that writes",
    ["limit-at-once"],
    class extends MemoryStore {
      override async append(id: string, entries: Entries, options: AppendOptions) {
        const { limits, ...rest } = options;
        if (limits?.action !== "error") return super.append(id, entries, options);
        const { metadata, entries: stored } = await super.get(id);
        const decision = decideAppend(countEntries(stored), metadata, entries, limits, options.at);
        if (!decision.accept) return super.append(id, entries, options);
        await tick();
        return { ...(await super.append(id, entries, rest)), limit: decision.limit };
      }
    },
  ),

  plantedBug(
    "end_session does not complete",
    ["limit-end-session", "limit-ends-session", "repeat-in-spite"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { status } = (await super.doHead(id)).metadata;
        const result = await super.doAppend(id, entries, options);
        if (result.status === status) return result;
        const { version } = await super.doUpdate(id, { status }, options);
        return { ...result, status, version };
      }
    },
  ),

  plantedBug(
    "end_session completes in the answer only",
    ["limit-end-session", "limit-ends-session"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { status } = (await super.doHead(id)).metadata;
        const result = await super.doAppend(id, entries, options);
        if (result.status === status) return result;
        const { version } = await super.doUpdate(id, { status }, options);
        return { ...result, version };
      }
    },
  ),

  plantedBug(
    "the duration equal to its maximum is too long",
    ["limit-error"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { limits } = options;
        if (limits?.maxDurationMs === undefined) return super.doAppend(id, entries, options);
        const maxDurationMs = Math.max(0, limits.maxDurationMs - 1);
        return super.doAppend(id, entries, { ...options, limits: { ...limits, maxDurationMs } });
      }
    },
  ),

  plantedBug(
    "entries are looked at before turns",
    ["limit-error", "limit-end-session", "limit-ignore"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { maxTurns: _, ...limits } = options.limits ?? { action: "ignore" as const };
        if (limits.maxEntries === undefined) return super.doAppend(id, entries, options);
        return super.doAppend(id, entries, { ...options, limits });
      }
    },
  ),

  plantedBug(
    "a turn has to begin and end in one batch",
    ["limit-turns-across-batches"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const asks = entries.some(({ entryType }) => entryType.type === "user_message");
        if (asks || !options.limits) return super.doAppend(id, entries, options);
        return super.doAppend(id, entries, {
          ...options,
          limits: { ...options.limits, maxTurns: undefined },
        });
      }
    },
  ),

  plantedBug(
    "repeats count against a limit",
    ["limit-counts-new"],
    class extends MemoryStore {
      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { maxEntries, action } = options.limits ?? {};
        const { entryCount } = await super.doHead(id);
        if (action === "error" && maxEntries !== undefined && entryCount + entries.length > maxEntries)
          throw new SessionError("limit_exceeded", "The session would be full.");
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "what was cut off still counts",
    ["limit-after-truncate"],
    class extends MemoryStore {
      readonly #cut = new Map<string, number>();

      protected override async doTruncate(id: SessionId, count: number, options: { at: number }) {
        const { entryCount } = await super.doHead(id);
        const head = await super.doTruncate(id, count, options);
        this.#cut.set(id, entryCount - count);
        return head;
      }

      protected override async doAppend(id: SessionId, entries: Entries, options: AppendOptions) {
        const { limits } = options;
        const cut = this.#cut.get(id);
        if (limits?.maxEntries === undefined || cut === undefined)
          return super.doAppend(id, entries, options);
        const maxEntries = Math.max(0, limits.maxEntries - cut);
        return super.doAppend(id, entries, { ...options, limits: { ...limits, maxEntries } });
      }
    },
  ),
];
