import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  getCheckpointId,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import type { JsonValue, SessionStore, Timestamp } from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/adapter";
import { type CompactReport, compactThread } from "./compact.ts";
import { type Dumped, Dumper } from "./dump.ts";
import { addCheckpoint, type DumpedChannel, type Put } from "./put-checkpoint.ts";
import { readMetadata, readTuple } from "./read-tuple.ts";
import { type StoredWrite, WRITES_EVENT } from "./stored-contents.ts";
import type { CheckpointRecord, ThreadLog } from "./thread-log.ts";
import { ThreadStore } from "./thread-store.ts";

/** How a {@link ThulpSaver} works. */
export interface ThulpSaverOptions {
  /** LangGraph's own when absent; an encrypting one too. */
  readonly serde?: SerializerProtocol | undefined;
  /** Milliseconds since the Unix epoch, for the times of sessions and entries. `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
  /** Of how many threads the log is held in memory; 100 when absent. */
  readonly threads?: number | undefined;
  /**
   * Serializes each object of a list in the state once, however often it is put: a step then costs what is
   * new in it. Do not change such an object (a message) after it was in a state; a new `id` is noticed. False
   * when absent.
   */
  readonly trustItems?: boolean | undefined;
  /** Further tags of the sessions that it makes. */
  readonly tags?: readonly string[] | undefined;
}

/** The keys of `configurable` that say which checkpoints are meant. */
interface Place {
  readonly thread_id?: unknown;
  readonly checkpoint_ns?: unknown;
}

/**
 * LangGraph's checkpoints in any store: a thread is one session, a message one entry of it, however many
 * checkpoints hold it. What was put is as durable as the store promises when the promise resolves. Several
 * savers, in several processes too, may work on one thread.
 *
 * All methods reject with `TypeError` for a config that names no thread where one is needed, and with what
 * the store rejects with (`SessionError`).
 */
export class ThulpSaver extends BaseCheckpointSaver {
  readonly #threads: ThreadStore;
  readonly #dumper: Dumper;

  constructor(store: SessionStore, options: ThulpSaverOptions = {}) {
    const { serde, clock = Date.now, threads = 100, trustItems = false, tags = [] } = options;
    if (!Number.isInteger(threads) || threads < 1) throw new TypeError("threads is a whole number from 1.");
    super(serde);
    this.#threads = new ThreadStore(store, { clock, threads, tags });
    this.#dumper = new Dumper(this.serde, trustItems);
  }

