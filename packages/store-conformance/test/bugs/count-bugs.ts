import type {
  CountedField,
  CountQuery,
  SessionFilter,
  SessionMetadata,
  ValueCountPage,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { countValues } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug } from "./planted-bug.ts";

/** A store that counts in its own way. */
function countingBy(
  count: (sessions: readonly SessionMetadata[], by: CountedField, prefix: string) => Map<string, number>,
) {
  return class extends MemoryStore {
    protected override async doCountValues(filter: SessionFilter, by: CountedField, prefix: string) {
      const all = { filter, orderBy: "createdAt", direction: "asc", limit: 10_000, after: null } as const;
      return count((await this.doList(all)).items, by, prefix);
    }
  };
}

export const countBugs: readonly PlantedBug[] = [
  plantedBug(
    "a tag counts as often as a session has it",
    ["count-by-pages", "count-by-fields"],
    countingBy((sessions, by, prefix) =>
      countValues(
        by === "tag"
          ? sessions.flatMap((each) => each.tags.map((tag) => ({ ...each, tags: [tag] })))
          : sessions,
        by,
        prefix,
      ),
    ),
  ),

  plantedBug(
    "a count by value does not look at the filter",
    ["count-by-fields"],
    class extends MemoryStore {
      protected override doCountValues(_: SessionFilter, by: CountedField, prefix: string) {
        return super.doCountValues({}, by, prefix);
      }
    },
  ),

  plantedBug(
    "sessions without the field count as a value of their own",
    ["count-by-fields"],
    countingBy((sessions, by, prefix) => {
      const counts = countValues(sessions, by, prefix);
      const without = sessions.filter(({ sessionType }) => !(by in sessionType)).length;
      return by === "model" && without > 0 ? new Map([...counts, ["", without]]) : counts;
    }),
  ),

  plantedBug(
    "values of one count are ordered by their bytes",
    ["count-by-pages"],
    class extends MemoryStore {
      override count(filter?: SessionFilter): Promise<number>;
      override count(filter: SessionFilter, query: CountQuery): Promise<ValueCountPage>;
      override async count(filter: SessionFilter = {}, query?: CountQuery): Promise<never> {
        if (query === undefined) return (await super.count(filter)) as never;
        const page = await super.count(filter, query);
        const items = page.items.toSorted(
          (a, b) => b.count - a.count || Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)),
        );
        return { ...page, items } as never;
      }
    },
  ),

  plantedBug(
    "days are those of the machine's time zone",
    ["count-by-days"],
    countingBy((sessions, by, prefix) => {
      const shift = (time: number) => (time < 8.64e15 ? time + 7_200_000 : time);
      const local = sessions.map((each) => ({
        ...each,
        createdAt: shift(each.createdAt),
        updatedAt: shift(each.updatedAt),
      }));
      return countValues(local, by, prefix);
    }),
  ),

  plantedBug(
    "a prefix is taken for every field",
    ["count-by-hostile"],
    class extends MemoryStore {
      override count(filter?: SessionFilter): Promise<number>;
      override count(filter: SessionFilter, query: CountQuery): Promise<ValueCountPage>;
      override async count(filter: SessionFilter = {}, query?: CountQuery): Promise<never> {
        if (query?.prefix === undefined || query.by === "tag")
          return (await super.count(filter, query as CountQuery)) as never;
        const { prefix: _, ...rest } = query;
        return (await super.count(filter, rest)) as never;
      }
    },
  ),
];
