/** A value of a database. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** What is kept of a row: the name of its table, then its columns in this order. */
export interface DatabaseRow {
  readonly table: string;
  readonly columns: Readonly<Record<string, SqlValue>>;
  /** The columns that hold JSON: it stands in the line as it was written, if it is JSON in one line. */
  readonly json: readonly string[];
}

/** A row as a line of JSON, with every value as it is in the database. */
export function rowText({ table, columns, json }: DatabaseRow): string {
  const values = Object.entries(columns).map(
    ([name, value]) => `${JSON.stringify(name)}:${valueText(value, json.includes(name))}`,
  );
  return `{${[`"table":${JSON.stringify(table)}`, ...values].join(",")}}`;
}

function valueText(value: SqlValue, mayBeJson: boolean): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return mayBeJson && isJsonLine(value) ? value : JSON.stringify(value);
  if (value === null) return "null";
  return JSON.stringify({ base64: Buffer.from(value).toString("base64") });
}

/** Infinity is none in JSON, but one beyond all that is written as it is read. */
function numberText(value: number): string {
  if (Number.isFinite(value)) return JSON.stringify(value);
  return JSON.stringify(String(value));
}

function isJsonLine(text: string): boolean {
  if (/[\r\n]/.test(text)) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