  /** The checkpoint that the config names, or the one of its thread and namespace with the greatest id. */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id } = placeOf(config);
    if (thread_id === undefined) return undefined;
    const threadId = threadOf(config, "read a checkpoint");
    const log = await this.#threads.read(threadId);
    if (log === undefined) return undefined;
    const ns = namespaceOf(config) ?? "";
    const id = getCheckpointId(config);
    const record = id === "" ? log.latest(ns) : log.record(ns, id);
    return record === undefined ? undefined : readTuple(this, threadId, log, record);
  }

  /**
   * The checkpoints that match, the greatest id first. Without `thread_id` those of every thread, without
   * `checkpoint_ns` those of every namespace.
   */
  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { before, limit, filter } = options;
    const { thread_id } = placeOf(config);
    const threadIds =
      thread_id === undefined ? this.#threads.threadIds() : [threadOf(config, "list checkpoints")];
    const ns = namespaceOf(config);
    const id = getCheckpointId(config);
    const beforeId = before === undefined ? "" : getCheckpointId(before);
    const found: { readonly threadId: string; readonly ns: string; readonly id: string }[] = [];
    for await (const threadId of threadIds) {
      const log = await this.#threads.read(threadId);
      for (const each of log === undefined ? [] : recordsOf(log, ns)) {
        if (id !== "" && each.id !== id) continue;
        if (beforeId === "" || each.id < beforeId) found.push({ threadId, ns: each.ns, id: each.id });
      }
    }
    found.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
    let left = limit ?? Number.POSITIVE_INFINITY;
    for (const place of found) {
      if (left <= 0) return;
      const tuple = await this.#tupleAt(place, filter);
      if (tuple === undefined) continue;
      left--;
      yield tuple;
    }
  }

  /**
   * Stores a checkpoint. Of its channels only those in `newVersions` are stored, and those without a version;
   * the others have the values that they have in its parent. Where that is not stored, all are.
   */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const threadId = threadOf(config, "put a checkpoint");
    this.#threads.check(threadId);
    const ns = namespaceOf(config) ?? "";
    const parent = getCheckpointId(config) || null;
    const put: Put = { ns, parent, id: checkpoint.id, versions: { ...checkpoint.channel_versions } };
    const { channel_values: values = {}, ...bare } = checkpoint;
    const changed = new Set(Object.keys(newVersions ?? put.versions));
    for (const channel of Object.keys(values))
      if (!Object.hasOwn(put.versions, channel)) changed.add(channel);
    const others = Object.keys(values).filter((channel) => !changed.has(channel));
    const isKnown = parent === null || this.#threads.held(threadId)?.record(ns, parent) !== undefined;
    const [dumpedCheckpoint, dumpedMetadata, dumped, dumpedOthers] = await Promise.all([
      this.#dumper.whole(bare),
      this.#dumper.whole(metadata),
      this.#dumpChannels(values, [...changed]),
      isKnown ? undefined : this.#dumpChannels(values, others),
    ]);
    const parts = { checkpoint: dumpedCheckpoint, metadata: dumpedMetadata, channels: dumped };
    const all = async () => [...dumped, ...(dumpedOthers ?? (await this.#dumpChannels(values, others)))];

    const isEnough = (log: ThreadLog) => parent === null || log.record(ns, parent) !== undefined;
    const isStored = await this.#threads.write(threadId, isEnough, (batch, log) => {
      return isEnough(log) && addCheckpoint(batch, log, put, parts);
    });
    if (!isStored) {
      // The parent is not there, or no longer: the others have no values to inherit.
      const whole = { ...parts, channels: await all() };
      await this.#threads.write(threadId, isEnough, (batch, log) => addCheckpoint(batch, log, put, whole));
    }
    return { configurable: { thread_id: threadId, checkpoint_ns: ns, checkpoint_id: checkpoint.id } };
  }

  /**
   * Stores what a task has written after a checkpoint, which need not be stored yet. A write that is there
   * already stays as it is, but errors, interrupts and answers to them are replaced.
   */
  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const threadId = threadOf(config, "put writes");
    this.#threads.check(threadId);
    const checkpointId = getCheckpointId(config);
    if (checkpointId === "")
      throw new TypeError('To put writes, "configurable" of the config needs the checkpoint_id they follow.');
    const ns = namespaceOf(config) ?? "";
    const dumped = await Promise.all(
      writes.map(async ([channel, value]) => ({ channel, value: await this.#dumper.dump(value, false) })),
    );
    if (dumped.length === 0) return;
    await this.#threads.write(
      threadId,
      () => true,
      (batch) => {
        const stored = dumped.map(({ channel, value }, i): StoredWrite => {
          const special = Object.hasOwn(WRITES_IDX_MAP, channel) ? WRITES_IDX_MAP[channel] : undefined;
          return [special ?? i, channel, batch.encode(value, true)];
        });
        const content = { ns, checkpoint: checkpointId, task: taskId, path: taskPath, writes: stored };
        batch.addRecord(WRITES_EVENT, content);
        return () => {};
      },
    );
  }

  /** Deletes the session of a thread, with all its namespaces. A thread that is not there is fine. */
  override async deleteThread(threadId: string): Promise<void> {
    await this.#threads.delete(threadId);
  }

  /**
   * Keeps the last `keep` checkpoints of each namespace of a thread, with what they hold and their pending
   * writes, and removes everything else: older checkpoints can then no longer be gone back to. Those from
   * which the value of a delta channel is made stay too. Atomic; what others put meanwhile is not lost.
   *
   * @param options `keep` is a whole number from 1.
   */
  async compact(threadId: string, options: { readonly keep: number }): Promise<CompactReport> {
    const { keep } = options;
    if (!Number.isInteger(keep) || keep < 1) throw new TypeError("keep is a whole number from 1.");
    return compactThread(this.#threads, this, threadId, keep);
  }

  #dumpChannels(
    values: Readonly<Record<string, unknown>>,
    channels: readonly string[],
  ): Promise<DumpedChannel[]> {
    return Promise.all(
      channels.map(async (channel) => {
        const dumped: Dumped = Object.hasOwn(values, channel)
          ? await this.#dumper.dump(values[channel], true)
          : { kind: "none" };
        return { channel, dumped };
      }),
    );
  }

  /** @returns undefined when its metadata do not match, or it is gone meanwhile. */
  async #tupleAt(
    { threadId, ns, id }: { readonly threadId: string; readonly ns: string; readonly id: string },
    filter: CheckpointListOptions["filter"],
  ): Promise<CheckpointTuple | undefined> {
    const log = this.#threads.held(threadId) ?? (await this.#threads.read(threadId));
    const record = log?.record(ns, id);
    if (log === undefined || record === undefined) return undefined;
    if (filter !== undefined) {
      const metadata = (await readMetadata(this, log, record)) as Readonly<Record<string, unknown>>;
      for (const [key, value] of Object.entries(filter)) if (!isEqual(metadata[key], value)) return undefined;
    }
    return readTuple(this, threadId, log, record);
  }
}

function recordsOf(log: ThreadLog, ns: string | undefined): CheckpointRecord[] {
  return (ns === undefined ? log.namespaces() : [ns]).flatMap((each) => log.records(each));
}

/** Values of metadata are JSON, as the serde has read them. */
function isEqual(stored: unknown, wanted: unknown): boolean {
  return stored === wanted || jsonEqual(stored as JsonValue, wanted as JsonValue);
}

function placeOf(config: RunnableConfig): Place {
  return (config.configurable ?? {}) as Place;
}

function threadOf(config: RunnableConfig, purpose: string): string {
  const { thread_id: threadId } = placeOf(config);
  if (typeof threadId !== "string")
    throw new TypeError(`To ${purpose}, "configurable" of the config needs a thread_id that is a text.`);
  return threadId;
}

function namespaceOf(config: RunnableConfig): string | undefined {
  const { checkpoint_ns: ns } = placeOf(config);
  if (ns === undefined || ns === null) return undefined;
  if (typeof ns !== "string")
    throw new TypeError('checkpoint_ns in "configurable" of the config is no text.');
  return ns;
}
