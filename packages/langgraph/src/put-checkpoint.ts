import type { ChannelVersions } from "@langchain/langgraph-checkpoint";
import type { Dumped } from "./dump.ts";
import type { EntryBatch } from "./entry-batch.ts";
import { CHECKPOINT_EVENT, type ChannelValue } from "./stored-contents.ts";
import type { ThreadLog } from "./thread-log.ts";

/** Which checkpoint is put. */
export interface Put {
  readonly ns: string;
  readonly id: string;
  readonly parent: string | null;
  readonly versions: Readonly<ChannelVersions>;
}

export interface DumpedChannel {
  readonly channel: string;
  readonly dumped: Dumped;
}

interface DumpedParts {
  readonly checkpoint: Dumped;
  readonly metadata: Dumped;
  readonly channels: readonly DumpedChannel[];
}

/** Puts the entries of a checkpoint into a batch. @returns what to do once the log has it. */
export function addCheckpoint(batch: EntryBatch, log: ThreadLog, put: Put, parts: DumpedParts): () => void {
  const { ns, id, parent, versions } = put;
  const base = parent === null ? undefined : log.record(ns, parent);
  const values = parts.channels.map(({ channel, dumped }): [string, ChannelValue] => {
    const version = Object.hasOwn(versions, channel) ? versions[channel] : undefined;
    const encoded = batch.encode(dumped, false, base?.where.get(channel));
    return [channel, version === undefined ? encoded : { ...encoded, version }];
  });
  const entryId = batch.addRecord(CHECKPOINT_EVENT, {
    ns,
    id,
    parent,
    base: base?.entryId ?? null,
    checkpoint: batch.encodeWhole(parts.checkpoint),
    metadata: batch.encodeWhole(parts.metadata),
    values: Object.fromEntries(values),
  });
  return () => {
    const record = log.recordOfEntry(entryId);
    for (const { channel, dumped } of parts.channels) {
      const node = record?.where.get(channel);
      if (node !== undefined && dumped.kind === "list") log.holdList(node, dumped.texts);
    }
  };
}
