import type { SessionEntry, SessionId } from "@thulp-sessions/core";
import type { EntryCounts } from "@thulp-sessions/core/store";
import { int4Array, int8Array, textArray, uuidArray } from "../connection/binary-array.ts";
import { entryTypeColumns, type HeadState } from "../tables/rows.ts";

/** What a statement sends at most, unless one entry alone takes more. */
const MAX_STATEMENT_BYTES = 8 * 1024 * 1024;
const ENVELOPE_BYTES = 100;
/** Nothing of the index is void. */
export const KEEPS_INDEX = 2 ** 31 - 1;
/** Above every `seq`: only what is being read is void. */
const ONLY_NAME = KEEPS_INDEX - 1;

/** A head to be written. */
export interface HeadToWrite {
  readonly id: SessionId;
  readonly state: HeadState;
  readonly voidsIndexFrom?: number | undefined;
  readonly isRenamed?: boolean | undefined;
}

/** A session that was last seen in this state. */
export interface KnownSession {
  readonly id: SessionId;
  readonly state: HeadState;
}

/** An entry to be written. */
export interface EntryToWrite {
  readonly id: SessionId;
  readonly seq: number;
  readonly entry: SessionEntry;
  /** Its content as JSON. */
  readonly content: string;
}

/** A column of all heads each, for `unnest`. */
export function headsParameters(heads: readonly HeadToWrite[]): unknown[] {
  const states = heads.map(({ state }) => state);
  return [
    uuidArray(heads.map(({ id }) => id)),
    int8Array(states.map(({ createdAt }) => createdAt)),
    int8Array(states.map(({ updatedAt }) => updatedAt)),
    textArray(states.map(({ status }) => status)),
    ...countsParameters(states.map((state) => state.counts)),
    int8Array(states.map(({ revision }) => revision)),
    int8Array(states.map(({ stamp }) => stamp)),
    textArray(states.map(({ epoch }) => epoch)),
    int4Array(
      heads.map(({ voidsIndexFrom, isRenamed }) => voidsIndexFrom ?? (isRenamed ? ONLY_NAME : KEEPS_INDEX)),
    ),
  ];
}

/** What heads are expected to be, and what an append makes of them. @param heads in the order of `known`. */
export function appendedHeadsParameters(
  known: readonly KnownSession[],
  heads: readonly HeadToWrite[],
): unknown[] {
  const before = known.map(({ state }) => state);
  const states = heads.map(({ state }) => state);
  const counts = states.map((state) => state.counts);
  return [
    uuidArray(known.map(({ id }) => id)),
    int8Array(before.map(({ revision }) => revision)),
    int8Array(before.map(({ stamp }) => stamp)),
    int8Array(states.map(({ updatedAt }) => updatedAt)),
    ...countsParameters(counts),
    int8Array(states.map(({ revision }) => revision)),
    int8Array(states.map(({ stamp }) => stamp)),
  ];
}

function countsParameters(counts: readonly EntryCounts[]): unknown[] {
  return [
    int4Array(counts.map(({ entryCount }) => entryCount)),
    int4Array(counts.map(({ turnCount }) => turnCount)),
    int4Array(counts.map(({ userMessageCount }) => userMessageCount)),
    int4Array(counts.map(({ assistantMessageCount }) => assistantMessageCount)),
    int4Array(counts.map(({ awaitingAssistant }) => (awaitingAssistant ? 1 : 0))),
  ];
}

/** The same of entries, for one statement or more. */
export function entriesParameters(rows: readonly EntryToWrite[]): unknown[][] {
  const lots: EntryToWrite[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    // Not more than three bytes for each UTF-16 unit.
    const size = ENVELOPE_BYTES + row.content.length * 3;
    bytes += size;
    if (bytes > MAX_STATEMENT_BYTES) {
      lots.push([]);
      bytes = size;
    }
    lots.at(-1)?.push(row);
  }
  return lots.map((lot) => {
    const types = lot.map(({ entry }) => entryTypeColumns(entry));
    return [
      uuidArray(lot.map(({ id }) => id)),
      int4Array(lot.map(({ seq }) => seq)),
      uuidArray(lot.map(({ entry }) => entry.id)),
      int8Array(lot.map(({ entry }) => entry.timestamp)),
      textArray(types.map(([type]) => type)),
      textArray(types.map(([, fields]) => fields)),
      textArray(lot.map(({ content }) => content)),
    ];
  });
}
