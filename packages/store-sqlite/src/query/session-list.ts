import type { SessionError, SessionMetadata } from "@thulp-sessions/core";
import { isSessionError } from "@thulp-sessions/core";
import type { ListRequest, Rows } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { LruCache } from "../connection/lru-cache.ts";
import { type ListPart, PART_CONDITION, readInOrder } from "../tables/deferred-time-index.ts";
import { METADATA_COLUMNS, type MetadataRow, metadataOf } from "../tables/rows.ts";
import { compileFilter, type FilterSql } from "./filter-sql.ts";

type Parameters = [Record<string, unknown>];

/** Pages of sessions. */
export class SessionList {
  readonly #client: Database["client"];
  readonly #file: string;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #pages = new LruCache<Statement<Parameters, MetadataRow>>();

  /** @param onDamaged called for every session that a page leaves out. */
  constructor({ client, file }: Database, onDamaged: (error: SessionError) => void) {
    this.#client = client;
    this.#file = file;
    this.#onDamaged = onDamaged;
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

  /** Up to `limit` rows in the order of the page. */
  rows(request: ListRequest): MetadataRow[] {
    const { after, limit, orderBy, direction } = request;
    const { values, ...filter } = compileFilter(request.filter);
    return readInOrder(request, (part) => {
      const sql = pageQuery({ filter, part, orderBy, direction, continued: after !== null });
      const statement = this.#pages.get(sql, () => this.#client.prepare<Parameters, MetadataRow>(sql));
      return statement.all({ ...values, limit, time: after?.time, id: after?.id });
    });
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

interface PageShape extends Pick<ListRequest, "orderBy" | "direction"> {
  readonly filter: FilterSql;
  readonly part: ListPart;
  /** Only what comes after a place. */
  readonly continued: boolean;
}

/** The rows of a page. Parameters beside those of the filter: `limit`, and `time` and `id` of the place. */
export function pageQuery({ filter, part, orderBy, direction, continued }: PageShape): string {
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
    SELECT ${METADATA_COLUMNS}
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
