import {
  type EntryId,
  type SessionEntry,
  SessionError,
  type SessionId,
  type StoredEntry,
} from "@thulp-sessions/core";
import { ContentJoiner, decodeContent, type JoinedEntry } from "@thulp-sessions/core/adapter";
import { holdsItem, isItemId } from "./items.ts";
import {
  asStoredCheckpoint,
  asStoredWrites,
  CHECKPOINT_EVENT,
  type ChannelValue,
  type ChannelVersion,
  type Encoded,
  type StoredCheckpoint,
  type StoredWrites,
  WRITES_EVENT,
} from "./stored-contents.ts";

/** A value of a channel, as one checkpoint has stored it. */
export interface ValueNode {
  readonly value: ChannelValue;
  /** The list that this one goes on from. */
  readonly base: ValueNode | undefined;
}

/** A checkpoint as it is stored. */
export interface CheckpointRecord {
  readonly entryId: EntryId;
  readonly ns: string;
  readonly id: string;
  readonly parent: string | null;
  /** The entry of the record that this one goes on from. */
  readonly base: string | null;
  readonly checkpoint: Encoded;
  readonly metadata: Encoded;
  /** The last value of each channel on the way from the root to this checkpoint. */
  readonly where: ReadonlyMap<string, ValueNode>;
  /** Of channels without a version. */
  readonly own: ReadonlyMap<string, ValueNode>;
}

/** A pending write, as it is stored. */
export interface WriteRecord {
  readonly task: string;
  readonly path: string;
  readonly index: number;
  readonly channel: string;
  readonly value: Encoded;
}

/** So many lists are held as a whole: those that the next checkpoints go on from. */
const LISTS = 8;
const NOTHING: ReadonlyMap<string, ValueNode> = new Map();

/**
 * What the entries of one thread say, entry by entry. A prefix of the session is always a state that was: the
 * log may be behind, it is never wrong.
 */
export class ThreadLog {
  readonly #joiner = new ContentJoiner();
  readonly #records = new Map<string, Map<string, CheckpointRecord>>();
  readonly #byEntry = new Map<string, CheckpointRecord>();
  readonly #latest = new Map<string, string>();
  readonly #byVersion = new Map<string, ValueNode>();
  readonly #writes = new Map<string, Map<string, WriteRecord>>();
  readonly #itemTexts = new Map<string, string>();
  readonly #itemIds = new Map<string, EntryId>();
  readonly #lists = new Map<ValueNode, readonly string[]>();

  /** How many entries it has seen. */
  count = 0;
  lastId: EntryId | undefined;
  readonly sessionId: SessionId;
  readonly epoch: string;

  constructor(sessionId: SessionId, epoch: string) {
    this.sessionId = sessionId;
    this.epoch = epoch;
  }

  /** Takes the next entry; one that it has seen already changes nothing. */
  add(entry: StoredEntry): void {
    if (entry.seq !== this.count) return;
    this.count++;
    this.lastId = entry.id;
    const joined = this.#joiner.add(entry);
    if (joined !== undefined) this.#take(joined);
  }

  /** The same for an entry whose text as an item is known. */
  addItem(entry: SessionEntry, text: string): void {
    this.count++;
    this.lastId = entry.id;
    this.#learn(entry.id, text);
  }

  /** The same for an entry that holds this record, which nobody changes. */
  addRecord(entry: SessionEntry, content: StoredCheckpoint | StoredWrites): void {
    this.count++;
    this.lastId = entry.id;
    this.#takeRecord(entry, content);
  }

