import type { Client } from "../connection/driver.ts";

const LAST_ROWID = 2 ** 53 - 1;
/** How many rows are tried one by one where nothing after them can be read. */
const LAST_TRIED = 10_000;

/**
 * The rows of a table that can be read, in the order of their rowids. SQLite ends a query at the first
 * damage. Then the next readable row is searched for at growing distances, and the range up to it is bisected
 * until only the damaged rows are left out.
 *
 * @param key the column that is the rowid. @param columns those to be read besides.
 */
export function* salvageRows<R>(
  client: Client,
  table: string,
  key: string,
  columns: string,
): Generator<R & { readonly rowid: number }> {
  const range = client.prepare<[number, number], R & { rowid: number }>(`
    SELECT ${key} AS rowid, ${columns} FROM ${table} NOT INDEXED
    WHERE ${key} BETWEEN ? AND ?
    ORDER BY ${key}`);
  const point = client.prepare<[number]>(`SELECT 1 FROM ${table} NOT INDEXED WHERE ${key} = ?`);
  const canRead = (rowid: number): boolean => unlessDamaged(() => point.get(rowid)) !== DAMAGED;
  const ranges: [from: number, to: number][] = [[0, LAST_ROWID]];
  for (let next = ranges.pop(); next; next = ranges.pop()) {
    const [from, to] = next;
    let at = from;
    const rows = range.iterate(from, to);
    for (;;) {
      const result = unlessDamaged(() => rows.next());
      if (result !== DAMAGED && result.done) break;
      if (result === DAMAGED) {
        ranges.push(...rangesAfter(at, to, canRead));
        break;
      }
      // Damage can also show as a row in the wrong place.
      const { rowid } = result.value;
      if (!Number.isSafeInteger(rowid) || rowid < at || rowid > to) continue;
      at = rowid + 1;
      yield result.value;
    }
  }
}

/**
 * The ranges to try when the rows from `at` to `to` could not be read together; the first one is the last
 * item.
 */
function rangesAfter(at: number, to: number, canRead: (number: number) => boolean): [number, number][] {
  if (at >= to) return [];
  if (to < LAST_ROWID) {
    const half = at + Math.floor((to - at) / 2);
    return [
      [half + 1, to],
      [at, half],
    ];
  }
  for (let distance = 1; at + distance <= LAST_ROWID; distance *= 2) {
    if (!canRead(at + distance)) continue;
    return [
      [at + distance, LAST_ROWID],
      [at, at + distance - 1],
    ];
  }
  return [[at, at + LAST_TRIED]];
}

const DAMAGED = Symbol("damaged");

function unlessDamaged<T>(read: () => T): T | typeof DAMAGED {
  try {
    return read();
  } catch (error) {
    const isDamage =
      error instanceof Error && "code" in error && /^SQLITE_(CORRUPT|NOTADB|IOERR)/.test(String(error.code));
    if (!isDamage) throw error;
    return DAMAGED;
  }
}
