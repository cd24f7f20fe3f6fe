import { asciiLowerCase, type SessionFilter } from "@thulp-sessions/core";

/** The keys of a filter whose value is a parameter of the statement. */
type ValueKey = Exclude<keyof SessionFilter, "and" | "or" | "not" | "hasParent">;

/** A filter with the names of parameters (`@f0`) in place of its values. */
export type FilterTemplate = { readonly [K in ValueKey]?: string } & {
  readonly hasParent?: boolean;
  readonly and?: readonly FilterTemplate[];
  readonly or?: readonly FilterTemplate[];
  readonly not?: FilterTemplate;
};

export interface SplitFilter {
  readonly template: FilterTemplate;
  /** The values of the parameters, in the form in which they are stored: types and names in lower case. */
  readonly values: Record<string, unknown>;
}

/**
 * Separates a filter from its values, so that filters that differ only in these share a prepared statement.
 */
export function splitFilter(filter: SessionFilter): SplitFilter {
  const values: Record<string, unknown> = {};
  let count = 0;
  const addParameter = (key: string, value: unknown): string => {
    const name = `f${count++}`;
    values[name] = storedForm(key, value);
    return `@${name}`;
  };
  const split = ({ and, or, not, hasParent, ...keys }: SessionFilter): FilterTemplate => ({
    ...Object.fromEntries(
      Object.entries(keys)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, addParameter(key, value)]),
    ),
    ...(hasParent === undefined ? {} : { hasParent }),
    ...(and ? { and: and.map(split) } : {}),
    ...(or ? { or: or.map(split) } : {}),
    ...(not ? { not: split(not) } : {}),
  });
  return { template: split(filter), values };
}

function storedForm(key: string, value: unknown): unknown {
  if (key === "type") return asciiLowerCase(value as string);
  if (key === "nameContains") return (value as string).toLowerCase();
  return value;
}
