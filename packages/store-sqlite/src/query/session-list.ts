import type { SessionError, SessionFilter, SessionMetadata } from "@thulp-sessions/core";
import { isSessionError } from "@thulp-sessions/core";
import type { ListRequest, Rows } from "@thulp-sessions/core/store";
import { and, asc, count, desc, eq, type SQL, sql } from "drizzle-orm";
import type { Database } from "../connection/database.ts";
import { StatementCache } from "../connection/statement-cache.ts";
import { type MetadataRow, metadataColumns, metadataOf } from "../tables/rows.ts";
import { sessions, sessionTags } from "../tables/schema.ts";
import { closedConditionsOf, compileFilter } from "./filter-sql.ts";
import { type FilterTemplate, type SplitFilter, splitFilter } from "./filter-template.ts";

/**
 * Which sessions a statement reads: those that stand in the indices by `updatedAt`, the few that move (schema.ts), or, by
 * `createdAt`, all.
 */
type Part = "settled" | "moving" | "all";

/** Pages of sessions. */
export class SessionList {
  readonly #database: Database;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #pages = new StatementCache<ReturnType<typeof preparePage>>();
  readonly #counts = new StatementCache<ReturnType<typeof prepareCount>>();

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

  count(filter: SessionFilter): number {
    const { template, shape, values } = splitFilter(filter);
    const statement = this.#counts.get(shape, () => prepareCount(this.#database, template));
    return statement.get(values)?.sessions ?? 0;
  }

  /** Up to `limit` rows in the order of the page, from both its parts where it has two. */
  rows(request: ListRequest): MetadataRow[] {
    const { orderBy, direction, limit } = request;
    const split = splitFilter(request.filter);
    if (orderBy === "createdAt") return this.#part(request, split, "all");
    const moving = this.#part(request, split, "moving");
    const settled = this.#part(request, split, "settled");
    if (moving.length === 0) return settled;
    const sign = direction === "asc" ? 1 : -1;
    const byPlace = (a: MetadataRow, b: MetadataRow) =>
      sign * (a.updatedAt - b.updatedAt || (a.id < b.id ? -1 : 1));
    return [...settled, ...moving].sort(byPlace).slice(0, limit);
  }

  #part(
    { after, limit, orderBy, direction }: ListRequest,
    { template, shape, values }: SplitFilter,
    part: Part,
  ): MetadataRow[] {
    const key = `${part} ${orderBy} ${direction} ${after !== null} ${shape}`;
    const statement = this.#pages.get(key, () =>
      preparePage(this.#database, { orderBy, direction, template, part, continued: after !== null }),
    );
    return statement.all({ ...values, limit, time: after?.time, id: after?.id });
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

interface PageShape extends Pick<ListRequest, "orderBy" | "direction"> {
  readonly template: FilterTemplate;
  readonly part: Part;
  /** Only what comes after a place. */
  readonly continued: boolean;
}

function preparePage(database: Pick<Database, "orm">, shape: PageShape) {
  return pageQuery(database, shape).prepare();
}

/** The rows of a page in their order. Placeholders beside those of the filter: `limit`, and `time` and `id` of the place. */
export function pageQuery({ orm }: Pick<Database, "orm">, shape: PageShape) {
  const { template, part, orderBy, direction, continued } = shape;
  const { conditions, tag } =
    part === "moving"
      ? { conditions: closedConditionsOf(template), tag: undefined }
      : compileFilter(template);
  const [time, id] =
    tag === undefined ? [sessions[orderBy], sessions.id] : [sessionTags[orderBy], sessionTags.sessionId];
  const order = direction === "asc" ? asc : desc;
  const where: SQL[] = [...conditions];
  // As a constant: only so SQLite takes an index of such rows.
  if (part !== "all")
    where.push(part === "moving" ? sql`${sessions.moving} = 1` : sql`${sessions.moving} = 0`);
  if (continued) {
    const comparison = direction === "asc" ? sql`>` : sql`<`;
    where.push(sql`(${time}, ${id}) ${comparison} (${sql.placeholder("time")}, ${sql.placeholder("id")})`);
  }
  if (tag === undefined) {
    return orm
      .select(metadataColumns)
      .from(sessions)
      .where(and(...where))
      .orderBy(order(time), order(id))
      .limit(sql.placeholder("limit"));
  }
  // A cross join keeps its order in SQLite: first the index of the tag, then the session.
  return orm
    .select(metadataColumns)
    .from(sessionTags)
    .crossJoin(sessions)
    .where(and(eq(sessionTags.tag, tag), eq(sessions.key, sessionTags.sessionKey), ...where))
    .orderBy(order(time), order(id))
    .limit(sql.placeholder("limit"));
}

function prepareCount({ orm }: Pick<Database, "orm">, template: FilterTemplate) {
  const { conditions, tag } = compileFilter(template);
  const query = orm.select({ sessions: count() });
  return tag === undefined
    ? query
        .from(sessions)
        .where(and(...conditions))
        .prepare()
    : query
        .from(sessionTags)
        .crossJoin(sessions)
        .where(and(eq(sessionTags.tag, tag), eq(sessions.key, sessionTags.sessionKey), ...conditions))
        .prepare();
}
