import { knownMigrations } from "../connection/application-id.ts";
import type { Client, Connect } from "../connection/driver.ts";
import { applyMigrations } from "../schema/expected-schema.ts";
import { PageFile } from "./page-file.ts";
import { childrenOf, isTableLeaf, isTablePage, type PageRow, rowsOf, type Value } from "./page-rows.ts";

// Where SQLite cannot read a file (its first page, its end or the definitions of its tables are lost) its
// pages are read here, and the rows that are found are put into a new database with our own definitions:
//
// 1. Where the tables begin is said by sqlite_schema, by any page of it that is left.
// 2. From there the pages are followed, as SQLite does.
// 3. Where that met something lost, all pages that were not reached are looked through for rows that are
//    those of the table by their shape. A page that counts as free is left out, so that nothing that was
//    deleted comes back, as far as that is known: the list of free pages begins on the first page. A row
//    never takes the place of one of step 2.

const TABLES = ["sessions", "contexts", "entries"] as const;
type Table = (typeof TABLES)[number];

/** True where one of the first pages has a row of a session or an entry. */
export function hasOurRows(connect: Connect, file: string): boolean {
  const columns = columnsOf(connect);
  const pages = new PageFile(file);
  try {
    for (let number = 2; number <= Math.min(pages.pageCount, MOST_PAGES_TO_TELL); number++) {
      const page = pages.page(number);
      if (!page) continue;
      for (const row of rowsOf(pages, number, page, () => {}))
        if (columns.sessions.isRow(row) || columns.entries.isRow(row)) return true;
    }
    return false;
  } finally {
    pages.close();
  }
}

const MOST_PAGES_TO_TELL = 256;

/** Fills `target`, a new file, with the rows that can be found in the pages of `file`. */
export function salvagePages(connect: Connect, file: string, target: string): void {
  const columns = columnsOf(connect);
  const pages = new PageFile(file);
  const client = connect(target, {});
  try {
    client.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF");
    applyMigrations(client, 0, knownMigrations().length);
    client.exec("BEGIN");
    const reached = new Set<number>();
    const incomplete = new Set<Table>();
    // What the pages of a table say is kept as it is: it is judged when it is read.
    client.pragma("ignore_check_constraints = ON");
    const roots = rootsIn(pages);
    for (const table of TABLES) {
      const insert = inserter(client, table, columns[table]);
      const onLost = () => incomplete.add(table);
      for (const row of reachable(pages, roots[table], reached, onLost)) insert(row);
    }
    client.pragma("ignore_check_constraints = OFF");
    if (incomplete.size > 0) addUnreached(client, pages, columns, reached, incomplete);
    client.exec("COMMIT");
  } finally {
    client.close();
    pages.close();
  }
}

/** Where each table begins, by every row of `sqlite_schema` that can be found. */
function rootsIn(pages: PageFile): Record<Table, number[]> {
  const roots: Record<Table, number[]> = { sessions: [], contexts: [], entries: [] };
  for (let number = 1; number <= pages.pageCount; number++) {
    const page = pages.page(number);
    if (!page) continue;
    for (const { values } of rowsOf(pages, number, page, () => {})) {
      const [type, name, table, root, sql] = values;
      if (type !== "table" || name !== table || typeof root !== "number" || typeof sql !== "string") continue;
      const own = TABLES.find((each) => each === name);
      const start = pages.page(root);
      if (own && sql.startsWith("CREATE TABLE") && start && isTablePage(root, start)) roots[own].push(root);
    }
  }
  return roots;
}

function* reachable(
  pages: PageFile,
  roots: readonly number[],
  reached: Set<number>,
  onLost: () => void,
): Generator<PageRow> {
  if (roots.length === 0) onLost();
  const waiting = [...roots];
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    const page = pages.page(number);
    if (!page || reached.has(number) || !isTablePage(number, page)) {
      onLost();
      continue;
    }
    reached.add(number);
    yield* rowsOf(pages, number, page, onLost);
    waiting.push(...childrenOf(number, page).reverse());
  }
}

