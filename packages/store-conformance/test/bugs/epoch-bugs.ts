import type {
  AppendOptions,
  AppendResult,
  Session,
  SessionEntry,
  SessionHead,
  SessionId,
  WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { EntriesRequest, EntryRows } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

/** A store that gives an epoch of its own. */
function epochsBy(epochOf: (session: SessionHead) => string) {
  return class extends MemoryStore {
    protected override async doHead(id: SessionId): Promise<SessionHead> {
      const head = await super.doHead(id);
      return { ...head, epoch: epochOf(head) };
    }

    protected override async doGet(id: SessionId) {
      return { ...(await super.doGet(id)), epoch: epochOf(await super.doHead(id)) };
    }

    protected override async doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
      return { ...(await super.doReadEntries(id, request)), epoch: epochOf(await super.doHead(id)) };
    }

    protected override async doCreate(session: Session): Promise<SessionHead> {
      const head = await super.doCreate(session);
      return { ...head, epoch: epochOf(head) };
    }

    protected override async doTruncate(
      id: SessionId,
      entryCount: number,
      options: WriteOptions,
    ): Promise<SessionHead> {
      const head = await super.doTruncate(id, entryCount, options);
      return { ...head, epoch: epochOf(head) };
    }

    protected override async doReplace(session: Session, expectedVersion: string | undefined) {
      const head = await super.doReplace(session, expectedVersion);
      return { ...head, epoch: epochOf(head) };
    }

    protected override async doAppend(
      id: SessionId,
      entries: readonly SessionEntry[],
      options: AppendOptions,
    ): Promise<AppendResult> {
      const result = await super.doAppend(id, entries, options);
      return { ...result, epoch: epochOf(await super.doHead(id)) };
    }
  };
}

export const epochBugs: readonly PlantedBug[] = [
  plantedBug(
    "every change gives another epoch",
    ["epoch-stays"],
    epochsBy(({ version }) => version),
  ),

  plantedBug(
    "the epoch is the number of entries, so that others of the same ids have it too",
    ["epoch-changes", "epoch-of-page"],
    epochsBy(({ entryCount }) => String(entryCount)),
  ),

  plantedBug(
    "no epoch ever changes, so that other contents of the same ids are told to nobody",
    ["epoch-changes", "epoch-follower"],
    epochsBy(() => "1"),
  ),

  plantedBug(
    "a session that is created again has the epoch of before",
    ["epoch-changes"],
    class extends MemoryStore {
      readonly #epochs = new Map<SessionId, string>();
      override async head(id: string) {
        const head = await super.head(id);
        return { ...head, epoch: this.#epochs.get(id as SessionId) ?? head.epoch };
      }
      protected override async doCreate(session: Session): Promise<SessionHead> {
        const head = await super.doCreate(session);
        const { id } = session.metadata;
        this.#epochs.set(id, this.#epochs.get(id) ?? head.epoch);
        return { ...head, epoch: this.#epochs.get(id) as string };
      }
    },
  ),

  plantedBug(
    "a page has no epoch",
    ["epoch-same-everywhere"],
    class extends MemoryStore {
      protected override async doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
        return { ...(await super.doReadEntries(id, request)), epoch: "" };
      }
    },
  ),

  plantedBug(
    "the epoch of a page is read after its entries",
    ["epoch-of-page"],
    class extends MemoryStore {
      protected override async doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
        const rows = await super.doReadEntries(id, request);
        await tick();
        return { ...rows, epoch: (await super.doHead(id)).epoch };
      }
      protected override async doReplace(session: Session, expectedVersion: string | undefined) {
        await tick();
        return super.doReplace(session, expectedVersion);
      }
    },
  ),

  plantedBug(
    "an expected epoch is not looked at",
    ["epoch-expected"],
    class extends MemoryStore {
      protected override doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        { expectedEpoch: _, ...options }: AppendOptions,
      ) {
        return super.doAppend(id, entries, options);
      }
    },
  ),

  plantedBug(
    "an expected epoch is taken for a version",
    ["epoch-expected"],
    class extends MemoryStore {
      protected override async doAppend(
        id: SessionId,
        entries: readonly SessionEntry[],
        { expectedEpoch, ...options }: AppendOptions,
      ) {
        const { epoch, version } = await super.doHead(id);
        const expectedVersion =
          expectedEpoch === undefined ? undefined : expectedEpoch === version ? version : epoch;
        return super.doAppend(id, entries, { expectedVersion, ...options });
      }
    },
  ),
];
