import { Yielder } from "../async/yielder.ts";
import type { JsonValue } from "../model/json.ts";
import type { SessionMetadata, StoredEntry } from "../model/model.ts";
import { filterMatcher } from "../rules/filter.ts";
import { contentStrings } from "../search/content-strings.ts";
import { matchStringsInTurns, type TextMatch } from "../search/match-strings.ts";
import type { PlacedHit, Rows, SearchRequest } from "./requests.ts";

/**
 * Search for stores without an index: scans the given sessions, one after the other, until the page is full.
 *
 * @param newestFirst the sessions by `updatedAt` and id, descending.
 * @param maxRanked so many hits, the newest, are ranked at most; without a bound when absent.
 * @param readEntries the entries of one session in the order of `seq`; called only for sessions that are
 *   scanned.
 */
export async function scanSearch(
  newestFirst: Iterable<SessionMetadata> | AsyncIterable<SessionMetadata>,
  readEntries: (metadata: SessionMetadata) => Iterable<StoredEntry> | AsyncIterable<StoredEntry>,
  request: SearchRequest,
  maxRanked = Number.POSITIVE_INFINITY,
): Promise<Rows<PlacedHit>> {
  const { after, order, limit } = request;
  const matches = filterMatcher(request.filter);
  const hits: (PlacedHit & { score: number })[] = [];
  const yielder = Yielder.ofPieces();
  scan: for await (const metadata of newestFirst) {
    if (after && precedes(metadata, after)) continue;
    if (!matches(metadata)) continue;
    const afterSeq = after?.id === metadata.id ? after.seq : -2;
    for await (const [seq, match] of hitsIn(metadata, readEntries, request, yielder)) {
      if (seq <= afterSeq) continue;
      if (order === "newest" && hits.length === limit) return { items: hits, hasMore: true };
      hits.push({
        sessionId: metadata.id,
        seq: seq === NAME ? null : seq,
        snippet: match.snippet,
        offsets: match.offsets,
        updatedAt: metadata.updatedAt,
        score: match.occurrences,
      });
      if (order === "rank" && hits.length === maxRanked) break scan;
    }
  }
  if (order === "newest") return { items: hits, hasMore: false };
  // The sort is stable: equal scores stay newest first.
  const ranked = hits.sort((a, b) => b.score - a.score);
  return { items: ranked.slice(0, limit), hasMore: false };
}

/** Where the name comes in the order of a session's hits: before its entries. */
const NAME = -1;

async function* hitsIn(
  metadata: SessionMetadata,
  readEntries: (metadata: SessionMetadata) => Iterable<StoredEntry> | AsyncIterable<StoredEntry>,
  { terms, types, timeAfter, timeBefore, includeNames }: SearchRequest,
  yielder: Yielder,
): AsyncGenerator<[number, TextMatch]> {
  const match = (value: JsonValue) => matchStringsInTurns(contentStrings(value), terms, yielder);
  const nameMatch = includeNames ? await match(metadata.name) : null;
  if (nameMatch) yield [NAME, nameMatch];
  for await (const entry of readEntries(metadata)) {
    await yielder.yieldIfDue();
    if (types && !types.includes(entry.entryType.type)) continue;
    if (entry.timestamp <= timeAfter || entry.timestamp >= timeBefore) continue;
    const entryMatch = await match(entry.content);
    if (entryMatch) yield [entry.seq, entryMatch];
  }
}

function precedes(metadata: SessionMetadata, hit: { updatedAt: number; id: string }): boolean {
  return metadata.updatedAt > hit.updatedAt || (metadata.updatedAt === hit.updatedAt && metadata.id > hit.id);
}
