import type { SessionFilter } from "@thulp-sessions/core";
import { asciiLowerCase } from "@thulp-sessions/core/store";

/** The keys of a filter whose value is a parameter of the statement. */
type ValueKey = Exclude<keyof SessionFilter, "and" | "or" | "not" | "hasParent">;

export type ParameterValues = Record<string, unknown>;

/** A filter with the names of parameters (`@f0`) in place of its values. */
export type FilterTemplate = { readonly [K in ValueKey]?: string } & {
  readonly hasParent?: boolean;
  readonly and?: readonly FilterTemplate[];
  readonly or?: readonly FilterTemplate[];
  readonly not?: FilterTemplate;
};

/** Separates a filter from its values, which come by the names of their parameters and as they are stored. */
export function splitFilter(filter: SessionFilter): { template: FilterTemplate; values: ParameterValues } {
  const values: ParameterValues = {};
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

/** Types and names are stored in lower case too; a list is one parameter. */
function storedForm(key: string, value: unknown): unknown {
  if (key === "ids") return JSON.stringify(value);
  if (key === "type") return asciiLowerCase(value as string);
  if (key === "nameContains") return (value as string).toLowerCase();
  return value;
}
