import {
  type EntryId,
  isSessionError,
  newUuid,
  type SessionEntry,
  type StoredEntry,
  type Timestamp,
} from "@thulp-sessions/core";
import { contentEntries, toBase64 } from "@thulp-sessions/core/adapter";
import type { Dumped, DumpedList } from "./dump.ts";
import { type Item, itemOf } from "./items.ts";
import type { Encoded, StoredCheckpoint, StoredWrites } from "./stored-contents.ts";
import type { ThreadLog, ValueNode } from "./thread-log.ts";

/** An entry, and what it holds where that is in one piece. */
interface Added {
  readonly entry: SessionEntry;
  /** Of an item. */
  readonly text?: string | undefined;
  readonly record?: StoredCheckpoint | StoredWrites | undefined;
}

/** The entries of one write: the items that are not stored yet, then the record that names them. */
export class EntryBatch {
  readonly #log: ThreadLog;
  readonly #at: Timestamp;
  readonly #entries: Added[] = [];
  readonly #items = new Set<EntryId>();

  constructor(log: ThreadLog, at: Timestamp) {
    this.#log = log;
    this.#at = at;
  }

  get entries(): SessionEntry[] {
    return this.#entries.map(({ entry }) => entry);
  }

  /**
   * @param pending it is a write, not yet the state.
   * @param base what the channel has in the parent's record, for a list that goes on from it.
   */
  encode(dumped: Dumped, pending: boolean, base?: ValueNode): Encoded {
    switch (dumped.kind) {
      case "none":
        return { t: "none" };
      case "list": {
        const keep = base === undefined ? 0 : commonLength(this.#textsOf(base), dumped);
        const add = dumped.texts.slice(keep).map((text) => {
          const element = this.#element(text, pending);
          return "id" in element ? element.id : ([element.value] as const);
        });
        return { t: "list", keep, add };
      }
      case "json": {
        const element = this.#element(dumped.text, pending);
        return "id" in element ? { t: "item", id: element.id } : { t: "json", value: element.value };
      }
      case "bytes":
        return { t: "bytes", type: dumped.type, data: toBase64(dumped.data) };
    }
  }

  /** What is an entry of its own nowhere. */
  encodeWhole(dumped: Dumped): Encoded {
    return dumped.kind === "json"
      ? { t: "json", value: JSON.parse(dumped.text) }
      : this.encode(dumped, false);
  }

  /** @param content its values as {@link encode} gave them, of this batch. @returns the id of its entry. */
  addRecord(event: string, content: StoredCheckpoint | StoredWrites): EntryId {
    const id = newUuid() as EntryId;
    const envelope = { id, timestamp: this.#at, entryType: { type: "system_event", event } } as const;
    const entries = contentEntries(envelope, content);
    const record = entries.length === 1 ? content : undefined;
    for (const entry of entries) this.#entries.push({ entry, record });
    return id;
  }

  /** Takes what was stored into the log, without reading it. @param added for each of the entries. */
  addToLog(added: readonly boolean[]): void {
    for (const [i, { entry, text, record }] of this.#entries.entries()) {
      if (added[i] !== true) continue;
      if (text !== undefined) this.#log.addItem(entry, text);
      else if (record !== undefined) this.#log.addRecord(entry, record);
      else this.#log.add({ ...entry, seq: this.#log.count } satisfies StoredEntry);
    }
  }

  #element(
    text: string,
    pending: boolean,
  ): Item | { readonly value: Item["value"] } | { readonly id: EntryId } {
    const known = pending ? undefined : this.#log.itemId(text);
    if (known !== undefined) return { id: known };
    const item = itemOf(text, pending);
    if (!("id" in item)) return item;
    const stored = this.#log.itemText(item.id);
    // Another program has changed that entry: the value goes into the record itself.
    if (stored !== undefined && stored !== item.text) return { value: item.value };
    if (stored === undefined && !this.#items.has(item.id)) this.#addItem(item);
    return item;
  }

  #textsOf(base: ValueNode): readonly string[] {
    try {
      return this.#log.listTexts(base);
    } catch (error) {
      // A list that cannot be read any more is none to go on from: the new one is stored as a whole.
      if (isSessionError(error, "corrupt")) return [];
      throw error;
    }
  }

  #addItem({ id, entryType, value, text }: Item): void {
    this.#items.add(id);
    const entries = contentEntries({ id, timestamp: this.#at, entryType }, value);
    const whole = entries.length === 1 ? text : undefined;
    for (const entry of entries) this.#entries.push({ entry, text: whole });
  }
}

function commonLength(before: readonly string[], { texts, same }: DumpedList): number {
  const most = Math.min(before.length, texts.length);
  let length = same?.texts === before ? same.length : 0;
  while (length < most && before[length] === texts[length]) length++;
  return length;
}
