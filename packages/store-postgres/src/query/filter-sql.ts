import type { SessionFilter } from "@thulp-sessions/core";
import { asciiLowerCase } from "@thulp-sessions/core/store";
import { tagKey } from "../tables/rows.ts";
import { encodeText } from "../tables/text-code.ts";

/** The values of a statement, numbered as they come. */
export class Parameters {
  readonly values: unknown[] = [];

  /** What stands for the value in the text. */
  add(value: unknown, type: "uuid" | "uuid[]" | "int8" | "text" | "text[]" | "int4"): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

/** The conditions are about `sessions` as `s`; for `updatedAt` about this expression. */
export interface FilterScope {
  readonly parameters: Parameters;
  /** Quoted. */
  readonly schema: string;
  readonly updatedAt: string;
}

/** A filter as SQL: one condition that is never NULL, equal to `matchesFilter` of core. */
export function filterSql(filter: SessionFilter, scope: FilterScope): string {
  const { and, or, not, ...keys } = filter;
  const own = Object.entries(keys)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => CONDITIONS[key as Key](value as never, scope));
  const parts = [...own];
  if (and) parts.push(...and.map((each) => filterSql(each, scope)));
  if (or)
    parts.push(
      balanced(
        or.map((each) => filterSql(each, scope)),
        "OR",
        "false",
      ),
    );
  if (not) parts.push(`(NOT ${filterSql(not, scope)})`);
  return balanced(parts, "AND", "true");
}

/**
 * A tag that every match has: a page is best read from `session_tags` then, which has the times too. The rest
 * of the filter follows.
 */
export function splitTag(filter: SessionFilter): { tag: string | undefined; rest: SessionFilter } {
  const { tag, ...rest } = filter;
  return { tag, rest };
}

/** As a balanced tree: a chain of a thousand operators would be parsed a thousand levels deep. */
function balanced(conditions: readonly string[], operator: "AND" | "OR", whenNone: string): string {
  if (conditions.length <= 1) return conditions[0] ?? whenNone;
  const half = conditions.length >> 1;
  const [left, right] = [conditions.slice(0, half), conditions.slice(half)];
  return `(${balanced(left, operator, whenNone)} ${operator} ${balanced(right, operator, whenNone)})`;
}

/** As the check of the table has them. */
const TYPES = ["teacher_demo", "evaluation", "refinement", "conversation", "agent"];

type Atoms = Omit<SessionFilter, "and" | "or" | "not">;
type Key = keyof Required<Atoms>;
type Conditions = {
  readonly [K in Key]: (value: NonNullable<Atoms[K]>, scope: FilterScope) => string;
};

/** In parentheses and never NULL. */
const CONDITIONS: Conditions = {
  ids: (ids, { parameters }) => `(s.id = ANY(${parameters.add(arrayText(ids), "uuid[]")}))`,
  // In the text and no parameter, so that a prepared plan is one for this value: how many sessions have it
  // decides which index is the right one.
  status: (status) => `(s.status = '${status}')`,
  type: (type) => {
    const found = TYPES.find((each) => each === asciiLowerCase(type));
    return found === undefined ? "false" : `(s.type = '${found}')`;
  },
  tag: (tag, scope) => hasTag(scope, `t.tag_key = ${scope.parameters.add(tagKey(tag), "uuid")}`),
  tagPrefix: (prefix, scope) =>
    hasTag(scope, `starts_with(t.tag, ${scope.parameters.add(encodeText(prefix), "text")})`),
  skillName: (name, { parameters }) => isHashed("s.skill_name", parameters.add(encodeText(name), "text")),
  agentName: (name, { parameters }) => isHashed("s.agent_name", parameters.add(encodeText(name), "text")),
  model: (model, { parameters }) => isField("s.model", parameters.add(encodeText(model), "text")),
  task: (task, { parameters }) => isField("s.task", parameters.add(encodeText(task), "text")),
  createdAfter: (time, { parameters }) => `(s.created_at > ${parameters.add(bound(time), "int8")})`,
  createdBefore: (time, { parameters }) => `(s.created_at < ${parameters.add(bound(time), "int8")})`,
  updatedAfter: (time, { parameters, updatedAt }) =>
    `(${updatedAt} > ${parameters.add(bound(time), "int8")})`,
  updatedBefore: (time, { parameters, updatedAt }) =>
    `(${updatedAt} < ${parameters.add(bound(time), "int8")})`,
  nameContains: (part, { parameters }) =>
    `(position(${parameters.add(encodeText(part.toLowerCase()), "text")} in s.name_lower) > 0)`,
  parent: (parent, { parameters }) => isField("s.parent_session", parameters.add(parent, "uuid")),
  hasParent: (hasParent) => `(s.parent_session IS ${hasParent ? "NOT " : ""}NULL)`,
};

function hasTag({ schema }: FilterScope, condition: string): string {
  return `(EXISTS (SELECT 1 FROM ${schema}.session_tags t WHERE t.session_id = s.id AND ${condition}))`;
}

function isField(column: string, value: string): string {
  return `(${column} IS NOT NULL AND ${column} = ${value})`;
}

/** The index has the hash. */
function isHashed(column: string, value: string): string {
  const sameHash = `hashtextextended(${column}, 0) = hashtextextended(${value}, 0)`;
  return `(${column} IS NOT NULL AND ${sameHash} AND ${column} = ${value})`;
}

/** Every time is from 0 to 2^53 - 1; what lies beyond is no int8, maybe. */
function bound(time: number): number {
  return Math.min(Math.max(time, -1), 2 ** 53);
}

/** UUIDs need no quotes. */
function arrayText(ids: readonly string[]): string {
  return `{${ids.join(",")}}`;
}
