import type { SessionId } from "../model/ids.ts";
import type { Session, SessionEntry, SessionHead, StoredSession } from "../model/model.ts";
import type { CountedField } from "../rules/count-values.ts";
import type { SessionFilter } from "../rules/filter.ts";
import type { AppendOptions, AppendResult, SessionChange, WriteOptions } from "../rules/writes.ts";
import type {
  EntriesRequest,
  EntryRows,
  HeadRows,
  ListRequest,
  PlacedHit,
  Rows,
  SearchRequest,
  SessionRows,
} from "./requests.ts";

/**
 * A store as one that is made of several sees it: arguments have been checked, and pages begin at a place
 * instead of a cursor, so that those of several stores can be merged. After `close` each call is refused, and
 * `close` waits for those under way, as for any other.
 */
export interface StorePart {
  create(session: Session): Promise<SessionHead>;
  get(id: SessionId): Promise<StoredSession>;
  head(id: SessionId): Promise<SessionHead>;
  update(id: SessionId, change: SessionChange, options: WriteOptions): Promise<SessionHead>;
  append(id: SessionId, entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult>;
  readEntries(id: SessionId, request: EntriesRequest): Promise<EntryRows>;
  truncate(id: SessionId, entryCount: number, options: WriteOptions): Promise<SessionHead>;
  replace(session: Session, expectedVersion: string | undefined): Promise<SessionHead>;
  delete(id: SessionId, expectedVersion: string | undefined): Promise<boolean>;
  list(request: ListRequest): Promise<SessionRows>;
  listHeads(request: ListRequest): Promise<HeadRows>;
  count(filter: SessionFilter): Promise<number>;
  /** How many of the sessions have each value, all values, in any order. */
  countValues(filter: SessionFilter, by: CountedField, prefix: string): Promise<ReadonlyMap<string, number>>;
  search(request: SearchRequest): Promise<Rows<PlacedHit>>;
}
