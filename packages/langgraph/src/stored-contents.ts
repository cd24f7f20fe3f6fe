import type { JsonValue } from "@thulp-sessions/core";

// What the entries of a thread hold. It is on people's disks: what is here may grow, but not change.

/** How a value is stored; the serde's type and text or bytes of it. */
export type Encoded =
  /** The channel has no value. */
  | { readonly t: "none" }
  /**
   * A list whose items all dump as JSON: the first `keep` items of the list that the parent's record has for
   * this channel, then these: the id of an item's entry, or the item itself in an array of one.
   */
  | { readonly t: "list"; readonly keep: number; readonly add: readonly (string | readonly [JsonValue])[] }
  /** The id of the entry that holds it. */
  | { readonly t: "item"; readonly id: string }
  | { readonly t: "json"; readonly value: JsonValue }
  /** Of any other type of the serde, as base64. */
  | { readonly t: "bytes"; readonly type: string; readonly data: string };

/** A version of a channel, as LangGraph counts them. */
export type ChannelVersion = number | string;

/** The value of a channel in one checkpoint. Without `version` it belongs to that checkpoint alone. */
export type ChannelValue = Encoded & { readonly version?: ChannelVersion };

/** The content of a `langgraph:checkpoint`. */
export interface StoredCheckpoint {
  readonly ns: string;
  readonly id: string;
  /** The id of the parent; `null` for a root. */
  readonly parent: string | null;
  /**
   * The entry of the parent's record, as the writer knew it: channels that are not in `values` have its
   * values, and lists go on from its lists. `null` where the writer knew none.
   */
  readonly base: string | null;
  /** Without `channel_values`. */
  readonly checkpoint: Encoded;
  readonly metadata: Encoded;
  readonly values: Readonly<Record<string, ChannelValue>>;
}

/** One write: its place among those of its task, its channel, its value. */
export type StoredWrite = readonly [index: number, channel: string, value: Encoded];

/** The content of a `langgraph:writes`. */
export interface StoredWrites {
  readonly ns: string;
  /** The id of the checkpoint that they follow. */
  readonly checkpoint: string;
  readonly task: string;
  readonly path: string;
  readonly writes: readonly StoredWrite[];
}

export const CHECKPOINT_EVENT = "langgraph:checkpoint";
export const WRITES_EVENT = "langgraph:writes";

/** @returns undefined for what another program has written. */
export function asStoredCheckpoint(content: unknown): StoredCheckpoint | undefined {
  if (!isRecord(content)) return undefined;
  const { ns, id, parent, base, checkpoint, metadata, values } = content;
  const named = isText(ns) && isText(id) && (parent === null || isText(parent));
  const based = base === null || isText(base);
  if (!named || !based || !isEncoded(checkpoint) || !isEncoded(metadata) || !isRecord(values))
    return undefined;
  return Object.values(values).every(isEncoded) ? (content as unknown as StoredCheckpoint) : undefined;
}

/** @returns undefined for what another program has written. */
export function asStoredWrites(content: unknown): StoredWrites | undefined {
  if (!isRecord(content)) return undefined;
  const { ns, checkpoint, task, path, writes } = content;
  if (![ns, checkpoint, task, path].every(isText) || !Array.isArray(writes)) return undefined;
  const all = writes.every(
    (each) => Array.isArray(each) && typeof each[0] === "number" && isText(each[1]) && isEncoded(each[2]),
  );
  return all ? (content as unknown as StoredWrites) : undefined;
}

function isEncoded(value: unknown): value is Encoded {
  if (!isRecord(value)) return false;
  switch (value["t"]) {
    case "none":
      return true;
    case "list":
      return Number.isInteger(value["keep"]) && Array.isArray(value["add"]) && value["add"].every(isElement);
    case "item":
      return isText(value["id"]);
    case "json":
      return value["value"] !== undefined;
    case "bytes":
      return isText(value["type"]) && isText(value["data"]);
    default:
      return false;
  }
}

function isElement(value: unknown): boolean {
  return isText(value) || (Array.isArray(value) && value.length === 1);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
