import type { SessionId, Timestamp } from "@thulp-sessions/core";
import { type ListPlace, type ListRequest, MAX_PAGE_BYTES } from "@thulp-sessions/core/store";
import type { Statement } from "../connection/connection.ts";
import { HEAD_COLUMNS, METADATA_COLUMNS, METADATA_WIDTH, tagKey } from "../tables/rows.ts";
import { filterSql, Parameters, splitTag } from "./filter-sql.ts";

/** Of a head with nothing in it, as JSON. */
const HEAD_BYTES = 400;
/** A settled page is never made larger, even where it is not answered then. */
const MAX_SETTLED_BYTES = 8 * MAX_PAGE_BYTES;
/** A statement longer than that has a filter that is hardly asked for again. */
const MAX_HOT_LENGTH = 8_000;

const METADATA_NAMES = namesOf(METADATA_COLUMNS);
const HEAD_NAMES = namesOf(HEAD_COLUMNS).map((name) => `head_${name}`);
/** What a page has without heads and with them. */
const COLUMNS = METADATA_NAMES.join(", ");
const COLUMNS_WITH_HEADS = [...METADATA_NAMES, ...HEAD_NAMES].join(", ");
const HEAD_AND_CONTEXT = `${HEAD_COLUMNS.split(",")
  .map((column, i) => `${column} AS ${HEAD_NAMES[i]}`)
  .join(", ")}, s.context, `;
/** Columns that take as much as somebody has given. */
const LONG_NAMES: readonly string[] = ["name", "type_fields", "tags", "context"];
const ARRAYS = arraysOf(["time", ...METADATA_NAMES]);
const ARRAYS_WITH_HEADS = arraysOf(["time", "context", ...METADATA_NAMES, ...HEAD_NAMES]);

/** A row of a page. */
export interface ListedRow {
  readonly place: ListPlace;
  readonly updatedAt: Timestamp;
  readonly metadata: readonly unknown[];
  /** Empty where heads were not asked for, and `context` is `null`. */
  readonly head: readonly unknown[];
  readonly context: string | null;
}

/**
 * One more than a page, to know whether there are more; and of those that would make it too large the first.
 * That is the second one too where the first alone is too large. Columns: the bytes up to and with this one,
 * the time, `updatedAt`, the context, those of the metadata, and of the head if asked for.
 *
 * By `updatedAt` there are two parts, since the indices by time have the sessions as the last maintenance has
 * left them: those that have not changed since, in the order of an index, and those that have.
 */
export function pageStatement(request: ListRequest, withHeads: boolean, schema: string): Statement {
  const parameters = new Parameters();
  const part = (options: Pick<PartOptions, "time" | "updatedAt" | "pending">) =>
    partOf(request, { ...options, withHeads, schema, parameters });
  const parts =
    request.orderBy === "createdAt"
      ? [part({ time: "created_at", updatedAt: "h.updated_at", pending: "included" })]
      : [
          part({ time: "listed_at", updatedAt: "s.listed_at", pending: "left out" }),
          part({ time: undefined, updatedAt: "h.updated_at", pending: "only" }),
        ];
  return statementOf(pageOf(request, withHeads, parts), parameters);
}

/** @param row of the answer to a {@link pageStatement}. */
export function listedRow(row: readonly unknown[]): ListedRow {
  const [, time, updatedAt, context, ...columns] = row as [
    number,
    Timestamp,
    Timestamp,
    string | null,
    SessionId,
  ];
  return {
    place: { time, id: columns[0] },
    updatedAt,
    context,
    metadata: columns.slice(0, METADATA_WIDTH),
    head: columns.slice(METADATA_WIDTH),
  };
}

/**
 * The same by `updatedAt` for what is the rule: no session is pending, and the page is not too large. One
 * value is answered: an array of the columns as JSON, each an array of its values, or NULL where it is not
 * so. PostgreSQL makes that of a column much quicker than of a row, and quicker than it sends many rows.
 */
export function settledPageStatement(request: ListRequest, withHeads: boolean, schema: string): Statement {
  const parameters = new Parameters();
  const part = partOf(request, {
    ...{ time: "listed_at", updatedAt: "s.listed_at", pending: "not there" },
    ...{ withHeads, schema, parameters },
  });
  // The arrays are made before the sum is looked at.
  const text = `
    SELECT CASE
      WHEN ${somePending(schema)} OR NOT coalesce(bool_and(is_small) AND sum(size) <= ${MAX_PAGE_BYTES}, true)
      THEN NULL
      ELSE json_build_array(${withHeads ? ARRAYS_WITH_HEADS : ARRAYS})
    END
    FROM (
      SELECT *, size <= ${Math.floor(MAX_SETTLED_BYTES / (request.limit + 1))} AS is_small
      FROM (SELECT p.*, ${sizeOf(withHeads)} AS size FROM (${part}) AS p) AS measured OFFSET 0
    ) AS sized`;
  return statementOf(text, parameters);
}

/**
 * The rows of its answer; `null` where they cannot be had. A subquery's order is that of what is made of it,
 * but SQL does not promise it.
 */
export function settledRows(
  answer: unknown,
  { direction }: Pick<ListRequest, "direction">,
  withHeads: boolean,
): ListedRow[] | null {
  if (typeof answer !== "string") return null;
  const [times, ...others] = JSON.parse(answer) as (unknown[] | null)[];
  if (!times) return [];
  const contexts = withHeads ? others.shift() : undefined;
  const metadata = others.slice(0, METADATA_WIDTH) as unknown[][];
  const head = others.slice(METADATA_WIDTH) as unknown[][];
  const [ids] = metadata as [SessionId[]];
  const rows: ListedRow[] = [];
  for (const [i, time] of (times as Timestamp[]).entries()) {
    const place = { time, id: ids[i] as SessionId };
    const last = rows.at(-1);
    if (last && !isBefore(last.place, place, direction)) return null;
    const context = (contexts?.[i] ?? null) as string | null;
    // By `updatedAt` the page is sorted.
    rows.push({ place, updatedAt: time, context, metadata: rowOf(metadata, i), head: rowOf(head, i) });
  }
  return rows;
}

