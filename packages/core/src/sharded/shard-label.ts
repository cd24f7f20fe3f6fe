import { SessionError } from "../model/errors.ts";

/** What each shard keeps about itself, as the label of its store. */
export interface ShardLabel {
  /** Of the list, made when it was first opened; the same in all its shards. */
  readonly list: string;
  /** Its place in the list, from 1. */
  readonly shard: number;
  /** How many shards the list has. */
  readonly of: number;
}

/** Says how sessions are placed, too: `shardOf`. */
const FORMAT = "thulp-shard-1";

export function formatLabel({ list, shard, of }: ShardLabel): string {
  return `${FORMAT} list=${list} shard=${shard} of=${of}`;
}

/**
 * The label of a shard, where it is one that belongs to a list of `of` shards at the place `shard`.
 *
 * @param name of the shard, for messages.
 * @throws {SessionError} unsupported, which says what is wrong with the list.
 */
export function checkedLabel(label: string, name: string, shard: number, of: number): ShardLabel {
  const [, format, list = "", itsShard, itsOf] = /^(\S+) list=(\S+) shard=(\d+) of=(\d+)$/.exec(label) ?? [];
  if (format !== FORMAT)
    throw wrongList(
      `${name} says of itself ${JSON.stringify(label)}, which this version does not know as the label of a shard`,
    );
  const found = { list, shard: Number(itsShard), of: Number(itsOf) };
  if (found.of !== of) {
    const what = found.of > of ? "some are missing in this one" : "this one has more";
    throw wrongList(`${name} is one of ${found.of} shards, and the list has ${of}: ${what}`);
  }
  if (found.shard !== shard)
    throw wrongList(
      `${name} is shard ${found.shard} of its list, and stands here at place ${shard}: the order never changes`,
    );
  return found;
}

/** The refusal of a list that is not the one with which its shards were made. */
export function wrongList(reason: string): SessionError {
  return new SessionError(
    "unsupported",
    `This is not the list with which its shards were made: ${reason}. Nothing was changed.`,
  );
}
