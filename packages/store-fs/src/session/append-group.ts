import { dirname } from "node:path";
import {
  type AppendOptions,
  type AppendResult,
  type EntryId,
  type SessionEntry,
  SessionError,
  type SessionId,
  type SessionMetadata,
  type StoredEntry,
} from "@thulp-sessions/core";
import { type AppendPlan, type AppendTarget, appendResult, planAppend } from "@thulp-sessions/core/store";
import { type FileStamp, stampOfWritten } from "../disk/file-stamp.ts";
import { changedMeanwhile, io } from "../disk/io-error.ts";
import { readAt, readBytes } from "../disk/read-file.ts";
import { cutFile, type Durability, syncData, syncFolder, writeFully } from "../disk/write-file.ts";
import { CLOSING, UPDATED_AT_OFFSET, updatedAtBytes } from "../format/canonical-layout.ts";
import { decodeEntry, type Range } from "../format/codec.ts";
import { appendText } from "../format/encode-entry.ts";
import type { Rewrite } from "../format/encode-file.ts";
import { JsonScanner } from "../format/json-scanner.ts";
import {
  addEntries,
  closingOf,
  type PlacedEntry,
  type SessionState,
  storedEntry,
  versionOf,
} from "./session-state.ts";

/** A call of `append` that waits for its turn. */
export interface AppendCall {
  readonly entries: readonly SessionEntry[];
  readonly options: AppendOptions;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What one call comes to. */
interface Planned {
  readonly call: AppendCall;
  readonly plan: AppendPlan;
}

export interface AppendContext {
  readonly id: SessionId;
  readonly durability: Durability;
  readonly exactTimes: boolean;
  /** The file of the state, open for reading and writing. */
  readonly descriptor: () => number;
  /** For what cannot be written in place: the whole file anew. */
  readonly rewrite: (planned: Rewrite) => Promise<SessionState>;
}

/** `in place`: the state has moved on with the file. `none`: nothing was written, or the file is another one now. */
export type AppendOutcome = "in place" | "none" | "failed";

/**
 * Carries out the calls that wait for one session, under its lock: all of them in one write and one sync, each a batch of
 * its own. A call that is refused takes no other with it; none is answered before what it rests on is on the disk. Where
 * nothing has to be waited for, all is done when this returns.
 */
export function appendCalls(
  state: SessionState,
  calls: readonly AppendCall[],
  context: AppendContext,
): AppendOutcome | Promise<AppendOutcome> {
  const { planned, refused } = planCalls(state, calls, context.id);
  const answer = ({ results, outcome }: Written): AppendOutcome => {
    for (let i = 0; i < planned.length; i++) (planned[i] as Planned).call.resolve(results[i] as AppendResult);
    for (const { call, error } of refused) call.reject(error);
    return outcome;
  };
  const fail = (error: unknown): AppendOutcome => {
    // Those that were refused too: a refusal may rest on an entry of the same write, which is not there now.
    for (const { call } of [...planned, ...refused]) call.reject(error);
    return "failed";
  };
  try {
    const written = write(state, planned, context);
    return written instanceof Promise ? written.then(answer).catch(fail) : answer(written);
  } catch (error) {
    return fail(error);
  }
}

interface Refused {
  readonly call: AppendCall;
  readonly error: unknown;
}

/** One after the other, each on what those before it will have written. */
function planCalls(
  state: SessionState,
  calls: readonly AppendCall[],
  id: SessionId,
): { planned: readonly Planned[]; refused: readonly Refused[] } {
  const refused: Refused[] = [];
  const planned: Planned[] = [];
  const { createdAt } = state.metadata;
  let { counts } = state;
  let { status, updatedAt } = state.metadata;
  /** Of the calls before; most come alone. */
  const fresh = calls.length > 1 ? new Map<EntryId, StoredEntry>() : undefined;
  const findEntries = (entryId: EntryId): readonly StoredEntry[] => {
    const found = storedEntries(state, entryId);
    const waiting = fresh?.get(entryId);
    return waiting ? [...found, waiting] : found;
  };
  for (const call of calls) {
    try {
      const target: AppendTarget = {
        metadata: { createdAt, updatedAt, status },
        counts,
        // Most calls expect none.
        version: call.options.expectedVersion === undefined ? "" : versionOf(state),
        findEntries,
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
function storedEntries(state: SessionState, id: EntryId): readonly StoredEntry[] {
  const places = state.index.find(id);
  if (places.length === 0) return NO_ENTRIES;
  return places.map((seq) => {
    const read = readBytes(state.path, state.index.startOf(seq), state.index.endOf(seq));
    if (!read)
      throw new SessionError("io", `${state.path} was removed while it was written to.`, {
        details: { path: state.path },
      });
    return storedEntry(read.bytes, decodeEntry(new JsonScanner(read.bytes)), seq);
  });
}

interface Written {
  readonly results: readonly AppendResult[];
  readonly outcome: AppendOutcome;
}

function write(
  state: SessionState,
  planned: readonly Planned[],
  context: AppendContext,
): Written | Promise<Written> {
  const last = planned.at(-1)?.plan;
  if (!last || planned.every(({ plan }) => plan.fresh.length === 0)) {
    const results = () => planned.map(({ plan }) => appendResult(plan, versionOf(state)));
    return syncOnce(state, context).then(() => ({ results: results(), outcome: "none" }));
  }
  if (state.ours && last.status === state.metadata.status) return writeInPlace(state, planned, context);
  const { status, updatedAt } = last;
  const rewritten = context.rewrite({
    metadata: { ...state.metadata, status, updatedAt },
    context: state.context,
    keep: state.counts.entryCount,
    add: planned.flatMap(({ plan }) => plan.fresh),
  });
  return rewritten.then((after) => ({
    results: planned.map(({ plan }) => appendResult(plan, versionOf(after))),
    outcome: "none",
  }));
}

/** A repeat is acknowledged only when the first writing, whoever's it was, is on the disk. */
export async function syncOnce(
  state: SessionState,
  { durability, descriptor }: Pick<AppendContext, "durability" | "descriptor">,
): Promise<void> {
  if (durability !== "full") return;
  await syncName(state, durability);
  if (state.synced) return;
  await syncData(state.path, descriptor());
  state.synced = true;
}

/** Whoever has renamed the file to its name may have ended before that was on the disk. */
async function syncName(state: SessionState, durability: Durability): Promise<void> {
  if (state.nameSynced || durability !== "full") return;
  await syncFolder(dirname(state.path), durability);
  state.nameSynced = true;
}

function writeInPlace(
  state: SessionState,
  planned: readonly Planned[],
  { durability, exactTimes, descriptor: open }: AppendContext,
): Written | Promise<Written> {
  const { path } = state;
  const offset = closingOf(state);
  const { bytes, ranges } = appendText(
    planned.map(({ plan }) => plan.fresh),
    state.counts.entryCount === 0,
  );
  const { updatedAt } = (planned[planned.length - 1] as Planned).plan;
  const descriptor = open();
  // Where the stamp alone does not tell whether somebody has written since.
  if (!state.settled && !hasClosingAt(path, descriptor, offset)) throw changedMeanwhile(path);
  const before = state.metadata.updatedAt;
  const failed = (error: unknown): never => {
    takeBack(descriptor, offset, before);
    throw error;
  };
  let stamp: FileStamp;
  try {
    io(path, "append to", () => {
      if (updatedAt !== before) writeUpdatedAt(descriptor, updatedAt);
      writeFully(descriptor, bytes, offset);
    });
    // Before the sync: what others write meanwhile is not covered by it.
    stamp = stampOfWritten(path, descriptor, exactTimes);
  } catch (error) {
    return failed(error);
  }
  // Somebody has written at the same moment: what he has done is not ours to take back.
  if (stamp.size !== offset + bytes.length) throw changedMeanwhile(path);
  const synced = durability === "full" ? syncData(path, descriptor) : undefined;
  // While the disk is at work. Whoever reads waits until it is done; if it fails, this state is forgotten.
  const written: Written = { results: addAll(state, planned, bytes, offset, ranges), outcome: "in place" };
  state.stamp = stamp;
  state.settled = true;
  state.synced = synced !== undefined;
  return synced ? synced.then(() => syncName(state, durability)).then(() => written, failed) : written;
}

function writeUpdatedAt(descriptor: number, updatedAt: number): void {
  writeFully(descriptor, updatedAtBytes(updatedAt), UPDATED_AT_OFFSET);
}

/** Takes what was written into the state, batch by batch, and gives what each call is answered. */
function addAll(
  state: SessionState,
  planned: readonly Planned[],
  bytes: Buffer,
  offset: number,
  ranges: readonly Range[],
): AppendResult[] {
  let at = 0;
  return planned.map(({ plan }) => {
    const batch = plan.fresh.map(({ id, entryType }): PlacedEntry => {
      const { start, end } = ranges[at++] as Range;
      return { id, entryType, start, end };
    });
    addEntries(state, bytes, offset, batch, plan.counts);
    state.metadata = movedTo(state.metadata, plan.updatedAt);
    return appendResult(plan, versionOf(state));
  });
}

/** Piece by piece: copying a frozen object takes several times as long, and this is done for every append. */
function movedTo(metadata: SessionMetadata, updatedAt: number): SessionMetadata {
  const { id, name, sessionType, createdAt, status, tags, parentSession } = metadata;
  return Object.freeze({ id, name, sessionType, createdAt, updatedAt, status, tags, parentSession });
}

function hasClosingAt(path: string, descriptor: number, offset: number): boolean {
  return io(path, "read", () => readAt(descriptor, offset, CLOSING.length + 1)) === CLOSING;
}

/** After a failed write, as far as that goes: the file as it was, so that other programs can read it. */
function takeBack(descriptor: number, offset: number, updatedAt: number): void {
  try {
    cutFile(descriptor, offset);
    writeFully(descriptor, Buffer.from(CLOSING), offset);
    writeUpdatedAt(descriptor, updatedAt);
  } catch {
    // The disk does not take that either: what is left is a torn tail, which the next write cuts off.
  }
}