  namespaces(): string[] {
    return [...this.#records.keys()];
  }

  record(ns: string, id: string): CheckpointRecord | undefined {
    return this.#records.get(ns)?.get(id);
  }

  recordOfEntry(entryId: string): CheckpointRecord | undefined {
    return this.#byEntry.get(entryId);
  }

  records(ns: string): CheckpointRecord[] {
    return [...(this.#records.get(ns)?.values() ?? [])];
  }

  /** The checkpoint with the greatest id. */
  latest(ns: string): CheckpointRecord | undefined {
    const id = this.#latest.get(ns);
    return id === undefined ? undefined : this.record(ns, id);
  }

  /** In the order in which they were stored. */
  writes(ns: string, checkpoint: string): WriteRecord[] {
    return [...(this.#writes.get(placeKey(ns, checkpoint))?.values() ?? [])];
  }

  /** The value that a channel has in a checkpoint, where it has one. */
  nodeOf(record: CheckpointRecord, channel: string, version: ChannelVersion): ValueNode | undefined {
    const node = record.where.get(channel);
    // Two forks make the same version of one channel with different values: the way from the root decides.
    if (node?.value.version === version) return node;
    return this.#byVersion.get(versionKey(record.ns, channel, version));
  }

  /** The id of the entry with this text. */
  itemId(text: string): EntryId | undefined {
    return this.#itemIds.get(text);
  }

  /** @returns undefined when there is no such entry. */
  itemText(id: string): string | undefined {
    return this.#itemTexts.get(id);
  }

  /** Is this the entry of an item that this package has written? Its id follows from its text. */
  isOwnItem(id: string): boolean {
    const text = this.#itemTexts.get(id);
    return text !== undefined && isItemId(id, text);
  }

  /** The text of a value as JSON; `undefined` for one that is none. @throws {SessionError} corrupt */
  textOf(node: ValueNode): string | undefined {
    const { value } = node;
    if (value.t === "list") return `[${this.listTexts(node).join(",")}]`;
    if (value.t === "item") return this.#neededText(value.id);
    return value.t === "json" ? JSON.stringify(value.value) : undefined;
  }

  /** The texts of the items of a list; none for another value. @throws {SessionError} corrupt */
  listTexts(node: ValueNode): readonly string[] {
    const known = this.#lists.get(node);
    if (known !== undefined) {
      this.holdList(node, known);
      return known;
    }
    const way: ValueNode[] = [];
    const texts: string[] = [];
    for (let next: ValueNode | undefined = node; next?.value.t === "list"; next = next.base) {
      const held = this.#lists.get(next);
      if (held !== undefined) {
        for (const text of held) texts.push(text);
        break;
      }
      way.push(next);
      if (next.value.keep === 0) break;
    }
    for (const { value } of way.reverse()) {
      if (value.t !== "list") continue;
      if (value.keep > texts.length) throw this.#corrupt("a list goes on from one that is not there");
      texts.length = value.keep;
      for (const element of value.add)
        texts.push(typeof element === "string" ? this.#neededText(element) : JSON.stringify(element[0]));
    }
    this.holdList(node, texts);
    return texts;
  }

  /** Holds the items of a list that is likely to be asked for next. */
  holdList(node: ValueNode, texts: readonly string[]): void {
    this.#lists.delete(node);
    this.#lists.set(node, texts);
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= LISTS) break;
      this.#lists.delete(oldest);
    }
  }

  #take({ entry, content }: JoinedEntry): void {
    const value = decodeContent(content);
    if (this.#takeRecord(entry, value)) return;
    if (holdsItem(entry.entryType)) this.#learn(entry.id, JSON.stringify(value));
  }

  /** @returns false for an entry of another type. */
  #takeRecord({ id, entryType }: SessionEntry, content: unknown): boolean {
    const event = entryType.type === "system_event" ? entryType.event : undefined;
    if (event === CHECKPOINT_EVENT) {
      const stored = asStoredCheckpoint(content);
      if (stored !== undefined) this.#takeCheckpoint(id, stored);
    } else if (event === WRITES_EVENT) {
      const stored = asStoredWrites(content);
      if (stored !== undefined) this.#takeWrites(stored);
    } else return false;
    return true;
  }

  #learn(id: EntryId, text: string): void {
    this.#itemTexts.set(id, text);
    this.#itemIds.set(text, id);
  }

  #takeCheckpoint(entryId: EntryId, stored: StoredCheckpoint): void {
    const { ns, id, parent, base, checkpoint, metadata, values } = stored;
    const before = base === null ? undefined : this.#byEntry.get(base);
    const where = new Map(before?.where ?? NOTHING);
    const own = new Map<string, ValueNode>();
    for (const [channel, value] of Object.entries(values)) {
      const node: ValueNode = { value, base: before?.where.get(channel) };
      if (value.version === undefined) own.set(channel, node);
      else {
        where.set(channel, node);
        this.#byVersion.set(versionKey(ns, channel, value.version), node);
      }
    }
    const record: CheckpointRecord = { entryId, ns, id, parent, base, checkpoint, metadata, where, own };
    const ofNamespace = this.#records.get(ns) ?? new Map<string, CheckpointRecord>();
    ofNamespace.set(id, record);
    this.#records.set(ns, ofNamespace);
    this.#byEntry.set(entryId, record);
    const latest = this.#latest.get(ns);
    if (latest === undefined || id > latest) this.#latest.set(ns, id);
  }

  #takeWrites({ ns, checkpoint, task, path, writes }: StoredWrites): void {
    const key = placeKey(ns, checkpoint);
    const known = this.#writes.get(key) ?? new Map<string, WriteRecord>();
    this.#writes.set(key, known);
    for (const [index, channel, value] of writes) {
      const place = JSON.stringify([task, index]);
      // Of the special channels (errors, interrupts, answers to them) the last write counts, else the first.
      if (index < 0 || !known.has(place)) known.set(place, { task, path, index, channel, value });
    }
  }

  #neededText(id: string): string {
    const text = this.#itemTexts.get(id);
    if (text === undefined) throw this.#corrupt(`the entry ${id} of an item is not there`);
    return text;
  }

  #corrupt(what: string): SessionError {
    const details = { sessionId: this.sessionId };
    return new SessionError(
      "corrupt",
      `A checkpoint of session ${this.sessionId} cannot be read: ${what}. Entries were removed by another ` +
        "program; earlier checkpoints may be whole.",
      { details },
    );
  }
}

function placeKey(ns: string, id: string): string {
  return JSON.stringify([ns, id]);
}

function versionKey(ns: string, channel: string, version: ChannelVersion): string {
  return JSON.stringify([ns, channel, version]);
}
