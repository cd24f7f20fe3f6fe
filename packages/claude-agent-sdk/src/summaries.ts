import {
  allHeads,
  isSessionError,
  type JsonValue,
  type SessionHead,
  type SessionStore,
  type StoredEntry,
} from "@thulp-sessions/core";
import { decodeContent, encodeContent, entryPages, ifFound } from "@thulp-sessions/core/adapter";
import { claudeEntriesIn } from "./entry-batch.ts";
import type { ClaudeSessionKey, ClaudeSummary, FoldSessionSummary } from "./sdk-types.ts";
import { keyOf, projectTag, SUMMARY } from "./stored-contents.ts";

/** So many transcripts are read at the same time. */
const MAX_READING = 8;
/** Another process may rewrite a session while it is read, but hardly so often. */
const MAX_ROUNDS = 100;

/**
 * The summaries of a project. What was appended since the last call is folded in, and kept in the context of
 * each session: an append costs nothing for it, and a list reads each entry once.
 */
export async function listSummaries(
  store: SessionStore,
  projectKey: string,
  fold: FoldSessionSummary,
): Promise<ClaudeSummary[]> {
  const summaries: ClaudeSummary[] = [];
  let waiting: Promise<ClaudeSummary | undefined>[] = [];
  const settle = async () => {
    for (const summary of await Promise.all(waiting)) if (summary) summaries.push(summary);
    waiting = [];
  };
  const query = { filter: { tag: projectTag(projectKey) }, orderBy: "createdAt", direction: "asc" } as const;
  for await (const head of allHeads(store, query)) {
    const key = keyOf(head.metadata);
    // A damaged one has no context; the SDK finds it by `listSessions`, and reads it.
    if ("damaged" in head || key?.projectKey !== projectKey || key.subpath !== undefined) continue;
    waiting.push(summaryOf(store, key, head, fold));
    if (waiting.length === MAX_READING) await settle();
  }
  await settle();
  return summaries;
}

/** @returns undefined for a session that was deleted meanwhile. */
async function summaryOf(
  store: SessionStore,
  key: ClaudeSessionKey,
  listed: SessionHead,
  fold: FoldSessionSummary,
): Promise<ClaudeSummary | undefined> {
  let head: SessionHead | undefined = listed;
  for (let round = 1; head !== undefined; round++) {
    try {
      return await ifFound(broughtUpToDate(store, key, head, fold));
    } catch (error) {
      if (!isSessionError(error, "conflict") || round === MAX_ROUNDS) throw error;
    }
    head = await ifFound(store.head(listed.metadata.id));
  }
  return undefined;
}

/** @throws {SessionError} conflict when the session was changed meanwhile. */
async function broughtUpToDate(
  store: SessionStore,
  { projectKey, sessionId }: ClaudeSessionKey,
  { metadata, context, entryCount, epoch, version }: SessionHead,
  fold: FoldSessionSummary,
): Promise<ClaudeSummary> {
  const mtime = metadata.updatedAt;
  const stored = storedIn(context[SUMMARY]);
  // After entries were dropped or replaced it speaks of others.
  const known = stored && stored.epoch === epoch && stored.entryCount <= entryCount ? stored : undefined;
  const data = known && (decodeContent(known.data) as ClaudeSummary["data"]);
  if (data && known.entryCount === entryCount) return { sessionId, mtime, data };
  const read: StoredEntry[] = [];
  for await (const page of entryPages(store, metadata.id, (known?.entryCount ?? 0) - 1))
    read.push(...page.items);
  const before = data && { sessionId, mtime, data };
  const fresh = read.filter(({ seq }) => seq < entryCount);
  const summary = fold(before, { projectKey, sessionId }, claudeEntriesIn(fresh), { mtime });
  const kept = { entryCount, epoch, data: encodeContent(summary.data) };
  const options = { at: mtime, expectedVersion: version };
  const after = await store.update(metadata.id, { setContext: { [SUMMARY]: kept } }, options);
  return { sessionId, mtime: after.metadata.updatedAt, data: summary.data };
}

/** What a context holds: the SDK's data of the first entries, and of which they were. */
interface StoredSummary {
  readonly entryCount: number;
  readonly epoch: string;
  readonly data: JsonValue;
}

function storedIn(value: JsonValue | undefined): StoredSummary | undefined {
  const { entryCount, epoch, data } = (value ?? {}) as Partial<StoredSummary>;
  if (typeof entryCount !== "number" || typeof epoch !== "string" || data === undefined) return undefined;
  return { entryCount, epoch, data };
}
