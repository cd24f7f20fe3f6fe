import { matchesFilter, type SearchHit, type SearchQuery, type Session } from "@thulp-sessions/core";
import { contentStrings, matchStrings, parseSearchText } from "@thulp-sessions/core/store";

/** The hits that core's model finds in these sessions, in the order of `newest`, on one page. */
export function expectedHits(sessions: readonly Session[], query: SearchQuery): SearchHit[] {
  const { text, filter = {}, types, after, before } = query;
  const terms = parseSearchText(text);
  const newestFirst = sessions
    .filter(({ metadata }) => matchesFilter(filter, metadata))
    .toSorted(
      (a, b) => b.metadata.updatedAt - a.metadata.updatedAt || (a.metadata.id < b.metadata.id ? 1 : -1),
    );
  const hits: SearchHit[] = [];
  for (const { metadata, entries } of newestFirst) {
    const add = (seq: number | null, strings: readonly string[]) => {
      const match = matchStrings(strings, terms);
      if (!match) return;
      hits.push({ sessionId: metadata.id, seq, snippet: match.snippet, offsets: match.offsets });
    };
    if (types === undefined && after === undefined && before === undefined) add(null, [metadata.name]);
    for (const [seq, { entryType, timestamp, content }] of entries.entries()) {
      if (types && !types.includes(entryType.type)) continue;
      if (after !== undefined && timestamp <= after) continue;
      if (before !== undefined && timestamp >= before) continue;
      add(seq, contentStrings(content));
    }
  }
  return hits;
}
