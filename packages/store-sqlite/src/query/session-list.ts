import type { ListedHead, SessionError, SessionMetadata } from "@thulp-sessions/core";
import { isSessionError } from "@thulp-sessions/core";
import {
  damagedSession,
  type HeadRows,
  type ListRequest,
  MAX_PAGE_BYTES,
  type Rows,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { LruCache } from "../connection/lru-cache.ts";
import { type ListPart, PART_CONDITION, readInOrder } from "../tables/deferred-time-index.ts";
import {
  contextOf,
  countsOf,
  headOf,
  METADATA_COLUMNS,
  type MetadataRow,
  metadataOf,
  SESSION_COLUMNS,
  type SessionRow,
} from "../tables/rows.ts";
import { compileFilter, type FilterSql } from "./filter-sql.ts";

type Parameters = [Record<string, unknown>];

/** Pages of sessions. */
export class SessionList {
  readonly #client: Database["client"];
  readonly #file: string;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #pages = new LruCache<Statement<Parameters, MetadataRow>>();
  readonly #context;

  /** @param onDamaged called for every session that a page leaves out. */
  constructor({ client, file }: Database, onDamaged: (error: SessionError) => void) {
    this.#client = client;
    this.#file = file;
    this.#onDamaged = onDamaged;
    this.#context = client
      .prepare<[number], string>("SELECT context FROM contexts WHERE session_key = ?")
      .pluck();
  }

  page(request: ListRequest): Rows<SessionMetadata> {
    const { limit, orderBy } = request;
    const items: SessionMetadata[] = [];
    for (let { after } = request; ; ) {
      // One more, to know whether there are more.
      const rows = this.rows({ ...request, after, limit: limit + 1 });
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata && items.push(metadata) > limit) return { items: items.slice(0, limit), hasMore: true };
      }
      const last = rows.at(-1);
      if (!last || rows.length <= limit) return { items, hasMore: false };
      after = { time: last[orderBy], id: last.id as SessionMetadata["id"] };
    }
  }

  /** The same with heads. Contexts are read one after the other, so that a page of large ones ends early. */
  headPage(request: ListRequest): HeadRows {
    const { limit, orderBy } = request;
    const items: ListedHead[] = [];
    let length = 0;
    for (let { after: last } = request; ; ) {
      const rows = this.#rows<SessionRow>({ ...request, after: last, limit: limit + 1 }, SESSION_COLUMNS);
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata) {
          const context = this.#context.get(row.key) ?? null;
          length += lengthOf(row, context);
          if (items.length === limit || (length > MAX_PAGE_BYTES && items.length > 0))
            return { items, last, hasMore: true };
          items.push(this.#listedHead(row, metadata, context));
        }
        last = { time: row[orderBy], id: row.id as SessionMetadata["id"] };
      }
      if (rows.length <= limit) return { items, last, hasMore: false };
    }
  }

  /** Up to `limit` rows in the order of the page. */
  rows(request: ListRequest): MetadataRow[] {
    return this.#rows(request, METADATA_COLUMNS);
  }

  #rows<R extends MetadataRow>(request: ListRequest, columns: string): R[] {
    const { after, limit, orderBy, direction } = request;
    const { values, ...filter } = compileFilter(request.filter);
    return readInOrder(request, (part) => {
      const sql = pageQuery({ columns, filter, part, orderBy, direction, continued: after !== null });
      const statement = this.#pages.get(sql, () => this.#client.prepare<Parameters, MetadataRow>(sql));
      return statement.all({ ...values, limit, time: after?.time, id: after?.id }) as R[];
    });
  }

  #listedHead(row: SessionRow, metadata: SessionMetadata, context: string | null): ListedHead {
    try {
      return headOf(metadata, contextOf(context, this.#file, row.id), countsOf(row), row);
    } catch (error) {
      return damagedSession(metadata, error);
    }
  }

  #readable(row: MetadataRow): SessionMetadata | undefined {
    try {
      return metadataOf(row, this.#file);
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }
}

/** The head as JSON is about as long. */
function lengthOf({ name, typeFields, tags }: SessionRow, context: string | null): number {
  return HEAD_LENGTH + name.length + typeFields.length + tags.length + (context?.length ?? 0);
}

/** Of a head with nothing in it. */
const HEAD_LENGTH = 400;

interface PageShape extends Pick<ListRequest, "orderBy" | "direction"> {
  /** In SELECT. */
  readonly columns: string;
  readonly filter: FilterSql;
  readonly part: ListPart;
  /** Only what comes after a place. */
  readonly continued: boolean;
}

/** The rows of a page. Parameters beside those of the filter: `limit`, and `time` and `id` of the place. */
export function pageQuery({ columns, filter, part, orderBy, direction, continued }: PageShape): string {
  const { conditions, tag } = part === "pending" ? { conditions: filter.hidden, tag: undefined } : filter;
  const column = orderBy === "updatedAt" ? "updated_at" : "created_at";
  const [time, id] =
    tag === undefined
      ? [`sessions.${column}`, "sessions.id"]
      : [`session_tags.${column}`, "session_tags.session_id"];
  const where = [
    PART_CONDITION[part],
    continued ? `(${time}, ${id}) ${direction === "asc" ? ">" : "<"} (@time, @id)` : undefined,
    ...conditions,
  ];
  return `
    SELECT ${columns}
    FROM ${source(tag)}
    ${whereAll(where)}
    ORDER BY ${time} ${direction}, ${id} ${direction}
    LIMIT @limit`;
}

/** SQLite keeps the order of a cross join: first the index of the tag, then the session. */
export function source(tag: FilterSql["tag"]): string {
  if (tag === undefined) return "sessions";
  return `session_tags CROSS JOIN sessions ON session_tags.tag = ${tag} AND session_key = sessions.key`;
}

export function whereAll(conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? "" : `WHERE ${given.join(" AND ")}`;
}
