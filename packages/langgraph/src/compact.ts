import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { isSessionError, type JsonValue, type SessionEntry, type StoredSession } from "@thulp-sessions/core";
import { ContentJoiner, contentEntries, decodeContent, type JoinedEntry } from "@thulp-sessions/core/adapter";
import { readBareCheckpoint, readMetadata } from "./read-tuple.ts";
import {
  CHECKPOINT_EVENT,
  type ChannelValue,
  type Encoded,
  type StoredCheckpoint,
  type StoredWrites,
  WRITES_EVENT,
} from "./stored-contents.ts";
import { type CheckpointRecord, ThreadLog, type ValueNode } from "./thread-log.ts";
import { type ThreadStore, threadSessionId } from "./thread-store.ts";

/** What {@link ThulpSaver.compact} has done. */
export interface CompactReport {
  /** Checkpoints of all namespaces. */
  readonly checkpointsKept: number;
  readonly checkpointsRemoved: number;
  /** Entries of the session, messages included. */
  readonly entriesKept: number;
  readonly entriesRemoved: number;
}

type Reader = Pick<BaseCheckpointSaver, "serde" | "getNextVersion">;

/** Another process may put checkpoints meanwhile, but a quiet moment comes. */
const MAX_ROUNDS = 100;

/** @throws {SessionError} conflict when the thread was written to in each of many rounds. */
export async function compactThread(
  threads: ThreadStore,
  saver: Reader,
  threadId: string,
  keep: number,
): Promise<CompactReport> {
  const id = threadSessionId(threadId);
  for (let round = 1; ; round++) {
    try {
      const session = await threads.store.get(id);
      const compaction = new Compaction(saver, session);
      const entries = await compaction.entries(keep);
      const removed = session.entries.length - entries.length;
      const report = { ...compaction.checkpoints, entriesKept: entries.length, entriesRemoved: removed };
      if (removed === 0) return report;
      const { metadata, context, version } = session;
      const compacted = { metadata: { ...metadata, updatedAt: threads.now() }, entries, context };
      await threads.store.replace(compacted, { expectedVersion: version });
      threads.forget(threadId);
      return report;
    } catch (error) {
      if (isSessionError(error, "not_found"))
        return { checkpointsKept: 0, checkpointsRemoved: 0, entriesKept: 0, entriesRemoved: 0 };
      if (!isSessionError(error, "conflict") || round === MAX_ROUNDS) throw error;
    }
  }
}

/** Which entries of a thread stay, and what its first checkpoints become that go on from none any more. */
class Compaction {
  readonly #saver: Reader;
  readonly #session: StoredSession;
  readonly #log: ThreadLog;
  /** The entries of the checkpoints that stay. */
  readonly #kept = new Map<string, CheckpointRecord>();
  /** The checkpoints whose writes stay. */
  readonly #withWrites = new Set<string>();
  /** The items that these need. */
  readonly #items = new Set<string>();

  constructor(saver: Reader, session: StoredSession) {
    this.#saver = saver;
    this.#session = session;
    this.#log = new ThreadLog(session.metadata.id, "");
    for (const entry of session.entries) this.#log.add(entry);
  }