function addUnreached(
  client: Client,
  pages: PageFile,
  columns: Record<Table, Columns>,
  reached: ReadonlySet<number>,
  incomplete: ReadonlySet<Table>,
): void {
  const free = freePages(pages);
  // Sessions first: they say which entries there are.
  for (const table of TABLES.filter((each) => incomplete.has(each))) {
    const insert = inserter(client, table, columns[table]);
    const isWanted = table === "entries" ? entryFilter(client, incomplete.has("sessions")) : () => true;
    for (let number = 2; number <= pages.pageCount; number++) {
      const page = reached.has(number) || free.has(number) ? null : pages.page(number);
      if (!page || !isTableLeaf(number, page)) continue;
      for (const row of rowsOf(pages, number, page, () => {}))
        if (columns[table].isRow(row) && isWanted(row)) insert(row);
    }
  }
}

/** Leaves out entries that were taken off their session, and those of sessions that were deleted. */
function entryFilter(client: Client, sessionsAreLost: boolean): (row: PageRow) => boolean {
  const count = client.prepare<[Value], number>("SELECT entry_count FROM sessions WHERE key = ?").pluck();
  return ({ values }) => {
    const entries = count.get(values[1] ?? null);
    return entries === undefined ? sessionsAreLost : Number(values[2]) < entries;
  };
}

/** The pages of the list of free pages, as far as it can be read. */
function freePages(pages: PageFile): Set<number> {
  const free = new Set<number>();
  let next = pages.hasHeader ? (pages.page(1)?.readUInt32BE(32) ?? 0) : 0;
  while (next !== 0 && !free.has(next)) {
    const page = pages.page(next);
    if (!page) break;
    free.add(next);
    const count = Math.min(page.readUInt32BE(4), page.length / 4 - 2);
    for (let i = 0; i < count; i++) free.add(page.readUInt32BE(8 + i * 4));
    next = page.readUInt32BE(0);
  }
  return free;
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: 0 | 1;
  readonly pk: 0 | 1;
}

/** The stored columns of a table. Rows from before a column was added are shorter. */
class Columns {
  readonly #all: readonly ColumnInfo[];
  readonly #least: number;

  constructor(all: readonly ColumnInfo[], least: number) {
    this.#all = all;
    this.#least = least;
  }

  /** Of a row with so many values. */
  names(count: number): string[] {
    return this.#all.slice(0, count).map(({ name }) => name);
  }

  hasLength({ values }: PageRow): boolean {
    return values.length >= this.#least && values.length <= this.#all.length;
  }

  /** Whether it may be a row of this table, by its number of values and their types. */
  isRow(row: PageRow): boolean {
    return (
      this.hasLength(row) &&
      row.values.every((value, i) => {
        const { type, notnull, pk } = this.#all[i] as ColumnInfo;
        if (pk === 1) return value === null;
        if (value === null) return notnull === 0;
        return type === "integer" ? typeof value === "number" : typeof value === "string";
      })
    );
  }
}

function columnsOf(connect: Connect): Record<Table, Columns> {
  const [before, now] = [1, knownMigrations().length].map((version) => columnsAt(connect, version));
  const of = (table: Table) => new Columns(now?.[table] ?? [], before?.[table].length ?? 0);
  return { sessions: of("sessions"), contexts: of("contexts"), entries: of("entries") };
}

function columnsAt(connect: Connect, version: number): Record<Table, ColumnInfo[]> {
  const client = connect(":memory:", {});
  try {
    applyMigrations(client, 0, version);
    const of = (table: Table) =>
      (client.pragma(`table_xinfo(${table})`) as (ColumnInfo & { hidden: number })[])
        // Those that are computed when they are read are not stored.
        .filter(({ hidden }) => hidden !== 2)
        .map(({ type, ...rest }) => ({ ...rest, type: type.toLowerCase() }));
    return { sessions: of("sessions"), contexts: of("contexts"), entries: of("entries") };
  } finally {
    client.close();
  }
}

/** Inserts a row unless its place is taken, or it cannot be one of the table. */
function inserter(client: Client, table: Table, columns: Columns): (row: PageRow) => void {
  const statements = new Map<number, ReturnType<typeof prepare>>();
  function prepare(count: number) {
    const names = columns.names(count);
    return client.prepare(
      `INSERT OR IGNORE INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    );
  }
  return (row) => {
    if (!columns.hasLength(row)) return;
    const count = row.values.length;
    const statement = statements.get(count) ?? prepare(count);
    statements.set(count, statement);
    try {
      statement.run(row.rowid, ...row.values.slice(1));
    } catch (error) {
      // Values of other types than the table has.
      if (!(error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_CONSTRAINT")))
        throw error;
    }
  };
}
