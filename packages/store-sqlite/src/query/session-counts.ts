import type { CountedField, SessionFilter } from "@thulp-sessions/core";
import { dayOf, LAST_DATE_MS } from "@thulp-sessions/core/store";
import { sql } from "drizzle-orm";
import type { Database } from "../connection/database.ts";
import type { Statement } from "../connection/driver.ts";
import { LruCache } from "../connection/lru-cache.ts";
import { beginsWith, compileFilter, type FilterSql, textOf } from "./filter-sql.ts";
import { source, whereAll } from "./session-list.ts";

type Parameters = [Record<string, unknown>];

/** How many sessions there are, and how many of each value. */
export class SessionCounts {
  readonly #client: Database["client"];
  readonly #all = new LruCache<Statement<Parameters, number>>();
  readonly #values = new LruCache<Statement<Parameters, [value: string | number, count: number]>>();

  constructor({ client }: Database) {
    this.#client = client;
  }

  all(filter: SessionFilter): number {
    const { values, tag, conditions } = compileFilter(filter);
    const sql = `SELECT count(*) FROM ${source(tag)} ${whereAll(conditions)}`;
    const statement = this.#all.get(sql, () => this.#client.prepare<Parameters, number>(sql).pluck());
    return statement.get(values) ?? 0;
  }

  /** @param prefix only tags that begin with it; empty for all. */
  values(filter: SessionFilter, by: CountedField, prefix: string): Map<string, number> {
    const { values, ...compiled } = compileFilter(filter);
    const sql = by === "tag" ? tagsQuery(compiled, prefix !== "") : valuesQuery(compiled, by);
    const rows = this.#values
      .get(sql, () => this.#client.prepare<Parameters, [string | number, number]>(sql).raw())
      .all({ ...values, prefix });
    if (by !== "createdDay" && by !== "updatedDay") return new Map(rows as [string, number][]);
    const days = new Map<string, number>();
    for (const [day, count] of rows) {
      const name = dayOf(Number(day));
      days.set(name, (days.get(name) ?? 0) + count);
    }
    return days;
  }
}

const MS_PER_DAY = 86_400_000;

const VALUES = {
  status: "sessions.status",
  type: "sessions.type",
  skillName: "sessions.skill_name",
  agentName: "sessions.agent_name",
  model: "sessions.model",
  createdDay: firstOfDay("sessions.created_at"),
  updatedDay: firstOfDay("sessions.updated_at"),
} as const;

/** When the day of a time began; one time for all that `Date` cannot hold. */
function firstOfDay(time: string): string {
  return `iif(${time} > ${LAST_DATE_MS}, ${LAST_DATE_MS + 1}, ${time} / ${MS_PER_DAY} * ${MS_PER_DAY})`;
}

function valuesQuery({ conditions, tag }: FilterSql, by: Exclude<CountedField, "tag">): string {
  const value = VALUES[by];
  return `
    SELECT ${value} AS value, count(*)
    FROM ${source(tag)}
    ${whereAll([...conditions, `${value} IS NOT NULL`])}
    GROUP BY value`;
}

/** Without a filter only an index of the tags is read. */
function tagsQuery({ all }: FilterSql, hasPrefix: boolean): string {
  const range = hasPrefix ? textOf(beginsWith(sql.raw("counted.tag"), sql.raw("@prefix"))) : undefined;
  return `
    SELECT counted.tag, count(*)
    FROM session_tags AS counted ${all.length === 0 ? "" : "JOIN sessions ON counted.session_key = sessions.key"}
    ${whereAll([range, ...all])}
    GROUP BY counted.tag`;
}
