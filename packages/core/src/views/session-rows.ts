import { isSessionError } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import type { EntryTypeName, SessionHead, SessionMetadata, StoredEntry } from "../model/model.ts";
import { damagedSession } from "../store/base-store.ts";
import type { DamagedSession, ListedHead, ListQuery, SessionStore } from "../store/session-store.ts";
import { eachInOrder } from "./each-in-order.ts";
import { type EntryEnvelope, envelopesOf } from "./envelopes.ts";
import { previewText } from "./preview-text.ts";
import { EntryScan, inOneEpoch } from "./scan-entries.ts";

/** What a row of a list may have beside its metadata. */
export const ROW_PARTS = ["counts", "preview", "score"] as const;
/** One of {@link ROW_PARTS}. */
export type RowPart = (typeof ROW_PARTS)[number];

/** The counters of a session. */
export type SessionCounts = Pick<
  SessionHead,
  "entryCount" | "turnCount" | "userMessageCount" | "assistantMessageCount"
>;

/** What a session is about: beginnings of texts in one line, at most 200 UTF-16 units long. */
export interface SessionPreview {
  /** Of the first user message; `null` where there is none. */
  readonly first: string | null;
  /** Of the last message of a user or an assistant; `null` where there is none. */
  readonly last: string | null;
}

/** The last evaluation result of a session. */
export interface SessionScore {
  readonly score: number;
  /** Of the entry. */
  readonly seq: number;
}

/** A session in a list, with the parts that were asked for. */
export interface SessionRow extends SessionMetadata {
  readonly counts?: SessionCounts;
  readonly preview?: SessionPreview;
  /** `null` for a session without an evaluation result. */
  readonly score?: SessionScore | null;
  /** Which part of the session cannot be read; then none of the parts is there that would be read from it. */
  readonly damaged?: DamagedSession["damaged"];
}

/** One page of rows. */
export interface RowPage {
  readonly items: readonly SessionRow[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
}

/** A list query, and which parts its rows have. */
export interface RowQuery extends ListQuery {
  /** None when absent. Each part but the counts is read for every session of the page. */
  readonly include?: readonly RowPart[] | undefined;
}

/** So many sessions of a page are read at a time. */
const AT_A_TIME = 8;

const PREVIEW_LENGTH = 200;
const MESSAGES: readonly EntryTypeName[] = ["user_message", "assistant_message"];

/** @param query checked. */
export async function rowPage(store: SessionStore, { include = [], ...query }: RowQuery): Promise<RowPage> {
  const parts = new Set(include);
  if (parts.size === 0) return store.list(query);
  const { items: found, nextCursor } = parts.has("counts")
    ? await store.list({ ...query, heads: true })
    : await store.list(query);
  const rows = await eachInOrder<SessionMetadata | ListedHead, SessionRow | null>(
    found,
    AT_A_TIME,
    (listed) => rowOf(store, listed, parts),
  );
  return { items: rows.filter((row) => row !== null), nextCursor };
}

/**
 * The row of one session as it is now.
 *
 * @throws {SessionError} not_found, corrupt, unsupported
 */
export async function rowOfSession(
  store: SessionStore,
  id: SessionId,
  include: readonly RowPart[],
): Promise<SessionRow | null> {
  return rowOf(store, await store.head(id), new Set(include));
}

/** @returns `null` for a session that is gone. */
async function rowOf(
  store: SessionStore,
  listed: SessionMetadata | ListedHead,
  parts: ReadonlySet<RowPart>,
): Promise<SessionRow | null> {
  const row: SessionRow = "metadata" in listed ? listed.metadata : listed;
  if ("damaged" in listed) return { ...row, damaged: listed.damaged };
  const counts = "metadata" in listed && parts.has("counts") ? { counts: countsOf(listed) } : {};
  try {
    const preview = parts.has("preview") ? { preview: await previewOf(store, row.id) } : {};
    const head = "metadata" in listed ? listed : null;
    const score = parts.has("score") ? { score: await scoreOf(store, row.id, head) } : {};
    return { ...row, ...counts, ...preview, ...score };
  } catch (error) {
    if (isSessionError(error, "not_found")) return null;
    return { ...row, damaged: damagedSession(row, error).damaged };
  }
}

export function countsOf(head: SessionHead): SessionCounts {
  const { entryCount, turnCount, userMessageCount, assistantMessageCount } = head;
  return { entryCount, turnCount, userMessageCount, assistantMessageCount };
}

/** Of one epoch, as far as both are read; the two texts may be of different moments. */
async function previewOf(store: SessionStore, id: SessionId): Promise<SessionPreview> {
  return inOneEpoch(id, async () => {
    const scan = new EntryScan(store, id);
    const textOf = (entry: StoredEntry | undefined) =>
      entry ? previewText(entry.content, PREVIEW_LENGTH) : null;
    const first = await firstOf(scan.entries({ types: ["user_message"], limit: 1 }));
    const last = await firstOf(scan.entries({ types: MESSAGES, direction: "desc", limit: 1 }));
    return { first: textOf(first), last: textOf(last) };
  });
}

/** A session as it was when all of it had been looked through for its last result. */
interface LookedThrough {
  readonly epoch: string;
  readonly entryCount: number;
  readonly score: SessionScore | null;
}

/** Fewer entries than that are looked through again: that is fast. */
const MANY_ENTRIES = 1000;
const MAX_REMEMBERED = 1000;

/**
 * What was found in long sessions, by store: without it each list that has one would look through all of its
 * entries, where none is a result. Within an epoch entries are only added.
 */
const remembered = new WeakMap<SessionStore, Map<SessionId, LookedThrough>>();

async function scoreOf(
  store: SessionStore,
  id: SessionId,
  head: SessionHead | null,
): Promise<SessionScore | null> {
  // A file may be changed in place by another program, which no epoch tells: its store reads contents anyway.
  const mayRemember = head !== null && head.entryCount >= MANY_ENTRIES && envelopesOf(store) !== undefined;
  if (!mayRemember) return inOneEpoch(id, async () => scoreIn(await lastResult(new EntryScan(store, id))));
  const known = remembered.get(store) ?? new Map<SessionId, LookedThrough>();
  remembered.set(store, known);
  let before = known.get(id);
  return inOneEpoch(id, async () => {
    const from = before?.epoch === head.epoch ? before : undefined;
    // If it is no longer of that epoch, all of it is looked through.
    before = undefined;
    const scan = new EntryScan(store, id, from?.epoch);
    const score = scoreIn(await lastResult(scan, from?.entryCount)) ?? from?.score ?? null;
    known.delete(id);
    if (scan.epoch === head.epoch) known.set(id, { epoch: head.epoch, entryCount: head.entryCount, score });
    const [oldest] = known.keys();
    if (known.size > MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    return score;
  });
}

function scoreIn(result: EntryEnvelope | undefined): SessionScore | null {
  return result?.entryType.type === "evaluation_result"
    ? { score: result.entryType.score, seq: result.seq }
    : null;
}

/** The last evaluation result of a session, or of its entries from a `seq` on. */
export function lastResult(scan: EntryScan, from = 0): Promise<EntryEnvelope | undefined> {
  const types = ["evaluation_result"] as const;
  return firstOf(scan.envelopes({ types, after: from - 1, direction: "desc", limit: 1 }));
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
