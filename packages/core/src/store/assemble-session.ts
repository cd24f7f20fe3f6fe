import { SessionError } from "../model/errors.ts";
import { leastJsonLength } from "../model/json-length.ts";
import type { SessionHead, StoredEntry, StoredSession } from "../model/model.ts";
import { type EntryPage, MAX_PAGE } from "./session-store.ts";

/** How often entries may be dropped or replaced while a session is read before that is given up. */
const MAX_ATTEMPTS = 5;

/** How to read one session. */
export interface SessionReads {
  head(): Promise<SessionHead>;
  /** The page of entries that begins behind this `seq`, of {@link MAX_PAGE} at most. */
  entriesAfter(seq: number): Promise<EntryPage>;
}

/**
 * A whole session, from pages of bounded size: as it was at the moment of its head. Entries that are appended
 * meanwhile are left out; when some were dropped or replaced, which the epoch shows, it is read again.
 *
 * @param maxLength of its JSON text, roughly. No more than that and one page is held.
 * @throws {SessionError} unsupported when it is longer; busy when entries are dropped again and again.
 */
export async function assembleSession(
  reads: SessionReads,
  maxLength = Number.POSITIVE_INFINITY,
): Promise<StoredSession> {
  for (let attempt = 1; ; attempt++) {
    const head = await reads.head();
    const entries = await readEntries(reads, head, maxLength);
    if (entries) {
      const { metadata, context, version, epoch, inexact } = head;
      return { metadata, context, entries, version, epoch, ...(inexact && { inexact }) };
    }
    if (attempt === MAX_ATTEMPTS) throw changesTooOften(head);
  }
}

/** `null` when entries of this head were dropped or replaced meanwhile. */
async function readEntries(
  reads: SessionReads,
  head: SessionHead,
  maxLength: number,
): Promise<StoredEntry[] | null> {
  const { metadata, context, entryCount, epoch } = head;
  let length = leastJsonLength(metadata, maxLength) + leastJsonLength(context, maxLength);
  const entries: StoredEntry[] = [];
  while (entries.length < entryCount) {
    const page = await reads.entriesAfter(entries.length - 1);
    if (page.epoch !== epoch || page.items.length === 0) return null;
    const items = page.items.slice(0, entryCount - entries.length);
    entries.push(...items);
    // What fits one page is short enough, which spares most sessions the counting.
    if (items.length < entryCount) length += leastJsonLength(items, maxLength - length);
    if (length > maxLength) throw tooLong(head, maxLength);
  }
  return entries;
}

function tooLong({ metadata: { id } }: SessionHead, maxLength: number): SessionError {
  const message = `Session ${id} is longer than ${maxLength} characters of JSON, more than one answer may hold: read its head, and its entries in pages.`;
  return new SessionError("unsupported", message, { details: { sessionId: id, field: "entries" } });
}

function changesTooOften({ metadata: { id } }: SessionHead): SessionError {
  const message = `Session ${id} was rewound again and again while it was read: try again.`;
  return new SessionError("busy", message, { details: { sessionId: id } });
}
