import {
  type BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  compareWritesSortKeys,
  maxChannelVersion,
  TASKS,
  writesSortKey,
} from "@langchain/langgraph-checkpoint";
import { fromBase64 } from "@thulp-sessions/core/adapter";
import type { Encoded } from "./stored-contents.ts";
import type { CheckpointRecord, ThreadLog, ValueNode, WriteRecord } from "./thread-log.ts";

/** What of a saver reading needs. */
type Reader = Pick<BaseCheckpointSaver, "serde" | "getNextVersion">;

/** A checkpoint as LangGraph wants it. */
export async function readTuple(
  saver: Reader,
  threadId: string,
  log: ThreadLog,
  record: CheckpointRecord,
): Promise<CheckpointTuple> {
  const { ns, id, parent } = record;
  // What others store while this waits for the serde is not part of it.
  const writes = sortedWrites(log, ns, id);
  const parentTasks =
    parent === null ? [] : sortedWrites(log, ns, parent).filter(({ channel }) => channel === TASKS);
  const checkpoint = await readCheckpoint(saver, log, record);
  if (checkpoint.v < 4 && parent !== null) await addPendingSends(saver, log, checkpoint, parentTasks);
  const tuple: CheckpointTuple = {
    config: configOf(threadId, ns, id),
    checkpoint,
    metadata: await readMetadata(saver, log, record),
    pendingWrites: await Promise.all(writes.map((write) => readWrite(saver, log, write))),
  };
  if (parent !== null) tuple.parentConfig = configOf(threadId, ns, parent);
  return tuple;
}

/** The metadata alone. */
export async function readMetadata(
  saver: Reader,
  log: ThreadLog,
  record: CheckpointRecord,
): Promise<CheckpointMetadata> {
  return (await load(saver, log, node(record.metadata))) as CheckpointMetadata;
}

/** The checkpoint without the values of its channels. */
export async function readBareCheckpoint(
  saver: Reader,
  log: ThreadLog,
  record: CheckpointRecord,
): Promise<Checkpoint> {
  const checkpoint = (await load(saver, log, node(record.checkpoint))) as Checkpoint;
  return { ...checkpoint, channel_versions: checkpoint.channel_versions ?? {} };
}

async function readCheckpoint(saver: Reader, log: ThreadLog, record: CheckpointRecord): Promise<Checkpoint> {
  const checkpoint = await readBareCheckpoint(saver, log, record);
  const nodes: [string, ValueNode][] = [...record.own];
  for (const [channel, version] of Object.entries(checkpoint.channel_versions)) {
    const found = log.nodeOf(record, channel, version);
    if (found !== undefined) nodes.push([channel, found]);
  }
  const present = nodes.filter(([, { value }]) => value.t !== "none");
  const values = await Promise.all(
    present.map(async ([channel, found]) => [channel, await load(saver, log, found)] as const),
  );
  return { ...checkpoint, channel_values: Object.fromEntries(values) };
}

/** What was sent in the step before stood in the writes of the parent before version 4. */
async function addPendingSends(
  saver: Reader,
  log: ThreadLog,
  checkpoint: Checkpoint,
  tasks: readonly WriteRecord[],
): Promise<void> {
  const versions = Object.values(checkpoint.channel_versions);
  checkpoint.channel_values[TASKS] = await Promise.all(
    tasks.map(({ value }) => load(saver, log, node(value))),
  );
  checkpoint.channel_versions[TASKS] =
    versions.length > 0 ? maxChannelVersion(...versions) : saver.getNextVersion(undefined);
}

async function readWrite(saver: Reader, log: ThreadLog, write: WriteRecord): Promise<CheckpointPendingWrite> {
  return [write.task, write.channel, await load(saver, log, node(write.value))];
}

function sortedWrites(log: ThreadLog, ns: string, id: string): WriteRecord[] {
  const key = ({ path, task, index }: WriteRecord) => writesSortKey(path, task, index);
  return log.writes(ns, id).sort((a, b) => compareWritesSortKeys(key(a), key(b)));
}

async function load(saver: Reader, log: ThreadLog, found: ValueNode): Promise<unknown> {
  const { value } = found;
  if (value.t === "bytes") return saver.serde.loadsTyped(value.type, fromBase64(value.data));
  const text = log.textOf(found);
  return text === undefined ? undefined : saver.serde.loadsTyped("json", text);
}

/** A value that goes on from no other. */
function node(value: Encoded): ValueNode {
  return { value, base: undefined };
}

function configOf(thread_id: string, checkpoint_ns: string, checkpoint_id: string) {
  return { configurable: { thread_id, checkpoint_ns, checkpoint_id } };
}
