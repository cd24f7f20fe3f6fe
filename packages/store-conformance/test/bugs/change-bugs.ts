import {
  type AppendOptions,
  isSessionError,
  type Session,
  type SessionChange,
  type SessionEntry,
  SessionError,
  type SessionHead,
  type SessionId,
  type WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

// Longer than most files: one planted bug after the other, all of the calls that change a session.

export const changeBugs: readonly PlantedBug[] = [
  plantedBug(
    "create writes over what is there",
    ["create-taken-id", "id-upper-case", "model-walk-1"],
    class extends MemoryStore {
      protected override async doCreate(session: Session) {
        await super.doDelete(session.metadata.id, undefined);
        return super.doCreate(session);
      }
    },
  ),

  plantedBug(
    "create drops entries whose ids repeat",
    ["create-duplicate-entry-ids", "repeat-of-duplicates"],
    class extends MemoryStore {
      protected override async doCreate(session: Session) {
        const entries = [...new Map(session.entries.map((entry) => [entry.id, entry])).values()];
        return super.doCreate({ ...session, entries });
      }
    },
  ),

  plantedBug(
    "create puts updatedAt not before createdAt",
    ["time-create"],
    class extends MemoryStore {
      protected override async doCreate({ metadata, ...rest }: Session) {
        const updatedAt = Math.max(metadata.updatedAt, metadata.createdAt);
        return super.doCreate({ ...rest, metadata: { ...metadata, updatedAt } });
      }
    },
  ),

  plantedBug(
    "tags are a set",
    ["create-tags"],
    class extends MemoryStore {
      protected override async doCreate({ metadata, ...rest }: Session) {
        return super.doCreate({ ...rest, metadata: { ...metadata, tags: [...new Set(metadata.tags)] } });
      }
    },
  ),

  plantedBug(
    "texts are brought into one normal form",
    ["value-texts", "create-tags"],
    class extends MemoryStore {
      protected override async doCreate({ metadata, ...rest }: Session) {
        const tags = metadata.tags.map((tag) => tag.normalize("NFC"));
        return super.doCreate({ ...rest, metadata: { ...metadata, tags } });
      }
    },
  ),

  plantedBug(
    "expectedVersion is swallowed by update",
    ["version-conflict", "version-race", "version-after-delete"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, { at }: WriteOptions) {
        return super.doUpdate(id, change, { at });
      }
    },
  ),

  plantedBug(
    "expectedVersion is swallowed by append",
    ["version-conflict", "version-race", "repeat-part-is-checked"],
    class extends MemoryStore {
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        return super.doAppend(id, entries, { ...options, expectedVersion: undefined });
      }
    },
  ),

  plantedBug(
    "expectedVersion is swallowed by truncate",
    ["version-conflict"],
    class extends MemoryStore {
      protected override async doTruncate(id: SessionId, count: number, { at }: WriteOptions) {
        return super.doTruncate(id, count, { at });
      }
    },
  ),

  plantedBug(
    "expectedVersion is swallowed by replace",
    ["version-conflict"],
    class extends MemoryStore {
      protected override async doReplace(session: Session) {
        return super.doReplace(session, undefined);
      }
    },
  ),

  plantedBug(
    "expectedVersion is swallowed by delete",
    ["version-conflict"],
    class extends MemoryStore {
      protected override async doDelete(id: SessionId) {
        return super.doDelete(id, undefined);
      }
    },
  ),

  plantedBug(
    "a conflict does not name the current version",
    ["version-conflict", "repeat-part-is-checked"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        try {
          return await super.doUpdate(id, change, options);
        } catch (error) {
          throw isSessionError(error, "conflict") ? new SessionError("conflict", error.message) : error;
        }
      }

      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        try {
          return await super.doAppend(id, entries, options);
        } catch (error) {
          if (!isSessionError(error, "conflict") || error.details.entryId !== undefined) throw error;
          throw new SessionError("conflict", error.message);
        }
      }
    },
  ),

  plantedBug(
    "append answers with the version before it",
    ["version-same-everywhere", "append-answer", "limit-error"],
    class extends MemoryStore {
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        const { version } = await super.doHead(id);
        return { ...(await super.doAppend(id, entries, options)), version };
      }
    },
  ),

  plantedBug(
    "the version is the time of the last change",
    ["version-every-change"],
    class extends MemoryStore {
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        const result = await super.doAppend(id, entries, options);
        return { ...result, version: String(result.updatedAt) };
      }

      protected override async doCreate(session: Session) {
        return { ...(await super.doCreate(session)), version: String(session.metadata.updatedAt) };
      }
    },
  ),

  plantedBug(
    "versions start again with every session",
    ["version-after-delete"],
    class extends MemoryStore {
      readonly #births = new Map<string, number>();

      protected override async doCreate(session: Session) {
        const head = await super.doCreate(session);
        this.#births.set(session.metadata.id, Number(head.version));
        return { ...head, version: "0" };
      }

      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        options: AppendOptions,
      ) {
        const result = await super.doAppend(id, entries, options);
        return { ...result, version: String(Number(result.version) - (this.#births.get(id) ?? 0)) };
      }
    },
  ),

  plantedBug(
    "reading changes the version",
    ["version-unchanged", "version-same-everywhere"],
    class extends MemoryStore {
      protected override async doGet(id: SessionId) {
        await super.doUpdate(id, {}, { at: 0 });
        return super.doGet(id);
      }
    },
  ),

  plantedBug(
    "an update takes the given time, be it earlier",
    ["time-update", "update-nothing", "time-at-once"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const head = await super.doUpdate(id, change, options);
        return { ...head, metadata: { ...head.metadata, updatedAt: options.at } };
      }
    },
  ),

  plantedBug(
    "an update that names nothing does nothing",
    ["update-nothing"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        return Object.keys(change).length === 0 ? super.doHead(id) : super.doUpdate(id, change, options);
      }
    },
  ),

  plantedBug(
    "setContext replaces the whole context",
    ["update-context-keys", "update-context-at-once"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { setContext, removeContext: _, ...rest } = change;
        return super.doUpdate(id, setContext ? { ...rest, context: setContext } : change, options);
      }
    },
  ),

  plantedBug(
    "setContext reads, and then writes",
    ["update-context-at-once"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { setContext, ...rest } = change;
        if (!setContext || rest.removeContext) return super.doUpdate(id, change, options);
        const { context } = await super.doHead(id);
        await tick();
        return super.doUpdate(id, { ...rest, context: { ...context, ...setContext } }, options);
      }
    },
  ),

  plantedBug(
    "removed keys stay",
    ["update-context-keys", "value-keys"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { removeContext: _, ...rest } = change;
        return super.doUpdate(id, rest, options);
      }
    },
  ),

  plantedBug(
    "a status cannot follow a final one",
    ["update-status"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { status } = (await super.doHead(id)).metadata;
        if (change.status && status === "cancelled")
          throw new SessionError("conflict", "The session has ended.");
        return super.doUpdate(id, change, options);
      }
    },
  ),

  plantedBug(
    "truncate keeps one too many",
    ["truncate-keeps-first", "truncate-append", "repeat-after-removal", "model-walk-2"],
    class extends MemoryStore {
      protected override async doTruncate(id: SessionId, count: number, options: WriteOptions) {
        const { entryCount } = await super.doHead(id);
        return super.doTruncate(id, count < entryCount ? count + 1 : count, options);
      }
    },
  ),

  plantedBug(
    "truncate to as many entries is a change",
    ["truncate-same", "version-unchanged", "time-truncate"],
    class extends MemoryStore {
      protected override async doTruncate(id: SessionId, count: number, options: WriteOptions) {
        const { entryCount } = await super.doHead(id);
        if (count === entryCount) return super.doUpdate(id, {}, options);
        return super.doTruncate(id, count, options);
      }
    },
  ),

  plantedBug(
    "truncate to more than there are is taken for as many",
    ["truncate-too-many", "model-walk-1"],
    class extends MemoryStore {
      protected override async doTruncate(id: SessionId, count: number, options: WriteOptions) {
        const { entryCount } = await super.doHead(id);
        return super.doTruncate(id, Math.min(count, entryCount), options);
      }
    },
  ),

  plantedBug(
    "the counters stay after a truncate",
    ["truncate-keeps-first"],
    class extends MemoryStore {
      protected override async doTruncate(id: SessionId, count: number, options: WriteOptions) {
        const { turnCount } = await super.doHead(id);
        return { ...(await super.doTruncate(id, count, options)), turnCount };
      }
    },
  ),

  plantedBug(
    "replace keeps the old context",
    ["replace-everything", "replace-with-stored"],
    class extends MemoryStore {
      protected override async doReplace(session: Session, expectedVersion: string | undefined) {
        const { context } = await super.doHead(session.metadata.id);
        return super.doReplace({ ...session, context: { ...context, ...session.context } }, expectedVersion);
      }
    },
  ),

  plantedBug(
    "replace creates what is not there",
    ["call-missing", "delete-gone"],
    class extends MemoryStore {
      protected override async doReplace(session: Session, expectedVersion: string | undefined) {
        try {
          return await super.doReplace(session, expectedVersion);
        } catch (error) {
          if (isSessionError(error, "not_found")) return super.doCreate(session);
          throw error;
        }
      }
    },
  ),

  plantedBug(
    "delete of a missing session fails",
    ["delete-answer", "call-missing"],
    class extends MemoryStore {
      protected override async doDelete(id: SessionId, expectedVersion: string | undefined) {
        await super.doHead(id);
        return super.doDelete(id, expectedVersion);
      }
    },
  ),

  plantedBug(
    "delete always says true",
    ["delete-answer", "delete-at-once"],
    class extends MemoryStore {
      protected override async doDelete(id: SessionId, expectedVersion: string | undefined) {
        await super.doDelete(id, expectedVersion);
        return true;
      }
    },
  ),

  plantedBug(
    "delete takes the children with it",
    ["create-parent"],
    class extends MemoryStore {
      protected override async doDelete(id: SessionId, expectedVersion: string | undefined) {
        const children = await super.list({ filter: { parent: id } });
        for (const child of children.items) await super.doDelete(child.id, undefined);
        return super.doDelete(id, expectedVersion);
      }
    },
  ),

  plantedBug(
    "turns are counted as questions",
    ["create-answer", "concurrent-appends", "model-walk-1"],
    class extends MemoryStore {
      protected override async doHead(id: SessionId): Promise<SessionHead> {
        const head = await super.doHead(id);
        return { ...head, turnCount: head.userMessageCount };
      }
    },
  ),

  plantedBug(
    "a parent cannot be taken away",
    ["update-each-field"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { parentSession, ...rest } = change;
        return super.doUpdate(id, parentSession ? change : rest, options);
      }
    },
  ),

  plantedBug(
    "a whole context is added to the old one",
    ["update-context"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { context, ...rest } = change;
        return super.doUpdate(id, context ? { ...rest, setContext: context } : change, options);
      }
    },
  ),

  plantedBug(
    "every expectedVersion is a stale one",
    ["version-expected"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        if (options.expectedVersion === undefined) return super.doUpdate(id, change, options);
        return super.doUpdate(id, change, { ...options, expectedVersion: `${options.expectedVersion}?` });
      }
    },
  ),

  plantedBug(
    "replace takes the given time, be it earlier",
    ["time-replace"],
    class extends MemoryStore {
      protected override async doReplace(session: Session, expectedVersion: string | undefined) {
        const head = await super.doReplace(session, expectedVersion);
        const { updatedAt } = session.metadata;
        return { ...head, metadata: { ...head.metadata, updatedAt } };
      }
    },
  ),

  plantedBug(
    "replace drops entries whose ids repeat",
    ["replace-duplicates", "repeat-of-duplicates"],
    class extends MemoryStore {
      protected override async doReplace(session: Session, expectedVersion: string | undefined) {
        const entries = [...new Map(session.entries.map((entry) => [entry.id, entry])).values()];
        return super.doReplace({ ...session, entries }, expectedVersion);
      }
    },
  ),

  plantedBug(
    "delete leaves the context behind",
    ["delete-create-anew"],
    class extends MemoryStore {
      readonly #left = new Map<string, Session["context"]>();

      protected override async doCreate(session: Session) {
        const context = { ...this.#left.get(session.metadata.id), ...session.context };
        return super.doCreate({ ...session, context });
      }

      protected override async doDelete(id: SessionId, expectedVersion: string | undefined) {
        const head = await super.doHead(id).catch(() => null);
        if (head) this.#left.set(id, head.context);
        return super.doDelete(id, expectedVersion);
      }
    },
  ),
];
