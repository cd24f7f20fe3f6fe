import type { CountedField, ValueCount } from "../rules/count-values.ts";
import type { SessionFilter } from "../rules/filter.ts";
import type { SessionStore } from "../store/session-store.ts";

/** By what to count, of which sessions. */
export interface FacetsQuery {
  readonly filter?: SessionFilter | undefined;
  readonly by: readonly CountedField[];
  /** How many values of each field: 1 to 200, 20 when absent. */
  readonly limit?: number | undefined;
}

/** How many sessions each value of a field would give. */
export interface Facet {
  readonly by: CountedField;
  /** The most frequent first, those of one count by their code units. */
  readonly items: readonly ValueCount[];
  /** There are further values: `sessions.countBy` gives all of them. */
  readonly more: boolean;
}

/** The facets of a list. */
export interface Facets {
  /** How many sessions the whole filter matches. */
  readonly total: number;
  /** In the order in which they were asked for. */
  readonly facets: readonly Facet[];
}

/** What of a filter is about a field: left out where its values are counted. */
const OWN_KEYS: Readonly<Record<CountedField, readonly (keyof SessionFilter)[]>> = {
  status: ["status"],
  type: ["type"],
  tag: ["tag", "tagPrefix"],
  skillName: ["skillName"],
  agentName: ["agentName"],
  model: ["model"],
  createdDay: ["createdAfter", "createdBefore"],
  updatedDay: ["updatedAfter", "updatedBefore"],
};

/**
 * Counts by each field the sessions that the filter matches without its own part for that field: what another
 * choice would give. Only keys of the filter itself are left out, none within `and`, `or` and `not`.
 *
 * @param query checked.
 */
export async function facetsOf(
  store: SessionStore,
  { filter = {}, by, limit = 20 }: FacetsQuery,
): Promise<Facets> {
  const facets: Facet[] = [];
  for (const field of by) {
    const { items, more } = await store.count(withoutOwn(filter, field), { by: field, limit });
    const fitting = fittingValues(items);
    facets.push({ by: field, items: fitting, more: more || fitting.length < items.length });
  }
  return { total: await store.count(filter), facets };
}

/** Values may be of any length. */
function fittingValues(items: readonly ValueCount[]): readonly ValueCount[] {
  let left = MAX_FIELD_LENGTH;
  const end = items.findIndex(({ value }, i) => {
    left -= value.length;
    return left < 0 && i > 0;
  });
  return end < 0 ? items : items.slice(0, end);
}

/** Of all values of one field together, in UTF-16 units. */
const MAX_FIELD_LENGTH = 1024 * 1024;

function withoutOwn(filter: SessionFilter, field: CountedField): SessionFilter {
  const others = { ...filter };
  for (const key of OWN_KEYS[field]) delete others[key];
  return others;
}
