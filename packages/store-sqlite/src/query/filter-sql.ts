import type { SessionFilter } from "@thulp-sessions/core";
import { type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { LruCache } from "../connection/lru-cache.ts";
import { sessions, sessionTags } from "../tables/schema.ts";
import { type FilterTemplate, type ParameterValues, splitFilter } from "./filter-template.ts";

/** A filter as SQL over `sessions`. */
export interface FilterSql {
  /** Conditions for a WHERE, all of which have to hold. */
  readonly conditions: readonly string[];
  /**
   * Another one: the parameter of a tag that every match has. A page is best read from `session_tags` then.
   */
  readonly tag: string | undefined;
  /** The conditions, that for the tag included. */
  readonly all: readonly string[];
  /** The same, hidden from the planner as a whole: for few rows that are found otherwise. */
  readonly hidden: readonly string[];
}

const dialect = new SQLiteSyncDialect();
const compiled = new LruCache<FilterSql>();

/**
 * Compiles a filter, equal to `matchesFilter` of core; filters that differ only in their values share the
 * SQL.
 */
export function compileFilter(filter: SessionFilter): FilterSql & { readonly values: ParameterValues } {
  const { template, values } = splitFilter(filter);
  return { ...compiled.get(JSON.stringify(template), () => compileTemplate(template)), values };
}

/**
 * The planner may use an index for what has to hold for every match, one condition for each key. The rest is
 * hidden from it by a unary `+`: it would weigh every part of that.
 */
function compileTemplate(template: FilterTemplate): FilterSql {
  const indexable = new Map<string, SQL>();
  const rest: SQL[] = [];
  let tag: string | undefined;
  const collect = ({ and, or, not, ...keys }: FilterTemplate): void => {
    for (const [key, condition] of atoms(keys)) {
      if (key === "tag" && tag === undefined) tag = keys.tag;
      else if (key === "tag" || indexable.has(key)) rest.push(condition);
      // `=` instead of IS: only so SQLite knows that the partial index has every match.
      else indexable.set(key, equality(key, keys) ?? condition);
    }
    if (or) rest.push(any(or));
    if (not) rest.push(sql`NOT ${compile(not)}`);
    for (const part of and ?? []) collect(part);
  };
  collect(template);
  const conditions = [...indexable.values(), ...hidden(rest)];
  const all = tag === undefined ? conditions : [...conditions, hasTag(sql.raw(tag))];
  return { conditions: conditions.map(textOf), tag, all: all.map(textOf), hidden: hidden(all).map(textOf) };
}

function hidden(conditions: readonly SQL[]): SQL[] {
  return conditions.length === 0 ? [] : [sql`+(${every(conditions)})`];
}

/** One expression, in parentheses where it needs them, that is never NULL. */
function compile({ and, or, not, ...keys }: FilterTemplate): SQL {
  const own = every(atoms(keys).map(([, condition]) => condition));
  const nested: SQL[] = [];
  if (and) nested.push(every(and.map(compile)));
  if (or) nested.push(any(or));
  if (not) nested.push(sql`NOT ${compile(not)}`);
  // Beside `own` and not within its tree: SQLite limits the depth of an expression.
  return nested.length === 0 ? own : nested.reduce((left, right) => sql`(${left} AND ${right})`, own);
}

function any(filters: readonly FilterTemplate[]): SQL {
  return balanced(filters.map(compile), sql` OR `, sql`0`);
}

function every(conditions: readonly SQL[]): SQL {
  return balanced(conditions, sql` AND `, sql`1`);
}

/**
 * As a balanced tree: SQLite parses a chain of a thousand operators as an expression a thousand levels deep.
 */
function balanced(conditions: readonly SQL[], operator: SQL, whenNone: SQL): SQL {
  const [first] = conditions;
  if (first === undefined) return whenNone;
  if (conditions.length === 1) return first;
  const half = conditions.length >> 1;
  const [left, right] = [conditions.slice(0, half), conditions.slice(half)];
  return sql`(${balanced(left, operator, whenNone)}${operator}${balanced(right, operator, whenNone)})`;
}

type Atoms = Omit<FilterTemplate, "and" | "or" | "not">;

/** The condition of each key, in parentheses and never NULL. */
const CONDITIONS: { readonly [K in keyof Required<Atoms>]: (value: SQL, raw: Atoms[K]) => SQL } = {
  ids: (value) => sql`(${sessions.id} IN (SELECT value FROM json_each(${value})))`,
  status: (value) => sql`(${sessions.status} = ${value})`,
  type: (value) => sql`(${sessions.type} = ${value})`,
  tag: (value) => hasTag(value),
  tagPrefix: (value) => sql`(${sessions.key} IN (
    SELECT ${sessionTags.sessionKey} FROM ${sessionTags}
    WHERE ${beginsWith(sql`${sessionTags.tag}`, value)}))`,
  skillName: (value) => sql`(${sessions.skillName} IS ${value})`,
  agentName: (value) => sql`(${sessions.agentName} IS ${value})`,
  model: (value) => sql`(${sessions.model} IS ${value})`,
  task: (value) => sql`(${sessions.task} IS ${value})`,
  createdAfter: (value) => sql`(${sessions.createdAt} > ${value})`,
  createdBefore: (value) => sql`(${sessions.createdAt} < ${value})`,
  updatedAfter: (value) => sql`(${sessions.updatedAt} > ${value})`,
  updatedBefore: (value) => sql`(${sessions.updatedAt} < ${value})`,
  nameContains: (value) => sql`(instr(${sessions.nameLower}, ${value}) > 0)`,
  // IS and not `=`, which is NULL for a session without a parent, as is its NOT.
  parent: (value) => sql`(${sessions.parentSession} IS ${value})`,
  hasParent: (_, hasParent) =>
    hasParent ? sql`(${sessions.parentSession} IS NOT NULL)` : sql`(${sessions.parentSession} IS NULL)`,
};

function atoms(keys: Atoms): [key: string, SQL][] {
  return Object.entries(keys).map(([key, value]) => {
    const condition = CONDITIONS[key as keyof Atoms] as (value: SQL, raw: unknown) => SQL;
    return [key, condition(sql.raw(String(value)), value)];
  });
}

/** Of a column that may be NULL, where the condition is not negated. */
function equality(key: string, { parent, skillName, agentName }: Atoms): SQL | undefined {
  if (key === "parent") return sql`(${sessions.parentSession} = ${sql.raw(String(parent))})`;
  if (key === "skillName") return sql`(${sessions.skillName} = ${sql.raw(String(skillName))})`;
  if (key === "agentName") return sql`(${sessions.agentName} = ${sql.raw(String(agentName))})`;
  return undefined;
}

function hasTag(tag: SQL): SQL {
  return sql`EXISTS (
    SELECT 1 FROM ${sessionTags}
    WHERE ${sessionTags.sessionKey} = ${sessions.key} AND ${sessionTags.tag} = ${tag})`;
}

/** No text in UTF-8 has a byte FF: all that begin with the prefix come before it with that byte. */
export function beginsWith(text: SQL, prefix: SQL): SQL {
  return sql`${text} >= ${prefix} AND ${text} < ${prefix} || CAST(x'ff' AS TEXT)`;
}

export function textOf(condition: SQL): string {
  return dialect.sqlToQuery(condition).sql;
}
