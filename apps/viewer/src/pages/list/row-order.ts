import type { SessionRow } from "@thulp-sessions/core";

type Sort = "updated" | "created";

/** Rows in the order of the list, with some that have changed or are new put where they belong. */
export function mergeRows(
  rows: readonly SessionRow[],
  changed: ReadonlyMap<string, SessionRow>,
  sort: Sort,
): SessionRow[] {
  const others = rows.filter(({ id }) => !changed.has(id));
  return [...others, ...changed.values()].sort(
    (a, b) => timeOf(b, sort) - timeOf(a, sort) || (a.id < b.id ? 1 : -1),
  );
}

/** The same rows where they stand, with what is newer of each. */
export function updateInPlace(
  rows: readonly SessionRow[],
  changed: ReadonlyMap<string, SessionRow>,
): SessionRow[] {
  return rows.map((row) => changed.get(row.id) ?? row);
}

/** Does it belong before one of these, or is the list not so long that it ends with them? */
export function belongsTo(
  row: SessionRow,
  rows: readonly SessionRow[],
  sort: Sort,
  isWhole: boolean,
): boolean {
  const last = rows.at(-1);
  return isWhole || last === undefined || timeOf(row, sort) >= timeOf(last, sort);
}

/** Behind how many rows stands the line "new since you looked"; `null` for none: nothing or all is new. */
export function newRowCount(rows: readonly SessionRow[], lookedAt: number, sort: Sort): number | null {
  if (lookedAt <= 0) return null;
  const first = rows.findIndex((row) => timeOf(row, sort) <= lookedAt);
  return first > 0 ? first : null;
}

export function timeOf(row: SessionRow, sort: Sort): number {
  return sort === "created" ? row.createdAt : row.updatedAt;
}
