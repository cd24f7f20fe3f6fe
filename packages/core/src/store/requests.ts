import type { SessionId } from "../model/ids.ts";
import type { EntryTypeName, SessionMetadata, StoredEntry, Timestamp } from "../model/model.ts";
import type { SessionFilter } from "../rules/filter.ts";
import type { SearchHit, SearchTerm } from "../search/search.ts";
import type { ListedHead } from "./session-store.ts";

// What BaseStore asks of a backend for a page, and what it gets.

/**
 * A page of entries, heads or metadata ends early where its items take more than that as JSON, roughly, but
 * has one at least.
 */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** A place in the order of a list. */
export interface ListPlace {
  readonly time: Timestamp;
  readonly id: SessionId;
}

/** A page of sessions, as `doList` is asked for it. */
export interface ListRequest {
  readonly filter: SessionFilter;
  readonly orderBy: "updatedAt" | "createdAt";
  readonly direction: "asc" | "desc";
  readonly limit: number;
  /**
   * Only sessions after this position in the order; ids break ties in the same direction as the times.
   * `null`: all.
   */
  readonly after: ListPlace | null;
  /** The `walk` of the page before; absent on the first page, and where that had none. */
  readonly walk?: string | undefined;
}

/** A page of entries, as `doReadEntries` is asked for it. */
export interface EntriesRequest {
  /** Only `seq` greater than this; -1 for all. */
  readonly after: number;
  /** Only `seq` smaller than this; `Number.MAX_SAFE_INTEGER` for all. */
  readonly before: number;
  /** `null` for all. */
  readonly types: readonly EntryTypeName[] | null;
  readonly direction: "asc" | "desc";
  readonly limit: number;
}

/** A page of hits, as `doSearch` is asked for it. */
export interface SearchRequest {
  /** At least one; all of them have to be found. */
  readonly terms: readonly SearchTerm[];
  readonly filter: SessionFilter;
  /** `null` for all. */
  readonly types: readonly EntryTypeName[] | null;
  /** Only entries with a later timestamp; `-Infinity` for all. */
  readonly timeAfter: number;
  /** Only entries with an earlier timestamp; `Infinity` for all. */
  readonly timeBefore: number;
  /** False when `types` or the times leave the names of sessions out. */
  readonly includeNames: boolean;
  readonly order: "newest" | "rank";
  readonly limit: number;
  /**
   * Only hits after this one, in the order of sessions by `updatedAt` and id descending, then the name (`seq`
   * -1), then entries by `seq`. `null`: all.
   */
  readonly after: { readonly updatedAt: Timestamp; readonly id: SessionId; readonly seq: number } | null;
}

/** A hit with what it is ordered by. */
export interface PlacedHit extends SearchHit {
  readonly updatedAt: Timestamp;
  /**
   * How often the terms occur in it: by that the hits of several stores are ranked. Where it is absent they
   * come last.
   */
  readonly score?: number | undefined;
}

/** One page of what a backend has, and whether there is more. */
export interface Rows<T> {
  /** At most `limit`, in the order of the request. */
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/** One page of entries. */
export interface EntryRows extends Rows<StoredEntry> {
  /** Of the session at the moment at which the entries were read. */
  readonly epoch: string;
}

/** One page of sessions. */
export interface SessionRows extends Rows<SessionMetadata> {
  /**
   * For a backend that has to look at all sessions for each page: names a snapshot of what it has seen, so
   * that the next page can use it. It comes back in {@link ListRequest.walk}, and is only a hint: it may have
   * been dropped by then.
   */
  readonly walk?: string | undefined;
}

/** One page of heads. */
export interface HeadRows extends Rows<ListedHead> {
  /** The place of the last one, as the list has found it; the next page begins behind it. */
  readonly last: ListPlace | null;
  /** As in {@link SessionRows}. */
  readonly walk?: string | undefined;
}
