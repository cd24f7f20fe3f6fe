import type { EntryId, SessionEntry, StoredEntry, Timestamp } from "@thulp-sessions/core";
import {
  ContentJoiner,
  contentEntries,
  decodeContent,
  encodeContent,
  jsonEqual,
} from "@thulp-sessions/core/adapter";
import { isMessage, messageEntryId, messageEntryType, type UIMessageLike } from "./stored-contents.ts";

/** A message, and how many of the session's entries there are up to its last one. */
export interface FoundMessage {
  readonly message: UIMessageLike;
  readonly end: number;
}

/** How to get from one state to another: the entries from `keep` on make way for the batch. */
export interface SavePlan {
  readonly keep: number;
  readonly batch: readonly SessionEntry[];
}

/** What is stored of a chat at one moment. */
export class ChatState {
  readonly version: string;
  readonly entries: readonly StoredEntry[];
  /** Those that hold messages; what other programs have written into the session is none of them. */
  readonly #own: ReadonlySet<EntryId>;

  constructor(version: string, entries: readonly StoredEntry[], own = ownEntries(entries)) {
    this.version = version;
    this.entries = entries;
    this.#own = own;
  }

  /** The same entries, of a session of which only metadata or context have changed. */
  withVersion(version: string): ChatState {
    return new ChatState(version, this.entries, this.#own);
  }

  /** The state after a plan of {@link planTo} was carried out for these. */
  afterPlan(version: string, { keep, batch }: SavePlan, wanted: readonly SessionEntry[]): ChatState {
    const added = batch.map((entry, i) => ({ ...entry, seq: keep + i }));
    const own = new Set(wanted.map(({ id }) => id));
    return new ChatState(version, [...this.entries.slice(0, keep), ...added], own);
  }

  /** The messages, in their order; each time fresh ones. */
  messages(): FoundMessage[] {
    const joiner = new ContentJoiner();
    return this.entries.flatMap((entry, i) => {
      const joined = joiner.add(entry);
      const message = joined && messageIn(joined);
      return message ? [{ message, end: i + 1 }] : [];
    });
  }

  /**
   * What makes these the messages of the chat. What other programs have written stays; where a message before
   * it changes, it moves before the new ones.
   *
   * @returns undefined where they are.
   */
  planTo(wanted: readonly SessionEntry[]): SavePlan | undefined {
    const ids = new Set(wanted.map(({ id }) => id));
    const isOther = (entry: StoredEntry) => !this.#own.has(entry.id) && !ids.has(entry.id);
    const { entries } = this;
    let keep = 0;
    let same = 0;
    for (; keep < entries.length; keep++) {
      const entry = entries[keep] as StoredEntry;
      if (isSame(entry, wanted[same])) same++;
      else if (!isOther(entry)) break;
    }
    if (keep === entries.length && same === wanted.length) return undefined;
    const others = entries.slice(keep).filter(isOther);
    return { keep, batch: [...others.map(({ seq: _, ...other }) => other), ...wanted.slice(same)] };
  }
}

/**
 * The entries that hold these messages.
 *
 * @throws {TypeError} for what is no message, for two of one id, and for what JSON cannot hold. It quotes no
 *   content.
 */
export function messageEntries(messages: readonly unknown[], at: Timestamp): SessionEntry[] {
  const ids = new Set<string>();
  return messages.flatMap((given, i) => {
    const message = messageOf(given);
    if (ids.has(message.id))
      throw new TypeError(`messages[${i}] has the id of a message before it: no chat has an id twice.`);
    ids.add(message.id);
    const entryType = messageEntryType(message);
    return contentEntries({ id: messageEntryId(message.id), timestamp: at, entryType }, message);
  });
}

/** A message as it is stored, each property read once. @throws {TypeError} as above. */
export function messageOf(given: unknown): UIMessageLike {
  const message = decodeContent(encodeContent(given));
  if (!isMessage(message))
    throw new TypeError("This is no UIMessage: it has no text as its id, no role, or no array of parts.");
  return message;
}

function ownEntries(entries: readonly StoredEntry[]): ReadonlySet<EntryId> {
  const own = new Set<EntryId>();
  const joiner = new ContentJoiner();
  for (const entry of entries) {
    const joined = joiner.add(entry);
    // A part is ours also without the others.
    if (joined?.entry !== entry || messageIn(joined) !== undefined) own.add(entry.id);
  }
  return own;
}

function messageIn(joined: {
  entry: StoredEntry;
  content: StoredEntry["content"];
}): UIMessageLike | undefined {
  const message = decodeContent(joined.content);
  return isMessage(message) && messageEntryId(message.id) === joined.entry.id ? message : undefined;
}

function isSame(stored: StoredEntry, wanted: SessionEntry | undefined): boolean {
  if (wanted === undefined || stored.id !== wanted.id) return false;
  return jsonEqual(stored.entryType, wanted.entryType) && jsonEqual(stored.content, wanted.content);
}
