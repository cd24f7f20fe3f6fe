import type { SessionMetadata } from "../model/model.ts";

/** What sessions can be counted by. Days are those of UTC. */
export const COUNTED_FIELDS = [
  "status",
  "type",
  "tag",
  "skillName",
  "agentName",
  "model",
  "createdDay",
  "updatedDay",
] as const;
/** One of {@link COUNTED_FIELDS}. */
export type CountedField = (typeof COUNTED_FIELDS)[number];

/** How many sessions have a value. */
export interface ValueCount {
  readonly value: string;
  readonly count: number;
}

/** The largest `Date`, in ms. */
export const LAST_DATE_MS = 8.64e15;

/**
 * How many sessions have each value. A session counts once for each of its values, also for a tag that it has
 * twice, and not where its type has no such field.
 *
 * @param prefix only tags that begin with it, code unit by code unit.
 */
export function countValues(
  sessions: Iterable<SessionMetadata>,
  by: CountedField,
  prefix = "",
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const metadata of sessions)
    for (const value of valuesOf(metadata, by))
      if (value.startsWith(prefix)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function valuesOf(metadata: SessionMetadata, by: CountedField): Iterable<string> {
  if (by === "status") return [metadata.status];
  if (by === "tag") return new Set(metadata.tags);
  if (by === "createdDay") return [dayOf(metadata.createdAt)];
  if (by === "updatedDay") return [dayOf(metadata.updatedAt)];
  const { [by]: value } = metadata.sessionType as Partial<Record<CountedField, string>>;
  return value === undefined ? [] : [value];
}

/** The UTC day of a time, e.g. `2026-11-29`; `beyond` where `Date` has none. */
export function dayOf(time: number): string {
  return time > LAST_DATE_MS ? "beyond" : new Date(time).toISOString().replace(/T.*/, "");
}

/** The order of values: the most frequent first, those of one count by their code units. */
export function byCount(a: ValueCount, b: ValueCount): number {
  return b.count - a.count || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
}
