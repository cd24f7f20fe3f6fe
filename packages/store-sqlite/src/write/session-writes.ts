import type {
  AppendOptions,
  AppendResult,
  Session,
  SessionChange,
  SessionEntry,
  SessionHead,
  SessionId,
  WriteOptions,
} from "@thulp-sessions/core";
import {
  type AppendTarget,
  alreadyExists,
  appendResult,
  changedContext,
  changedMetadata,
  checkTruncate,
  countEntries,
  type EntryCounts,
  epochAfterDrop,
  firstEpoch,
  nextUpdatedAt,
  notFound,
  planAppend,
} from "@thulp-sessions/core/store";
import type { SearchIndex } from "../search/search-index.ts";
import type { EntryTable } from "../tables/entry-table.ts";
import { headOf } from "../tables/rows.ts";
import { checkVersion, type SessionPlace, type SessionTable } from "../tables/session-table.ts";
import type { Append, Write } from "./group-commit.ts";

/**
 * The writing operations, as functions that {@link GroupCommit} runs in a nested transaction. Each throws
 * what its contract says (docs/store-contract.md); whatever it has written by then is rolled back.
 */
export class SessionWrites {
  readonly #sessions: SessionTable;
  readonly #entries: EntryTable;
  readonly #index: SearchIndex;

  constructor(sessions: SessionTable, entries: EntryTable, index: SearchIndex) {
    this.#sessions = sessions;
    this.#entries = entries;
    this.#index = index;
  }

  create({ metadata, context, entries }: Session): Write<SessionHead> {
    return (revision) => {
      if (this.#sessions.locate(metadata.id) !== undefined) throw alreadyExists(metadata.id);
      const counts = countEntries(entries);
      const key = this.#sessions.insert(metadata, context, counts, revision);
      this.#entries.insert(key, entries, 0);
      const value = headOf(metadata, context, counts, { revision, epoch: firstEpoch(revision) });
      return { value, changed: "created", rowsToIndex: 1 + entries.length };
    };
  }

  update(id: SessionId, change: SessionChange, options: WriteOptions): Write<SessionHead> {
    return (revision) => {
      const record = this.#sessions.find(id, options.expectedVersion);
      const before = this.#sessions.contextOf(record);
      const metadata = changedMetadata(record.metadata, change, options.at);
      const context = changedContext(before, change);
      const newContext = context === before ? undefined : context;
      const now = { revision, epoch: record.epoch };
      this.#sessions.update(record, metadata, record.counts, now, newContext);
      if (metadata.name !== record.metadata.name) this.#index.rename(record.key, metadata.name);
      return { value: headOf(metadata, context, record.counts, now), changed: "changed" };
    };
  }

  append(id: SessionId, entries: readonly SessionEntry[], options: AppendOptions): Append<AppendResult> {
    return (revision, before) => {
      if (!before) throw notFound(id);
      const { key, counts } = before;
      const target = this.#targetOf(id, before, before, counts);
      const plan = planAppend(id, target, entries, options);
      if (plan.isRepeat) return { value: appendResult(plan, target) };
      this.#entries.insert(key, plan.fresh, counts.entryCount);
      const { updatedAt, counts: newCounts, status } = plan;
      const now = { ...before, updatedAt, counts: newCounts, status, revision, timeIndexPending: true };
      return {
        value: appendResult(plan, { version: String(revision), epoch: before.epoch }),
        changed: "changed",
        rowsToIndex: plan.fresh.length,
        row: { before, now },
      };
    };
  }

  /** An append that also drops entries or changes the context. */
  appendAndChange(
    id: SessionId,
    entries: readonly SessionEntry[],
    options: AppendOptions,
  ): Write<AppendResult> {
    return (revision) => {
      const record = this.#sessions.find(id);
      const { key, counts, metadata } = record;
      const target = this.#targetOf(id, record, metadata, counts);
      const plan = planAppend(id, target, entries, options);
      if (plan.isRepeat) return { value: appendResult(plan, target) };
      if (plan.dropsSome) {
        this.#entries.deleteFrom(key, plan.kept);
        this.#index.removeEntries(key, plan.kept);
      }
      this.#entries.insert(key, plan.fresh, plan.kept);
      const before = this.#sessions.contextOf(record);
      const context = changedContext(before, plan.context);
      const { status, updatedAt } = plan;
      const changed = { ...metadata, status, updatedAt };
      const epoch = plan.dropsSome ? epochAfterDrop(record.epoch, plan.kept, revision) : record.epoch;
      const newContext = context === before ? undefined : context;
      this.#sessions.update(record, changed, plan.counts, { revision, epoch }, newContext);
      return {
        value: appendResult(plan, { version: String(revision), epoch }),
        changed: "changed",
        rowsToIndex: plan.fresh.length,
      };
    };
  }

  #targetOf(
    id: SessionId,
    { key, revision, epoch }: SessionPlace,
    metadata: AppendTarget["metadata"],
    counts: EntryCounts,
  ): AppendTarget {
    return {
      metadata,
      counts,
      version: String(revision),
      epoch,
      findEntries: (entryId) => this.#entries.findById(key, id, entryId),
      tail: {
        entries: (from, limit) => this.#entries.from(key, id, from, limit),
        countsBefore: (seq) => this.#entries.countBelow(key, seq, counts),
      },
    };
  }

  truncate(id: SessionId, entryCount: number, { at, expectedVersion }: WriteOptions): Write<SessionHead> {
    return (revision) => {
      const record = this.#sessions.find(id, expectedVersion);
      checkTruncate(id, record.counts.entryCount, entryCount);
      const context = this.#sessions.contextOf(record);
      if (entryCount === record.counts.entryCount)
        return { value: headOf(record.metadata, context, record.counts, record) };
      const counts = this.#entries.countBelow(record.key, entryCount, record.counts);
      const metadata = { ...record.metadata, updatedAt: nextUpdatedAt(record.metadata, at) };
      this.#entries.deleteFrom(record.key, entryCount);
      this.#index.removeEntries(record.key, entryCount);
      const now = { revision, epoch: epochAfterDrop(record.epoch, entryCount, revision) };
      this.#sessions.update(record, metadata, counts, now);
      return { value: headOf(metadata, context, counts, now), changed: "changed" };
    };
  }

  replace(session: Session, expectedVersion: string | undefined): Write<SessionHead> {
    return (revision) => {
      const { context, entries } = session;
      const record = this.#sessions.find(session.metadata.id, expectedVersion);
      const updatedAt = nextUpdatedAt(record.metadata, session.metadata.updatedAt);
      const metadata = { ...session.metadata, updatedAt };
      const counts = countEntries(entries);
      this.#entries.deleteFrom(record.key, 0);
      this.#index.removeEntries(record.key, 0);
      this.#entries.insert(record.key, entries, 0);
      const now = { revision, epoch: firstEpoch(revision) };
      this.#sessions.update(record, metadata, counts, now, context);
      if (metadata.name !== record.metadata.name) this.#index.rename(record.key, metadata.name);
      const value = headOf(metadata, context, counts, now);
      return { value, changed: "changed", rowsToIndex: entries.length };
    };
  }

  delete(id: SessionId, expectedVersion: string | undefined): Write<boolean> {
    return () => {
      const found = this.#sessions.locate(id);
      if (!found) return { value: false };
      checkVersion(id, found.revision, expectedVersion);
      this.#sessions.delete(found.key);
      this.#index.removeSession(found.key);
      return { value: true, changed: "deleted" };
    };
  }
}
