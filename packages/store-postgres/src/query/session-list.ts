import {
  isSessionError,
  type ListedHead,
  type SessionError,
  type SessionMetadata,
} from "@thulp-sessions/core";
import {
  damagedSession,
  type HeadRows,
  headOf,
  type ListPlace,
  type ListRequest,
  MAX_PAGE_BYTES,
  type Rows,
} from "@thulp-sessions/core/store";
import type { Statement } from "../connection/connection.ts";
import type { Database } from "../connection/database.ts";
import {
  contextOf,
  HEAD_COLUMNS,
  HEAD_WIDTH,
  headStateOf,
  METADATA_COLUMNS,
  METADATA_WIDTH,
  metadataOf,
  tagKey,
  versionOf,
} from "../tables/rows.ts";
import { filterSql, Parameters, splitTag } from "./filter-sql.ts";

/** A row of a page that may be more than what fits it. */
interface ListedRow {
  readonly place: ListPlace;
  readonly metadata: readonly unknown[];
  readonly head: readonly unknown[];
  /** `null` where contexts were not asked for. */
  readonly context: string | null;
}

/** Pages of sessions. */
export class SessionList {
  readonly #database: Database;
  readonly #onDamaged: (error: SessionError) => void;

  /** @param onDamaged called for every session that a page leaves out. */
  constructor(database: Database, onDamaged: (error: SessionError) => void) {
    this.#database = database;
    this.#onDamaged = onDamaged;
  }

  async page(request: ListRequest): Promise<Rows<SessionMetadata>> {
    const items: SessionMetadata[] = [];
    for (let { after } = request; ; ) {
      const { rows, hasMore } = await this.#rows({ ...request, after }, false);
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata) items.push(metadata);
      }
      after = rows.at(-1)?.place ?? after;
      // Where all of them are damaged, the next ones are looked for.
      if (items.length > 0 || !hasMore) return { items, hasMore };
    }
  }

  /** The same with heads. */
  async headPage(request: ListRequest): Promise<HeadRows> {
    const items: ListedHead[] = [];
    for (let { after: last } = request; ; ) {
      const { rows, hasMore } = await this.#rows({ ...request, after: last }, true);
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata) items.push(listedHead(row, metadata));
        last = row.place;
      }
      if (items.length > 0 || !hasMore) return { items, last, hasMore };
    }
  }

  async #rows(request: ListRequest, withContexts: boolean) {
    const { rows } = await this.#database.run(pageStatement(request, withContexts, this.#database.schema));
    const found = rows.map((row): ListedRow => {
      const [, , time, context, ...columns] = row;
      const metadata = columns.slice(0, METADATA_WIDTH);
      const head = columns.slice(METADATA_WIDTH, METADATA_WIDTH + HEAD_WIDTH);
      return { place: { time, id: metadata[0] }, metadata, head, context };
    });
    const count = (rows[0]?.[0] as number | undefined) ?? 0;
    const fitting = found.slice(0, request.limit);
    return { rows: fitting, hasMore: count > fitting.length };
  }

  #readable({ metadata, head }: ListedRow): SessionMetadata | undefined {
    try {
      return metadataOf(metadata, headStateOf(head).updatedAt);
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }
}

function listedHead({ head, context }: ListedRow, metadata: SessionMetadata): ListedHead {
  try {
    const state = headStateOf(head);
    const { counts, epoch } = state;
    return headOf(metadata, contextOf(context ?? "", metadata.id), counts, {
      version: versionOf(state),
      epoch,
    });
  } catch (error) {
    return damagedSession(metadata, error);
  }
}

/** Of a head with nothing in it, as JSON. */
const HEAD_BYTES = 400;

/**
 * One more than a page, to know whether there are more; but not those that would make it too large. Columns:
 * how many were found, their sum of bytes, the time, the context, those of the metadata, and of the head.
 *
 * By `updatedAt` there are two parts, since the indices by time have the sessions as the last maintenance has
 * left them: those that have not changed since, in the order of an index, and those that have.
 */
export function pageStatement(request: ListRequest, withContexts: boolean, schema: string): Statement {
  const { orderBy, direction, limit } = request;
  const parameters = new Parameters();
  const parts =
    orderBy === "createdAt"
      ? [partOf(request, { time: "created_at", updatedAt: "h.updated_at", schema, parameters })]
      : [
          partOf(request, {
            time: "listed_at",
            updatedAt: "s.listed_at",
            condition: "NOT h.index_pending",
            schema,
            parameters,
          }),
          partOf(request, {
            time: undefined,
            updatedAt: "h.updated_at",
            condition: "h.index_pending",
            schema,
            parameters,
          }),
        ];
  const context = withContexts ? "p.context" : "NULL";
  const size = `${HEAD_BYTES} + octet_length(p.name) + octet_length(p.type_fields) + octet_length(p.tags)
    ${withContexts ? "+ octet_length(p.context)" : ""}`;
  const names = [...namesOf(METADATA_COLUMNS), ...namesOf(HEAD_COLUMNS).map((name) => `head_${name}`)];
  const text = `
    SELECT found, total, time, context, ${names.join(", ")} FROM (
      SELECT count(*) OVER () AS found, sum(${size}) OVER (ORDER BY p.time ${direction}, p.id ${direction}) AS total,
        row_number() OVER (ORDER BY p.time ${direction}, p.id ${direction}) AS place, p.time, ${context} AS context,
        ${names.map((name) => `p.${name}`).join(", ")}
      FROM (
        SELECT * FROM (${parts.map((part) => `(${part})`).join(" UNION ALL ")}) AS both_parts
        ORDER BY time ${direction}, id ${direction} LIMIT ${limit + 1}
      ) AS p
    ) AS page
    WHERE total <= ${MAX_PAGE_BYTES} OR place = 1
    ORDER BY place`;
  return { text, values: parameters.values };
}

interface PartOptions {
  /** The column of `sessions` and `session_tags` that an index has; undefined: that of the head is sorted. */
  readonly time: "created_at" | "listed_at" | undefined;
  readonly updatedAt: string;
  readonly condition?: string;
  readonly schema: string;
  readonly parameters: Parameters;
}

function partOf(
  request: ListRequest,
  { time, updatedAt, condition, schema, parameters }: PartOptions,
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
    condition,
    tag === undefined ? undefined : `st.tag_key = ${parameters.add(tagKey(tag), "uuid")}`,
    place,
    filterSql(rest, { parameters, schema, updatedAt }),
  ].filter((each) => each);
  const head = HEAD_COLUMNS.split(",").map((column) => `${column} AS head_${column.trim().slice(2)}`);
  return `
    SELECT ${METADATA_COLUMNS}, ${head.join(", ")}, s.context, ${timeColumn} AS time
    FROM ${tag === undefined ? `${schema}.sessions s` : `${schema}.session_tags st JOIN ${schema}.sessions s ON s.id = st.session_id`}
    JOIN ${schema}.heads h ON h.session_id = s.id
    WHERE ${conditions.join(" AND ")}
    ORDER BY ${timeColumn} ${direction}, ${idColumn} ${direction} LIMIT ${limit + 1}`;
}

function namesOf(columns: string): string[] {
  return columns.split(",").map((column) => column.trim().slice(2));
}