function rowOf(columns: readonly (readonly unknown[])[], i: number): unknown[] {
  const row: unknown[] = [];
  for (const column of columns) row.push(column[i]);
  return row;
}

function isBefore(a: ListPlace, b: ListPlace, direction: "asc" | "desc"): boolean {
  const isLess = a.time === b.time ? a.id < b.id : a.time < b.time;
  return direction === "asc" ? isLess : !isLess;
}

function statementOf(text: string, { values }: Parameters): Statement {
  return { text, values, isHot: text.length <= MAX_HOT_LENGTH };
}

function somePending(schema: string): string {
  return `EXISTS (SELECT 1 FROM ${schema}.heads m WHERE m.index_pending)`;
}

function pageOf(
  { direction, limit }: ListRequest,
  withHeads: boolean,
  [first = "", ...others]: readonly string[],
): string {
  const size = sizeOf(withHeads);
  const order = `ORDER BY time ${direction}, id ${direction}`;
  const all = [first, ...others].map((part) => `(${part})`).join(" UNION ALL ");
  const rows = others.length === 0 ? first : `SELECT * FROM (${all}) AS parts ${order} LIMIT ${limit + 1}`;
  return `
    SELECT total, time, updated_at, ${withHeads ? "context" : "NULL"}, ${withHeads ? COLUMNS_WITH_HEADS : COLUMNS} FROM (
      SELECT p.*, ${size} AS size, sum(${size}) OVER rows_before::int8 AS total, row_number() OVER rows_before AS place
      FROM (${rows}) AS p WINDOW rows_before AS (${order} ROWS UNBOUNDED PRECEDING)
    ) AS sized
    WHERE total - size <= ${MAX_PAGE_BYTES} OR place = 2
    ${order}`;
}

/** Of a row `p`, in bytes. */
function sizeOf(withHeads: boolean): string {
  return `${HEAD_BYTES} + octet_length(p.name) + octet_length(p.type_fields) + octet_length(p.tags)
    ${withHeads ? "+ octet_length(p.context)" : ""}`;
}

interface PartOptions {
  /** The column of `sessions` and `session_tags` that an index has; undefined: that of the head is sorted. */
  readonly time: "created_at" | "listed_at" | undefined;
  readonly updatedAt: string;
  /** What of the sessions whose times the indices do not have yet. */
  readonly pending: "included" | "left out" | "only" | "not there";
  readonly withHeads: boolean;
  readonly schema: string;
  readonly parameters: Parameters;
}

function partOf(
  request: ListRequest,
  { time, updatedAt, pending, withHeads, schema, parameters }: PartOptions,
): string {
  const { filter, direction, limit, after } = request;
  const { tag, rest } = time === undefined ? { tag: undefined, rest: filter } : splitTag(filter);
  const source = tag === undefined ? "s" : "st";
  const [timeColumn, idColumn] =
    time === undefined
      ? ["h.updated_at", "s.id"]
      : [`${source}.${time}`, tag === undefined ? "s.id" : "st.session_id"];
  const comparison = direction === "asc" ? ">" : "<";
  const place =
    after &&
    `(${timeColumn}, ${idColumn}) ${comparison} (${parameters.add(after.time, "int8")}, ${parameters.add(after.id, "uuid")})`;
  const conditions = [
    pending === "only" ? "h.index_pending" : undefined,
    pending === "not there" ? `NOT (SELECT ${somePending(schema)})` : undefined,
    // By the index of the few that are pending: a row of `heads` for each session would cost more than the
    // rest. As a value, which is looked up row by row: a join would be planned for few, and they may become
    // many. IS NOT NULL, so that the planner takes it for true of nearly all.
    pending === "left out"
      ? `(SELECT nullif(count(*), 1) FROM ${schema}.heads m
          WHERE m.session_id = s.id AND m.index_pending) IS NOT NULL`
      : undefined,
    tag === undefined ? undefined : `st.tag_key = ${parameters.add(tagKey(tag), "uuid")}`,
    place,
    filterSql(rest, { parameters, schema, updatedAt }),
  ].filter((each) => each);
  const needsHead = withHeads || pending === "included" || pending === "only";
  return `
    SELECT ${METADATA_COLUMNS}, ${updatedAt} AS updated_at, ${withHeads ? HEAD_AND_CONTEXT : ""}
      ${timeColumn} AS time
    FROM ${tag === undefined ? `${schema}.sessions s` : `${schema}.session_tags st JOIN ${schema}.sessions s ON s.id = st.session_id`}
    ${needsHead ? `JOIN ${schema}.heads h ON h.session_id = s.id` : ""}
    WHERE ${conditions.join(" AND ")}
    ORDER BY ${timeColumn} ${direction}, ${idColumn} ${direction} LIMIT ${limit + 1}`;
}

function namesOf(columns: string): string[] {
  return columns.split(",").map((column) => column.trim().slice(2));
}

/** A filter costs half as much as the array itself: only those have one that may be long. */
function arraysOf(names: readonly string[]): string {
  return names
    .map((name) => `array_agg(${name})${LONG_NAMES.includes(name) ? " FILTER (WHERE is_small)" : ""}`)
    .join(", ");
}
