import { type Placeholder, type SQL, sql } from "drizzle-orm";
import { sessions, sessionTags } from "../tables/schema.ts";
import type { FilterTemplate } from "./filter-template.ts";

/** A filter as SQL over `sessions`. */
export interface FilterSql {
  /** All of these have to hold, as in a WHERE. */
  readonly conditions: readonly SQL[];
  /** A tag that every match has too. It is kept apart because a page is best read from `session_tags` then. */
  readonly tag: Placeholder | undefined;
}

/**
 * Compiles a filter, equal to `matchesFilter` of core. What has to hold for every match, one condition for each key,
 * is left open to the indices; the rest is closed to SQLite's planner (by the `+`), which would weigh every part of it.
 */
export function compileFilter(filter: FilterTemplate): FilterSql {
  const open = new Map<string, SQL>();
  const closed: SQL[] = [];
  let tag: Placeholder | undefined;
  const collect = ({ and, or, not, ...keys }: FilterTemplate): void => {
    for (const [key, condition] of atoms(keys)) {
      if (key === "tag" && tag === undefined) tag = keys.tag;
      else if (key === "tag" || open.has(key)) closed.push(condition);
      // `=` and not IS: it tells SQLite that the partial index has every match.
      else open.set(key, key === "parent" ? sql`${sessions.parentSession} = ${keys.parent}` : condition);
    }
    if (or) closed.push(any(or));
    if (not) closed.push(sql`NOT ${compile(not)}`);
    for (const part of and ?? []) collect(part);
  };
  collect(filter);
  const conditions = [...open.values()];
  if (closed.length > 0) conditions.push(sql`+(${all(closed)})`);
  return { conditions, tag };
}

/** The same with the tag among the conditions. */
export function conditionsOf(filter: FilterTemplate): SQL[] {
  const { conditions, tag } = compileFilter(filter);
  return tag === undefined ? [...conditions] : [...conditions, hasTag(tag)];
}

/** The same, closed to the planner: for few rows that are found otherwise. */
export function closedConditionsOf(filter: FilterTemplate): SQL[] {
  const conditions = conditionsOf(filter);
  return conditions.length === 0 ? [] : [sql`+(${all(conditions)})`];
}

/** One expression, in parentheses where it needs them, that is never NULL. */
function compile({ and, or, not, ...keys }: FilterTemplate): SQL {
  const own = all(atoms(keys).map(([, condition]) => condition));
  const nested: SQL[] = [];
  if (and) nested.push(all(and.map(compile)));
  if (or) nested.push(any(or));
  if (not) nested.push(sql`NOT ${compile(not)}`);
  // What is nested stands beside the rest, not among it: SQLite bounds the depth of an expression.
  return nested.length === 0 ? own : nested.reduce((left, right) => sql`(${left} AND ${right})`, own);
}

function any(filters: readonly FilterTemplate[]): SQL {
  return balanced(filters.map(compile), sql` OR `, sql`0`);
}

function all(conditions: readonly SQL[]): SQL {
  return balanced(conditions, sql` AND `, sql`1`);
}

/** As a balanced tree: SQLite would make a chain of a thousand one expression a thousand levels deep. */
function balanced(conditions: readonly SQL[], operator: SQL, whenNone: SQL): SQL {
  const [first] = conditions;
  if (first === undefined) return whenNone;
  if (conditions.length === 1) return first;
  const half = conditions.length >> 1;
  const [left, right] = [conditions.slice(0, half), conditions.slice(half)];
  return sql`(${balanced(left, operator, whenNone)}${operator}${balanced(right, operator, whenNone)})`;
}

/** The keys of one filter that need no other filter. Each condition is in parentheses and never NULL. */
function atoms(filter: Omit<FilterTemplate, "and" | "or" | "not">): [key: string, SQL][] {
  const { status, type, tag, createdAfter, createdBefore, updatedAfter, updatedBefore } = filter;
  const { nameContains, parent, hasParent } = filter;
  const conditions: [string, SQL | undefined][] = [
    ["status", status === undefined ? undefined : sql`(${sessions.status} = ${status})`],
    ["type", type === undefined ? undefined : sql`(${sessions.type} = ${type})`],
    ["tag", tag === undefined ? undefined : hasTag(tag)],
    ["createdAfter", createdAfter === undefined ? undefined : sql`(${sessions.createdAt} > ${createdAfter})`],
    [
      "createdBefore",
      createdBefore === undefined ? undefined : sql`(${sessions.createdAt} < ${createdBefore})`,
    ],
    ["updatedAfter", updatedAfter === undefined ? undefined : sql`(${sessions.updatedAt} > ${updatedAfter})`],
    [
      "updatedBefore",
      updatedBefore === undefined ? undefined : sql`(${sessions.updatedAt} < ${updatedBefore})`,
    ],
    [
      "nameContains",
      nameContains === undefined ? undefined : sql`(instr(${sessions.nameLower}, ${nameContains}) > 0)`,
    ],
    // IS and not =, which is NULL where there is no parent, and so is its NOT.
    ["parent", parent === undefined ? undefined : sql`(${sessions.parentSession} IS ${parent})`],
    ["hasParent", hasParent === undefined ? undefined : hasParentSql(hasParent)],
  ];
  return conditions.filter((each): each is [string, SQL] => each[1] !== undefined);
}

function hasParentSql(hasParent: boolean): SQL {
  return hasParent ? sql`(${sessions.parentSession} IS NOT NULL)` : sql`(${sessions.parentSession} IS NULL)`;
}

function hasTag(tag: Placeholder): SQL {
  return sql`EXISTS (SELECT 1 FROM ${sessionTags} WHERE ${sessionTags.sessionKey} = ${sessions.key} AND ${sessionTags.tag} = ${tag})`;
}
