import { type ListRequest, MAX_PAGE_BYTES } from "@thulp-sessions/core/store";
import type { Statement } from "../connection/connection.ts";
import { HEAD_COLUMNS, METADATA_COLUMNS, tagKey } from "../tables/rows.ts";
import { filterSql, Parameters, splitTag } from "./filter-sql.ts";

/** Of a head with nothing in it, as JSON. */
const HEAD_BYTES = 400;
/** A statement longer than that has a filter that is hardly asked for again. */
const MAX_HOT_LENGTH = 8_000;

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

/**
 * The same by `updatedAt` for what is the rule: no session is pending, and the page is not too large. There
 * is one column before the others: whether it is so; where it is not, nothing else is in the one row that is
 * answered. It costs half of the other one, most of which is sums.
 */
export function settledPageStatement(request: ListRequest, withHeads: boolean, schema: string): Statement {
  const parameters = new Parameters();
  const part = partOf(request, {
    ...{ time: "listed_at", updatedAt: "s.listed_at", pending: "not there" },
    ...{ withHeads, schema, parameters },
  });
  const text = `
    WITH p AS MATERIALIZED (${part}), settled AS MATERIALIZED (
      SELECT NOT ${somePending(schema)} AND coalesce(sum(${sizeOf(withHeads)}), 0) <= ${MAX_PAGE_BYTES} AS yes FROM p
    )
    SELECT settled.yes, 0, p.time, p.updated_at, ${withHeads ? "p.context" : "NULL"}, ${columnsOf(withHeads)}
    FROM settled LEFT JOIN p ON settled.yes
    ORDER BY p.time ${request.direction}, p.id ${request.direction}`;
  return statementOf(text, parameters);
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
    SELECT total, time, updated_at, ${withHeads ? "context" : "NULL"}, ${columnsOf(withHeads)} FROM (
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

function columnsOf(withHeads: boolean): string {
  const names = namesOf(METADATA_COLUMNS);
  if (withHeads) names.push(...namesOf(HEAD_COLUMNS).map((name) => `head_${name}`));
  return names.join(", ");
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
  const head = HEAD_COLUMNS.split(",").map((column) => `${column} AS head_${column.trim().slice(2)}`);
  const needsHead = withHeads || pending === "included" || pending === "only";
  return `
    SELECT ${METADATA_COLUMNS}, ${updatedAt} AS updated_at, ${withHeads ? `${head.join(", ")}, s.context, ` : ""}
      ${timeColumn} AS time
    FROM ${tag === undefined ? `${schema}.sessions s` : `${schema}.session_tags st JOIN ${schema}.sessions s ON s.id = st.session_id`}
    ${needsHead ? `JOIN ${schema}.heads h ON h.session_id = s.id` : ""}
    WHERE ${conditions.join(" AND ")}
    ORDER BY ${timeColumn} ${direction}, ${idColumn} ${direction} LIMIT ${limit + 1}`;
}

function namesOf(columns: string): string[] {
  return columns.split(",").map((column) => column.trim().slice(2));
}
