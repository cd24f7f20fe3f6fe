import type { ListRequest, Rows, SessionError, SessionFilter, SessionMetadata } from "@thulp-sessions/core";
import { isSessionError } from "@thulp-sessions/core";
import { and, asc, count, desc, eq, type SQL, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { compileFilter } from "./filter-sql.ts";
import { type MetadataRow, metadataColumns, metadataOf } from "./rows.ts";
import { sessions, sessionTags } from "./schema.ts";

/** Pages of sessions. The statements depend on the filter and are made anew for each page. */
export class SessionList {
  readonly #database: Database;
  readonly #onDamaged: (error: SessionError) => void;

  /** @param onDamaged is told of every session that is left out. */
  constructor(database: Database, onDamaged: (error: SessionError) => void) {
    this.#database = database;
    this.#onDamaged = onDamaged;
  }

  page(request: ListRequest): Rows<SessionMetadata> {
    const { limit, orderBy } = request;
    const items: SessionMetadata[] = [];
    for (let { after } = request; ; ) {
      // One more, to know whether there are more.
      const rows = pageQuery(this.#database, { ...request, after, limit: limit + 1 }).all();
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata && items.push(metadata) > limit) return { items: items.slice(0, limit), hasMore: true };
      }
      const last = rows.at(-1);
      if (!last || rows.length <= limit) return { items, hasMore: false };
      after = { time: last[orderBy], id: last.id as SessionMetadata["id"] };
    }
  }

  count(filter: SessionFilter): number {
    const { orm } = this.#database;
    const { conditions, tag } = compileFilter(filter);
    const query =
      tag === undefined
        ? orm
            .select({ sessions: count() })
            .from(sessions)
            .where(and(...conditions))
        : orm
            .select({ sessions: count() })
            .from(sessionTags)
            .crossJoin(sessions)
            .where(and(eq(sessionTags.tag, tag), eq(sessions.key, sessionTags.sessionKey), ...conditions));
    return query.get()?.sessions ?? 0;
  }

  #readable(row: MetadataRow): SessionMetadata | undefined {
    try {
      return metadataOf(row, this.#database.file);
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }
}

/** The rows of a page in their order. */
export function pageQuery({ orm }: Pick<Database, "orm">, request: ListRequest) {
  const { filter, orderBy, direction, limit, after } = request;
  const { conditions, tag } = compileFilter(filter);
  const [time, id] =
    tag === undefined ? [sessions[orderBy], sessions.id] : [sessionTags[orderBy], sessionTags.sessionId];
  const order = direction === "asc" ? asc : desc;
  const where: SQL[] = [...conditions];
  if (after) {
    const comparison = direction === "asc" ? sql`>` : sql`<`;
    where.push(sql`(${time}, ${id}) ${comparison} (${after.time}, ${after.id})`);
  }
  if (tag === undefined) {
    return orm
      .select(metadataColumns)
      .from(sessions)
      .where(and(...where))
      .orderBy(order(time), order(id))
      .limit(limit);
  }
  // A cross join keeps its order in SQLite: first the index of the tag, then the session.
  return orm
    .select(metadataColumns)
    .from(sessionTags)
    .crossJoin(sessions)
    .where(and(eq(sessionTags.tag, tag), eq(sessions.key, sessionTags.sessionKey), ...where))
    .orderBy(order(time), order(id))
    .limit(limit);
}
