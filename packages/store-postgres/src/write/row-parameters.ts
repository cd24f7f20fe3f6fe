import type { SessionEntry, SessionId } from "@thulp-sessions/core";
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

/** An entry to be written. */
export interface EntryToWrite {
  readonly id: SessionId;
  readonly seq: number;
  readonly entry: SessionEntry;
}

/** A column of all heads each, for `unnest`. */
export function headsParameters(heads: readonly HeadToWrite[]): unknown[] {
  const states = heads.map(({ state }) => state);
  const counts = states.map((state) => state.counts);
  return [
    uuidArray(heads.map(({ id }) => id)),
    int8Array(states.map(({ createdAt }) => createdAt)),
    int8Array(states.map(({ updatedAt }) => updatedAt)),
    textArray(states.map(({ status }) => status)),
    int4Array(counts.map(({ entryCount }) => entryCount)),
    int4Array(counts.map(({ turnCount }) => turnCount)),
    int4Array(counts.map(({ userMessageCount }) => userMessageCount)),
    int4Array(counts.map(({ assistantMessageCount }) => assistantMessageCount)),
    int4Array(counts.map(({ awaitingAssistant }) => (awaitingAssistant ? 1 : 0))),
    int8Array(states.map(({ revision }) => revision)),
    int8Array(states.map(({ stamp }) => stamp)),
    textArray(states.map(({ epoch }) => epoch)),
    int4Array(
      heads.map(({ voidsIndexFrom, isRenamed }) => voidsIndexFrom ?? (isRenamed ? ONLY_NAME : KEEPS_INDEX)),
    ),
  ];
}

/** The same of entries, for one statement or more. */
export function entriesParameters(rows: readonly EntryToWrite[]): unknown[][] {
  const lots: { row: EntryToWrite; content: string }[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const content = JSON.stringify(row.entry.content);
    // Not more than three bytes for each UTF-16 unit.
    const size = ENVELOPE_BYTES + content.length * 3;
    bytes += size;
    if (bytes > MAX_STATEMENT_BYTES) {
      lots.push([]);
      bytes = size;
    }
    lots.at(-1)?.push({ row, content });
  }
  return lots.map((lot) => {
    const types = lot.map(({ row }) => entryTypeColumns(row.entry));
    return [
      uuidArray(lot.map(({ row }) => row.id)),
      int4Array(lot.map(({ row }) => row.seq)),
      uuidArray(lot.map(({ row }) => row.entry.id)),
      int8Array(lot.map(({ row }) => row.entry.timestamp)),
      textArray(types.map(([type]) => type)),
      textArray(types.map(([, fields]) => fields)),
      textArray(lot.map(({ content }) => content)),
    ];
  });
}
