import type { EntryType, ViewedEntry } from "@thulp-sessions/core";

/** One line of a conversation. */
export type Row =
  | { readonly type: "entry"; readonly key: string; readonly entry: ViewedEntry; readonly isGone: boolean }
  /** Several calls, or several notes of an agent for itself, that follow each other. */
  | {
      readonly type: "calls";
      readonly noun: "call" | "note";
      readonly key: string;
      readonly first: ViewedEntry;
      readonly last: ViewedEntry;
      readonly ids: readonly string[];
      readonly seqs: readonly number[];
      /** `Read ×6, Edit ×3`. */
      readonly names: string;
      readonly failed: number;
      readonly isOpen: boolean;
    }
  /** The session was taken back to so many entries; what went follows. */
  | { readonly type: "taken-back"; readonly key: string; readonly to: number; readonly gone: number };

/** Entries that were taken away while they were looked at, and from where on. */
export interface GoneEntries {
  readonly to: number;
  readonly entries: readonly ViewedEntry[];
}

export interface Folding {
  /** Ids of calls whose line is opened. */
  readonly openCalls: ReadonlySet<string>;
  /** Every line of calls is open. */
  readonly allOpen: boolean;
  /** What is no part of the conversation. */
  readonly isAside?: ((entry: ViewedEntry) => boolean) | undefined;
}

/** A single call is a line already. */
const LEAST_CALLS = 2;

/**
 * The lines of some entries that follow each other: calls in a row are one line, and so are notes. Under it
 * stand those that failed, which are never hidden, and all of them when it is open.
 */
export function foldEntries(
  entries: readonly ViewedEntry[],
  gone: readonly GoneEntries[],
  folding: Folding,
): Row[] {
  const rows: Row[] = [];
  const pending = [...gone].sort((a, b) => a.to - b.to);
  let calls: ViewedEntry[] = [];
  let noun: "call" | "note" = "call";
  const flush = () => {
    rows.push(...callRows(calls, noun, folding));
    calls = [];
  };
  const add = (entry: ViewedEntry, to: "call" | "note") => {
    if (to !== noun) flush();
    noun = to;
    calls.push(entry);
  };
  const putGone = (before: number) => {
    while (pending[0] && pending[0].to <= before) {
      flush();
      rows.push(...goneRows(pending.shift() as GoneEntries));
    }
  };
  for (const entry of entries) {
    if (pending.length > 0) putGone(entry.seq);
    if (folding.isAside?.(entry)) add(entry, "note");
    else if (isCall(entry.entryType)) add(entry, "call");
    else {
      flush();
      rows.push(entryRow(entry));
    }
  }
  flush();
  putGone(Number.POSITIVE_INFINITY);
  return rows;
}

/** Which row shows an entry, or the line that it is folded into; -1 where none does. */
export function rowOfSeq(rows: readonly Row[], seq: number): number {
  let found = -1;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row;
    if (row.type === "entry" && !row.isGone && row.entry.seq === seq) return i;
    if (row.type === "calls" && row.first.seq <= seq && seq <= row.last.seq) found = i;
  }
  return found;
}

/** Of each closed line of calls that holds some of a range, the id of a call: to open it by. */
export function foldedCalls(
  rows: readonly Row[],
  { first, last }: { readonly first: number; readonly last: number },
): string[] {
  const ids: string[] = [];
  rows.forEach((row, i) => {
    if (row.type !== "calls" || row.isOpen || row.last.seq < first || row.first.seq > last) return;
    // The failed ones stand below it anyway.
    const shown = new Set<number>();
    for (
      let next = rows[i + 1];
      next?.type === "entry" && next.entry.seq <= row.last.seq;
      next = rows[++i + 1]
    )
      shown.add(next.entry.seq);
    const hidden = row.seqs.some((seq) => first <= seq && seq <= last && !shown.has(seq));
    if (hidden) ids.push(row.ids[0] as string);
  });
  return ids;
}

/** The entry that a row is about; of a line of calls the first. */
export function seqOfRow(row: Row): number {
  if (row.type === "entry") return row.entry.seq;
  return row.type === "calls" ? row.first.seq : row.to;
}

export function isCall(type: EntryType): boolean {
  return type.type === "tool_call" || type.type === "skill_execution";
}

/** A call that had no success. */
export function isFailure(type: EntryType): boolean {
  return (type.type === "tool_call" || type.type === "skill_execution") && !type.success;
}

export function callName(type: EntryType): string {
  return type.type === "tool_call" ? type.toolName : type.type === "skill_execution" ? type.skillName : "";
}

function callRows(
  calls: readonly ViewedEntry[],
  noun: "call" | "note",
  { openCalls, allOpen }: Folding,
): Row[] {
  const [first] = calls;
  const last = calls.at(-1);
  if (!first || !last || calls.length < LEAST_CALLS) return calls.map((entry) => entryRow(entry));
  const isOpen = allOpen || calls.some(({ id }) => openCalls.has(id));
  const counts = new Map<string, number>();
  for (const { entryType } of calls) {
    const name = entryType.type === "system_event" ? entryType.event : callName(entryType);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => (count > 1 ? `${name} ×${count}` : name));
  const failed = calls.filter(({ entryType }) => isFailure(entryType));
  const line: Row = {
    type: "calls",
    noun,
    key: `calls ${first.id} ${first.seq}`,
    first,
    last,
    ids: calls.map(({ id }) => id),
    seqs: calls.map(({ seq }) => seq),
    names: names.length > 6 ? `${names.slice(0, 6).join(", ")}, …` : names.join(", "),
    failed: failed.length,
    isOpen,
  };
  return [line, ...(isOpen ? calls : failed).map((entry) => entryRow(entry))];
}

function goneRows({ to, entries }: GoneEntries): Row[] {
  const key = `back ${to} ${entries[0]?.id ?? ""}`;
  return [
    { type: "taken-back", key, to, gone: entries.length },
    ...entries.map((entry) => entryRow(entry, true)),
  ];
}

const known = new WeakMap<ViewedEntry, Row>();

/** The same row for the same entry, so that what it shows is not made again. */
function entryRow(entry: ViewedEntry, isGone = false): Row {
  const before = isGone ? undefined : known.get(entry);
  if (before) return before;
  const row = newEntryRow(entry, isGone);
  if (!isGone) known.set(entry, row);
  return row;
}

/** A file of the original may repeat an id. */
function newEntryRow(entry: ViewedEntry, isGone: boolean): Row {
  return { type: "entry", key: `${isGone ? "gone " : ""}${entry.id} ${entry.seq}`, entry, isGone };
}
