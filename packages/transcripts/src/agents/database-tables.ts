import type { SqlValue } from "../lines/row-text.ts";
import type { DatabaseSession, SqlQuery } from "../model/agent-reader.ts";

type Row = Readonly<Record<string, SqlValue>>;

/** A table of an agent: of its columns only those that are named, and of these those that are there. */
export class Table {
  readonly #query: SqlQuery;
  readonly #name: string;
  /** Those that are there, in the order in which they were named; none where there is no such table. */
  readonly columns: readonly string[];

  constructor(query: SqlQuery, name: string, columns: readonly string[]) {
    this.#query = query;
    this.#name = name;
    const there = new Set(query(`PRAGMA table_info("${name}")`).map((column) => column["name"]));
    this.columns = columns.filter((column) => there.has(column));
  }

  /** @param rest of the statement, behind the table. */
  rows(rest: string, ...values: readonly SqlValue[]): readonly Row[] {
    if (this.columns.length === 0) return [];
    const columns = this.columns.map((column) => `"${column}"`).join(", ");
    return this.#query(`SELECT ${columns} FROM "${this.#name}" ${rest}`, ...values);
  }

  /** The first of these columns that is there, else a constant. */
  oneOf(columns: readonly string[], otherwise: string): string {
    const column = columns.find((each) => this.columns.includes(each));
    return column === undefined ? otherwise : `"${column}"`;
  }

  /** How many rows each session has, and when the last of them was changed, as a text that says both. */
  states(session: string, times: readonly string[]): ReadonlyMap<SqlValue, string> {
    if (!this.columns.includes(session)) return new Map();
    const time = this.oneOf(times, "0");
    const states = this.#query(
      `SELECT "${session}" AS session, count(*) AS rows, max(${time}) AS time FROM "${this.#name}" GROUP BY 1`,
    );
    return new Map(states.map((state) => [state["session"] ?? null, `${state["rows"]} ${state["time"]}`]));
  }
}

/** The state of a session, from what the states of its tables say. */
export function databaseSession(
  nativeId: string,
  parts: readonly (SqlValue | undefined)[],
  toTime: (value: string) => number,
): DatabaseSession {
  const texts = parts.map((part) => String(part ?? ""));
  const times = texts.map((text) => toTime(text.replace(/^\d+ (?=.)/, ""))).filter(Number.isSafeInteger);
  return { nativeId, modifiedAt: Math.max(0, ...times), stamp: JSON.stringify(texts) };
}
