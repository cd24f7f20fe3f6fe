import type { CountedField, SessionFilter } from "@thulp-sessions/core";
import { dayOf, LAST_DATE_MS } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { decodeText, encodeText } from "../tables/text-code.ts";
import { filterSql, Parameters } from "./filter-sql.ts";

const MS_PER_DAY = 86_400_000;

const VALUES = {
  status: "s.status",
  type: "s.type",
  tag: "counted.tag",
  skillName: "s.skill_name",
  agentName: "s.agent_name",
  model: "s.model",
  createdDay: firstOfDay("s.created_at"),
  updatedDay: firstOfDay("h.updated_at"),
} as const;

/** When the day of a time began; one time for all that `Date` cannot hold. */
function firstOfDay(time: string): string {
  const first = `${time} / ${MS_PER_DAY} * ${MS_PER_DAY}`;
  return `CASE WHEN ${time} > ${LAST_DATE_MS} THEN ${LAST_DATE_MS + 1} ELSE ${first} END`;
}

/** How many sessions there are, and how many of each value. */
export class SessionCounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async all(filter: SessionFilter): Promise<number> {
    const { rows } = await this.#select("count(*)", "", filter, () => []);
    return rows[0]?.[0] ?? 0;
  }

  /** @param prefix only tags that begin with it; empty for all. */
  async values(filter: SessionFilter, by: CountedField, prefix: string): Promise<Map<string, number>> {
    const value = VALUES[by];
    const { schema } = this.#database;
    const tags = by === "tag" ? `JOIN ${schema}.session_tags counted ON counted.session_id = s.id` : "";
    const { rows } = await this.#select(
      `${value} AS value, count(*)`,
      tags,
      filter,
      (parameters) => [
        `${value} IS NOT NULL`,
        ...(prefix === "" ? [] : [`starts_with(counted.tag, ${parameters.add(encodeText(prefix), "text")})`]),
      ],
      "GROUP BY value",
    );
    const isDay = by === "createdDay" || by === "updatedDay";
    const counts = new Map<string, number>();
    for (const [found, count] of rows) {
      const name = isDay ? dayOf(Number(found)) : decodeText(found);
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
    return counts;
  }

  #select(
    columns: string,
    join: string,
    filter: SessionFilter,
    more: (parameters: Parameters) => string[],
    end = "",
  ) {
    const { schema } = this.#database;
    const parameters = new Parameters();
    const conditions = [
      filterSql(filter, { parameters, schema, updatedAt: "h.updated_at" }),
      ...more(parameters),
    ];
    const where = conditions.join(" AND ");
    // The heads are read only where a time of them is asked for.
    const heads =
      where.includes("h.updated_at") || columns.includes("h.updated_at")
        ? `JOIN ${schema}.heads h ON h.session_id = s.id`
        : "";
    const text = `SELECT ${columns} FROM ${schema}.sessions s ${heads} ${join} WHERE ${where} ${end}`;
    return this.#database.run({ text, values: parameters.values });
  }
}
