import { crc32 } from "node:zlib";
import {
  type AppendOptions,
  type AppendResult,
  type EntryId,
  type SessionEntry,
  SessionError,
  type SessionId,
  type StoredEntry,
} from "@thulp-sessions/core";
import {
  type AppendPlan,
  type AppendTarget,
  appendResult,
  changedContext,
  epochAfterDrop,
  planAppend,
} from "@thulp-sessions/core/store";
import { readBytes } from "../disk/read-file.ts";
import { epochNumber } from "../file-text/epoch-number.ts";
import { encodeAppend } from "../format/encode-entry.ts";
import { decodeEntry } from "../format/serde/codec.ts";
import { JsonScanner } from "../format/serde/json-scanner.ts";
import type { Range } from "../format/serde/serde.ts";
import { addEntries, type PlacedEntry, withUpdatedAt } from "./grow-state.ts";
import type { Rewrite } from "./rewrite-file.ts";
import { entriesEndOf, type SessionState, stateNames, storedEntry, versionOf } from "./session-state.ts";

// The steps of an append that touch no file but to read: what calls that wait for one session come to, the
// bytes of it, and what is known of the session afterwards.

/** How many calls go out in one write at most: each may bring 16 MiB and more. */
const MOST_CALLS = 64;

/** A call of `append` that waits for its turn. */
export interface AppendCall {
  readonly entries: readonly SessionEntry[];
  readonly options: AppendOptions;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface PlannedCall {
  readonly call: AppendCall;
  readonly plan: AppendPlan;
}

export interface GroupPlan {
  readonly planned: readonly PlannedCall[];
  readonly refused: readonly { readonly call: AppendCall; readonly error: unknown }[];
}

/**
 * Takes calls from the front that can go out in one write. One that expects a version or an epoch is planned
 * on its own; so is one that may change the status or the context, and every call while the file has to be
 * rewritten.
 */
export function takeGroup(calls: AppendCall[], state: SessionState): AppendCall[] {
  const isAlone = ({ options }: AppendCall) =>
    expectsState(options) ||
    (options.setContext ?? options.removeContext) !== undefined ||
    options.limits?.action === "end_session";
  const next = calls.findIndex(
    (call, i) => i > 0 && (!state.fixed || isAlone(call) || isAlone(calls[0] as AppendCall)),
  );
  return calls.splice(0, Math.min(MOST_CALLS, next < 0 ? calls.length : next));
}

function expectsState({ expectedVersion, expectedEpoch }: AppendOptions): boolean {
  return (expectedVersion ?? expectedEpoch) !== undefined;
}

/** One call after the other, each on what those before it will have written. */
export function planGroup(
  path: string,
  id: SessionId,
  state: SessionState,
  calls: readonly AppendCall[],
): GroupPlan {
  const refused: { call: AppendCall; error: unknown }[] = [];
  const planned: PlannedCall[] = [];
  const { createdAt } = state.metadata;
  const { epoch } = state;
  let { counts } = state;
  let { status, updatedAt } = state.metadata;
  /** Of the calls before; most come alone. */
  const fresh = calls.length > 1 ? new Map<EntryId, StoredEntry>() : undefined;
  const findEntries = (entryId: EntryId): readonly StoredEntry[] => {
    const found = storedEntries(path, state, entryId);
    const waiting = fresh?.get(entryId);
    return waiting ? [...found, waiting] : found;
  };
  for (const call of calls) {
    try {
      const target: AppendTarget = {
        metadata: { createdAt, updatedAt, status },
        counts,
        // Most calls expect none.
        version: expectsState(call.options) ? versionOf(state) : "",
        epoch,
        findEntries,
        // Such a call is planned on its own.
        tail: {
          entries: (from, limit) => entriesAt(path, state, from, limit),
          countsBefore: (seq) => state.index.counts(seq),
        },
      };
      const plan = planAppend(id, target, call.entries, call.options);
      planned.push({ call, plan });
      ({ counts, status, updatedAt } = plan);
      if (fresh) for (const entry of plan.fresh) fresh.set(entry.id, entry);
    } catch (error) {
      refused.push({ call, error });
    }
  }
  return { planned, refused };
}

const NO_ENTRIES: readonly StoredEntry[] = [];

/** The stored entries with this id, read from where they stand. */
function storedEntries(path: string, state: SessionState, id: EntryId): readonly StoredEntry[] {
  const places = state.index.find(id);
  if (places.length === 0) return NO_ENTRIES;
  return places.map((seq) => entryAt(path, state, seq));
}

function entriesAt(path: string, state: SessionState, from: number, limit: number): StoredEntry[] {
  const count = Math.max(0, Math.min(limit, state.index.count - from));
  return Array.from({ length: count }, (_, i) => entryAt(path, state, from + i));
}

function entryAt(path: string, { index, entriesStart }: SessionState, seq: number): StoredEntry {
  const read = readBytes(path, entriesStart + index.startOf(seq), entriesStart + index.endOf(seq));
  if (!read)
    throw new SessionError("io", `${path} was removed while it was written to.`, { details: { path } });
  return storedEntry(read.bytes, decodeEntry(new JsonScanner(read.bytes)), seq);
}

/** The new file that a group needs; undefined where it goes behind the entries of the old one. */
export function rewriteOf(
  { fixed, metadata, context, counts, epoch }: SessionState,
  planned: readonly PlannedCall[],
  last: AppendPlan,
): Rewrite | undefined {
  const { status, updatedAt, kept } = last;
  const changed = changedContext(context, last.context);
  // A later call of a group keeps what those before it add.
  const dropsNone = kept >= counts.entryCount;
  if (fixed && status === metadata.status && changed === context && dropsNone) return undefined;
  return {
    metadata: { ...metadata, status, updatedAt },
    context: changed,
    epoch: last.dropsSome ? epochAfterDrop(epoch, kept, epochNumber()) : epoch,
    keep: Math.min(kept, counts.entryCount),
    add: planned.flatMap(({ plan }) => plan.fresh),
  };
}

/** What is written over the closing, and what it adds to the state. */
export interface EncodedGroup {
  /** Good until the next group is encoded. */
  readonly bytes: Buffer;
  readonly offset: number;
  readonly updatedAt: number;
  readonly batches: readonly {
    readonly plan: AppendPlan;
    readonly entries: readonly PlacedEntry[];
    readonly crc: number;
  }[];
}

export function encodeGroup(state: SessionState, planned: readonly PlannedCall[]): EncodedGroup {
  const offset = entriesEndOf(state);
  const { bytes, ranges } = encodeAppend(
    planned.map(({ plan }) => ({ entries: plan.fresh, updatedAt: plan.updatedAt })),
    state.counts.entryCount === 0,
  );
  let next = 0;
  let { crc } = state;
  let end = 0;
  let { updatedAt } = state.metadata;
  const batches = planned.map(({ plan }) => {
    const entries = plan.fresh.map(({ id, entryType }): PlacedEntry => {
      const range = ranges[next++] as Range;
      return { id, entryType, start: offset + range.start, end: offset + range.end };
    });
    const last = entries.at(-1);
    // Before the buffer is used for another session.
    if (last) crc = crc32(bytes.subarray(end, last.end - offset), crc);
    if (last) end = last.end - offset;
    ({ updatedAt } = plan);
    return { plan, entries, crc };
  });
  return { bytes, offset, updatedAt, batches };
}

/** Takes what is on the disk now into the state, batch by batch. @returns what each call is answered. */
export function applyGroup(state: SessionState, { batches }: EncodedGroup): AppendResult[] {
  return batches.map(({ plan, entries, crc }) => {
    addEntries(state, entries, crc, plan.counts);
    state.metadata = withUpdatedAt(state.metadata, plan.updatedAt);
    return appendResult(plan, stateNames(state));
  });
}
