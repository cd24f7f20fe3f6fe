import type { SessionFilter } from "@thulp-sessions/core";
import { asciiLowerCase } from "@thulp-sessions/core/store";
import { type Placeholder, sql } from "drizzle-orm";

/** A filter with its values left open. */
export interface FilterTemplate {
  readonly status?: Placeholder;
  readonly type?: Placeholder;
  readonly tag?: Placeholder;
  readonly createdAfter?: Placeholder;
  readonly createdBefore?: Placeholder;
  readonly updatedAfter?: Placeholder;
  readonly updatedBefore?: Placeholder;
  readonly nameContains?: Placeholder;
  readonly parent?: Placeholder;
  readonly hasParent?: boolean;
  readonly and?: readonly FilterTemplate[];
  readonly or?: readonly FilterTemplate[];
  readonly not?: FilterTemplate;
}

export interface SplitFilter {
  readonly template: FilterTemplate;
  /** The same for all filters that share a template, and only for those. */
  readonly shape: string;
  /** What the placeholders stand for, as it is stored: types and names in lower case. */
  readonly values: Record<string, unknown>;
}

/** Takes a filter apart, so that filters that differ in their values only can share a prepared statement. */
export function splitFilter(filter: SessionFilter): SplitFilter {
  const values: Record<string, unknown> = {};
  let count = 0;
  const open = (value: unknown): Placeholder => {
    const name = `f${count++}`;
    values[name] = value;
    return sql.placeholder(name);
  };
  const split = ({ and, or, not, hasParent, ...keys }: SessionFilter): FilterTemplate => ({
    ...Object.fromEntries(
      Object.entries(keys)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, open(storedForm(key, value))]),
    ),
    ...(hasParent === undefined ? {} : { hasParent }),
    ...(and ? { and: and.map(split) } : {}),
    ...(or ? { or: or.map(split) } : {}),
    ...(not ? { not: split(not) } : {}),
  });
  const template = split(filter);
  return { template, shape: JSON.stringify(template), values };
}

function storedForm(key: string, value: unknown): unknown {
  if (key === "type") return asciiLowerCase(value as string);
  if (key === "nameContains") return (value as string).toLowerCase();
  return value;
}
