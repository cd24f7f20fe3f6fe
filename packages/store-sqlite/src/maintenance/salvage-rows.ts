import type { Client } from "../connection/driver.ts";

const LAST_ROWID = 2 ** 53 - 1;
/** So many rows are tried one by one where nothing behind them can be read. */
const LAST_TRIED = 10_000;

/**
 * The rows of a table that can be read, in the order of their numbers, as arrays. Where SQLite meets damage it gives up the
 * whole query: then the next place that can be read is looked for at growing distances, and what lies between is halved until
 * what is damaged stands alone.
 *
 * @param columns the first one is the number of the row.
 */
export function* rowsAround<R extends readonly unknown[]>(
  client: Client,
  table: string,
  columns: string,
): Generator<R> {
  const [key] = columns.split(",");
  const range = client
    .prepare<[number, number], R>(
      `SELECT ${columns} FROM ${table} NOT INDEXED WHERE ${key} BETWEEN ? AND ? ORDER BY ${key}`,
    )
    .raw();
  const point = client.prepare<[number]>(`SELECT 1 FROM ${table} NOT INDEXED WHERE ${key} = ?`);
  const canRead = (number: number): boolean => unlessDamaged(() => point.get(number)) !== DAMAGED;
  const ranges: [from: number, to: number][] = [[0, LAST_ROWID]];
  for (let next = ranges.pop(); next; next = ranges.pop()) {
    const [from, to] = next;
    let at = from;
    const rows = range.iterate(from, to);
    for (;;) {
      const result = unlessDamaged(() => rows.next());
      if (result !== DAMAGED && result.done) break;
      if (result === DAMAGED) {
        ranges.push(...rangesBehind(at, to, canRead));
        break;
      }
      // Damage can also show as rows in the wrong place.
      const number = result.value[0] as number;
      if (!Number.isSafeInteger(number) || number < at || number > to) continue;
      at = number + 1;
      yield result.value;
    }
  }
}

/** What is to be tried when the rows from `at` to `to` could not be read together; the first comes last. */
function rangesBehind(at: number, to: number, canRead: (number: number) => boolean): [number, number][] {
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
