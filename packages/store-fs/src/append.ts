import { ftruncateSync } from "node:fs";
import { dirname } from "node:path";
import {
  type AppendOptions,
  type AppendPlan,
  type AppendResult,
  appendResult,
  deepFreeze,
  type EntryId,
  planAppend,
  type SessionEntry,
  SessionError,
  type SessionId,
  type StoredEntry,
} from "@thulp-sessions/core";
import { decodeEntry, type Range } from "./codec.ts";
import {
  changedMeanwhile,
  type Durability,
  type FileStamp,
  finishWrite,
  io,
  readAt,
  readBytes,
  syncFolder,
  withOpenFile,
  writeFully,
} from "./disk.ts";
import { JsonScanner } from "./json-scanner.ts";
import { appendText, CLOSING, UPDATED_AT_OFFSET, updatedAtText } from "./layout.ts";
import type { Rewrite } from "./rewrite.ts";
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
  /** The file of the state, open for reading and writing. */
  readonly descriptor: () => number;
  /** For what cannot be written in place: the whole file anew. */
  readonly rewrite: (planned: Rewrite) => Promise<SessionState>;
}

/** `in place`: the state has moved on with the file. `none`: nothing was written, or the file is another one now. */
export type AppendOutcome = "in place" | "none" | "failed";

/**
 * Carries out the calls that wait for one session, under its lock: all of them in one write and one sync, each a batch of
 * its own. A call that is refused takes no other with it; none is answered before what it rests on is on the disk.
 */
export async function appendCalls(
  state: SessionState,
  calls: readonly AppendCall[],
  context: AppendContext,
): Promise<AppendOutcome> {
  const refused: { readonly call: AppendCall; readonly error: unknown }[] = [];
  const planned: Planned[] = [];
  let counts = state.counts;
  let { status, updatedAt } = state.metadata;
  const fresh = new Map<EntryId, StoredEntry>();
  for (const call of calls) {
    try {
      const plan = planAppend(
        context.id,
        {
          metadata: { createdAt: state.metadata.createdAt, updatedAt, status },
          counts,
          version: versionOf(state),
          findEntries: (id) => [
            ...storedEntries(state, id),
            ...(fresh.has(id) ? [fresh.get(id) as StoredEntry] : []),
          ],
        },
        call.entries,
        call.options,
      );
      planned.push({ call, plan });
      ({ counts, status, updatedAt } = plan);
      for (const entry of plan.fresh) fresh.set(entry.id, entry);
    } catch (error) {
      refused.push({ call, error });
    }
  }
  try {
    const { results, outcome } = await write(state, planned, context);
    for (const [i, { call }] of planned.entries()) call.resolve(results[i] as AppendResult);
    for (const { call, error } of refused) call.reject(error);
    return outcome;
  } catch (error) {
    // Those that were refused too: a refusal may rest on an entry of the same write, which is not there now.
    for (const { call } of [...planned, ...refused]) call.reject(error);
    return "failed";
  }
}

/** The stored entries with this id, read from where they stand. */
function storedEntries(state: SessionState, id: EntryId): StoredEntry[] {
  return state.index.find(id).map((seq) => {
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

async function write(
  state: SessionState,
  planned: readonly Planned[],
  context: AppendContext,
): Promise<Written> {
  const fresh = planned.flatMap(({ plan }) => plan.fresh);
  const last = planned.at(-1)?.plan;
  if (!last || fresh.length === 0) {
    await syncOnce(state, context.durability);
    return { results: planned.map(({ plan }) => appendResult(plan, versionOf(state))), outcome: "none" };
  }
  if (state.ours && last.status === state.metadata.status) {
    return { results: await writeInPlace(state, planned, context), outcome: "in place" };
  }
  const { status, updatedAt } = last;
  const after = await context.rewrite({
    metadata: { ...state.metadata, status, updatedAt },
    context: state.context,
    keep: state.counts.entryCount,
    add: fresh,
  });
  return { results: planned.map(({ plan }) => appendResult(plan, versionOf(after))), outcome: "none" };
}

/** A repeat is acknowledged only when the first writing, whoever's it was, is on the disk. */
async function syncOnce(state: SessionState, durability: Durability): Promise<void> {
  if (durability !== "full") return;
  await syncName(state, durability);
  if (state.synced) return;
  await withOpenFile(state.path, (descriptor) => finishWrite(state.path, descriptor, durability));
  state.synced = true;
}

/** Whoever has renamed the file to its name may have ended before that was on the disk. */
async function syncName(state: SessionState, durability: Durability): Promise<void> {
  if (state.nameSynced) return;
  await syncFolder(dirname(state.path), durability);
  state.nameSynced = true;
}

async function writeInPlace(
  state: SessionState,
  planned: readonly Planned[],
  { durability, descriptor: open }: AppendContext,
): Promise<AppendResult[]> {
  const { path } = state;
  const batches = planned.map(({ plan }) => plan.fresh).filter((batch) => batch.length > 0);
  const offset = closingOf(state);
  const first = state.counts.entryCount === 0;
  const { bytes, ranges } = appendText(batches, first);
  const updatedAt = (planned.at(-1) as Planned).plan.updatedAt;
  const descriptor = open();
  if (io(path, "read", () => readAt(descriptor, offset, CLOSING.length + 1)) !== CLOSING)
    throw changedMeanwhile(path);
  let stamp: FileStamp;
  try {
    io(path, "append to", () => {
      if (updatedAt !== state.metadata.updatedAt) {
        writeFully(descriptor, Buffer.from(updatedAtText(updatedAt)), UPDATED_AT_OFFSET);
      }
      writeFully(descriptor, bytes, offset);
    });
    stamp = await finishWrite(path, descriptor, durability);
    await syncName(state, durability);
  } catch (error) {
    takeBack(descriptor, state);
    throw error;
  }
  if (stamp.size !== offset + bytes.length) throw changedMeanwhile(path);
  let at = 0;
  const results = planned.map(({ plan }) => {
    const batch = plan.fresh.map((entry): PlacedEntry => ({ ...entry, ...(ranges[at++] as Range) }));
    addEntries(state, bytes, offset, batch);
    state.metadata = deepFreeze({ ...state.metadata, updatedAt: plan.updatedAt });
    return appendResult(plan, versionOf(state));
  });
  Object.assign(state, { stamp, settled: true, synced: durability === "full" });
  return results;
}

/** After a failed write, as far as that goes: the file as it was, so that other programs can read it. */
function takeBack(descriptor: number, state: SessionState): void {
  try {
    const offset = closingOf(state);
    ftruncateSync(descriptor, offset);
    writeFully(descriptor, Buffer.from(CLOSING), offset);
    writeFully(descriptor, Buffer.from(updatedAtText(state.metadata.updatedAt)), UPDATED_AT_OFFSET);
  } catch {
    // The disk does not take that either: what is left is a torn tail, which the next write cuts off.
  }
}
