// The rowids in `search_index`: above 0 those of names and entries, which lead to them; below 0 those of the
// passages of long entries (`search_passages`).

/** Stands for the name of a session where the `seq` of an entry is expected; it comes before all entries. */
export const NAME_SEQ = -1;
/** Greater than the `seq` of any entry. */
export const LAST_SEQ = 2 ** 31 - 2;

/** The rowid in `search_index` of an entry or a name; both arguments are SQL. */
export function rowidOf(sessionKey: string, seq: string): string {
  return `(${sessionKey} << 31 | ${seq} + 1)`;
}
