import type { SessionId } from "../model/ids.ts";
import type { Session, SessionEntry, SessionHead, SessionMetadata, StoredSession } from "../model/model.ts";
import type { CountedField } from "../rules/count-values.ts";
import { idsOfFilter, type SessionFilter } from "../rules/filter.ts";
import type { AppendOptions, AppendResult, SessionChange, WriteOptions } from "../rules/writes.ts";
import { BaseStore } from "../store/base-store.ts";
import type {
  EntriesRequest,
  EntryRows,
  HeadRows,
  ListRequest,
  PlacedHit,
  Rows,
  SearchRequest,
  SessionRows,
} from "../store/requests.ts";
import type { StoreCapabilities, StoreChange, WatchOptions } from "../store/session-store.ts";
import { mergedHeads } from "./merged-heads.ts";
import { mergedHits, mergedSessions } from "./merged-lists.ts";
import { shardOf } from "./placement.ts";
import type { Shard } from "./shard.ts";
import { ShardWatch } from "./shard-watch.ts";

/** What `openShardedStore` has prepared. */
export interface ShardedStoreParts {
  readonly location: string;
  readonly shards: readonly Shard[];
  readonly capabilities: StoreCapabilities;
  /** Why it may only be read; absent where it was opened so, and where it is writable. */
  readonly readOnlyReason?: string | undefined;
  /** Why it does not search; absent where it does. */
  readonly notSearchableReason?: string | undefined;
}

/**
 * One store over several: each session lies in one of them, by the hash of its id, and what concerns many
 * sessions is asked of all and merged. While a shard is away, its sessions and all that is merged are refused
 * with `busy`; the others are as ever. Opened by {@link openShardedStore}.
 */
export class ShardedStore extends BaseStore {
  override readonly kind = "shards";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  readonly #shards: readonly Shard[];
  readonly #watch: ShardWatch;

  /** @internal */
  constructor(parts: ShardedStoreParts) {
    super();
    const { location, shards, capabilities, readOnlyReason, notSearchableReason } = parts;
    this.location = location;
    this.capabilities = capabilities;
    if (readOnlyReason !== undefined) this.readOnlyReason = readOnlyReason;
    if (notSearchableReason !== undefined) this.notSearchableReason = notSearchableReason;
    this.#shards = shards;
    this.#watch = new ShardWatch(shards, this.changes);
  }

  protected override doCreate(session: Session): Promise<SessionHead> {
    return this.#of(session.metadata.id).call((part) => part.create(session));
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#of(id).call((part) => part.get(id));
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#of(id).call((part) => part.head(id));
  }

  protected override doUpdate(
    id: SessionId,
    change: SessionChange,
    options: WriteOptions,
  ): Promise<SessionHead> {
    return this.#of(id).call((part) => part.update(id, change, options));
  }

  protected override doAppend(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Promise<AppendResult> {
    return this.#of(id).call((part) => part.append(id, entries, options));
  }

  protected override doReadEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows> {
    return this.#of(id).call((part) => part.readEntries(id, request));
  }

  protected override doTruncate(id: SessionId, count: number, options: WriteOptions): Promise<SessionHead> {
    return this.#of(id).call((part) => part.truncate(id, count, options));
  }

  protected override doReplace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    return this.#of(session.metadata.id).call((part) => part.replace(session, expectedVersion));
  }

  protected override doDelete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#of(id).call((part) => part.delete(id, expectedVersion));
  }

  protected override doList(request: ListRequest): Promise<SessionRows> {
    return mergedSessions(this.#concernedBy(request.filter), request);
  }

  protected override doListHeads(request: ListRequest): Promise<HeadRows> {
    return mergedHeads(request, {
      list: (page) => this.doList(page),
      shardOf: (id) => this.#of(id),
    });
  }

  protected override async doCount(filter: SessionFilter): Promise<number> {
    const counts = await this.#askAll(filter, (shard) => shard.call((part) => part.count(filter)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  protected override async doCountValues(filter: SessionFilter, by: CountedField, prefix: string) {
    const sums = new Map<string, number>();
    const counts = await this.#askAll(filter, (shard) =>
      shard.call((part) => part.countValues(filter, by, prefix)),
    );
    for (const each of counts)
      for (const [value, count] of each) sums.set(value, (sums.get(value) ?? 0) + count);
    return sums;
  }

  protected override doSearch(request: SearchRequest): Promise<Rows<PlacedHit>> {
    return mergedHits(this.#concernedBy(request.filter), request);
  }

  /** Of one session: its shard is asked, so that the others may be away. */
  protected override doWatch(options: WatchOptions): Promise<AsyncIterableIterator<StoreChange>> {
    if (options.id === undefined) return super.doWatch(options);
    return this.#of(options.id as SessionId).call((_, store) => store.watch(options));
  }

  protected override doWatchStart(): Promise<void> {
    return this.#watch.start();
  }

  protected override doWatchStop(): void {
    this.#watch.stop();
  }

  protected override async doClose(): Promise<void> {
    this.#watch.stop();
    const closed = await Promise.allSettled(this.#shards.map((shard) => shard.close()));
    const failed = closed.find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
  }

  /**
   * The damage, the warnings and the labels of the shards are found at the shards themselves.
   *
   * @returns the sessions that lie in a shard other than their own, where only a program that has opened the
   *   shard by itself can have put them.
   */
  misplaced(): Promise<readonly { readonly session: SessionMetadata; readonly shard: string }[]> {
    return this.run(async () => {
      const found: { session: SessionMetadata; shard: string }[] = [];
      for (const shard of this.#shards) {
        const request = { filter: {}, orderBy: "createdAt", direction: "asc", limit: 1000 } as const;
        for (let after: ListRequest["after"] = null, walk: string | undefined; ; ) {
          const rows = await shard.call((part) => part.list({ ...request, after, walk }));
          for (const session of rows.items)
            if (this.#of(session.id) !== shard) found.push({ session, shard: shard.title });
          const last = rows.items.at(-1);
          if (!rows.hasMore || !last) break;
          after = { time: last.createdAt, id: last.id };
          walk = rows.walk;
        }
      }
      return found;
    });
  }

  #of(id: SessionId): Shard {
    return this.#shards[shardOf(id, this.#shards.length)] as Shard;
  }

  /** The shards in which sessions of the filter can be. */
  #concernedBy(filter: SessionFilter): readonly Shard[] {
    const ids = idsOfFilter(filter);
    return ids === undefined ? this.#shards : [...new Set(ids.map((id) => this.#of(id)))];
  }

  #askAll<T>(filter: SessionFilter, ask: (shard: Shard) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#concernedBy(filter).map(ask));
  }
}