  get checkpoints(): Pick<CompactReport, "checkpointsKept" | "checkpointsRemoved"> {
    const all = this.#log.namespaces().flatMap((ns) => this.#log.records(ns)).length;
    return { checkpointsKept: this.#kept.size, checkpointsRemoved: all - this.#kept.size };
  }

  async entries(keep: number): Promise<SessionEntry[]> {
    for (const ns of this.#log.namespaces()) {
      const newest = this.#log.records(ns).sort((a, b) => (a.id < b.id ? 1 : -1));
      for (const record of newest.slice(0, keep)) await this.#keep(record);
    }
    const joiner = new ContentJoiner();
    const joined = this.#session.entries.flatMap((entry) => joiner.add(entry) ?? []);
    const records = new Map<JoinedEntry, SessionEntry[]>();
    // Which items are needed is known when all records are.
    for (const each of joined) {
      const stays = await this.#recordEntries(each);
      if (stays !== undefined) records.set(each, stays);
    }
    return joined.flatMap((each) => records.get(each) ?? this.#otherEntries(each));
  }

  async #keep(record: CheckpointRecord): Promise<void> {
    this.#kept.set(record.entryId, record);
    const { ns, id, parent } = record;
    this.#withWrites.add(placeKey(ns, id));
    const checkpoint = await readBareCheckpoint(this.#saver, this.#log, record);
    if (parent === null) return;
    // What was sent in the step before stood in the writes of the parent before version 4.
    if (checkpoint.v < 4) this.#withWrites.add(placeKey(ns, parent));
    const { counters_since_delta_snapshot: deltas = {} } = await readMetadata(this.#saver, this.#log, record);
    const open = new Set(Object.keys(deltas));
    for (let next = this.#log.record(ns, parent); next !== undefined && open.size > 0; ) {
      this.#kept.set(next.entryId, next);
      this.#withWrites.add(placeKey(ns, next.id));
      for (const [channel, node] of await this.#valuesOf(next))
        if (node.value.t !== "none") open.delete(channel);
      next = next.parent === null ? undefined : this.#log.record(ns, next.parent);
    }
  }

  /** @returns undefined for what is no record. */
  async #recordEntries({ entry, content }: JoinedEntry): Promise<SessionEntry[] | undefined> {
    const { id, timestamp, entryType } = entry;
    if (entryType.type !== "system_event") return undefined;
    const envelope = { id, timestamp, entryType };
    if (entryType.event === CHECKPOINT_EVENT) {
      const record = this.#log.recordOfEntry(id);
      if (record === undefined) return undefined;
      if (!this.#kept.has(id)) return [];
      const stored = await this.#rooted(record, decodeContent(content) as StoredCheckpoint);
      for (const value of Object.values(stored.values)) this.#need(value);
      return contentEntries(envelope, stored);
    }
    if (entryType.event === WRITES_EVENT) {
      const { ns, checkpoint, writes = [] } = decodeContent(content) as StoredWrites;
      if (!this.#withWrites.has(placeKey(ns, checkpoint))) return [];
      for (const [, , value] of writes) this.#need(value);
      return contentEntries(envelope, decodeContent(content));
    }
    return undefined;
  }

  /** Items that are needed stay, and what other programs have written. */
  #otherEntries({ entry, content }: JoinedEntry): SessionEntry[] {
    const { id, timestamp, entryType } = entry;
    const isItem = this.#log.isOwnItem(id);
    if (isItem && !this.#items.has(id)) return [];
    return contentEntries({ id, timestamp, entryType }, decodeContent(content));
  }

  /** The record as it is where what it goes on from stays, else with all its values. */
  async #rooted(record: CheckpointRecord, stored: StoredCheckpoint): Promise<StoredCheckpoint> {
    const nodes = await this.#valuesOf(record);
    const isWhole = nodes.every(([channel, node]) => record.where.get(channel) === node);
    if (isWhole && record.base !== null && this.#kept.has(record.base)) return stored;
    const all = [...nodes, ...record.own];
    const values = all.map(([channel, node]) => [channel, this.#whole(node)] as const);
    return { ...stored, base: null, values: Object.fromEntries(values) };
  }

  async #valuesOf(record: CheckpointRecord): Promise<[string, ValueNode][]> {
    const { channel_versions } = await readBareCheckpoint(this.#saver, this.#log, record);
    return Object.entries(channel_versions).flatMap(([channel, version]): [string, ValueNode][] => {
      const node = this.#log.nodeOf(record, channel, version);
      return node === undefined ? [] : [[channel, node]];
    });
  }

  #whole(node: ValueNode): ChannelValue {
    const { value } = node;
    if (value.t !== "list") return value;
    const add = this.#log.listTexts(node).map((text): string | readonly [JsonValue] => {
      return this.#log.itemId(text) ?? [JSON.parse(text)];
    });
    return { ...value, keep: 0, add };
  }

  #need(value: Encoded): void {
    if (value.t === "item") this.#items.add(value.id);
    if (value.t === "list") for (const each of value.add) if (typeof each === "string") this.#items.add(each);
  }
}

function placeKey(ns: string, id: string): string {
  return JSON.stringify([ns, id]);
}
