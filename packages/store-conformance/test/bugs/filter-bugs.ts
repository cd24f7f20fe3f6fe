import { matchesFilter, type SessionFilter, type SessionMetadata } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { ListRequest } from "@thulp-sessions/core/store";
import { type PlantedBug, plantedBug } from "./planted-bug.ts";

/** A store with a filter of its own instead of core's. */
function filteringBy(match: (filter: SessionFilter, metadata: SessionMetadata) => boolean) {
  return class extends MemoryStore {
    protected override async doList(request: ListRequest) {
      const { items } = await super.doList({ ...request, filter: {}, limit: Number.MAX_SAFE_INTEGER });
      const matching = items.filter((metadata) => match(request.filter, metadata));
      return { items: matching.slice(0, request.limit), hasMore: matching.length > request.limit };
    }

    protected override async doCount(filter: SessionFilter) {
      const all: ListRequest = { filter, orderBy: "createdAt", direction: "asc", limit: 10_000, after: null };
      return (await this.doList(all)).items.length;
    }
  };
}

/** A filter with every part changed, from the inside out. */
function rewritten(filter: SessionFilter, change: (filter: SessionFilter) => SessionFilter): SessionFilter {
  const { and, or, not, ...rest } = filter;
  return change({
    ...rest,
    ...(and ? { and: and.map((part) => rewritten(part, change)) } : {}),
    ...(or ? { or: or.map((part) => rewritten(part, change)) } : {}),
    ...(not ? { not: rewritten(not, change) } : {}),
  });
}

function matchingRewritten(change: (filter: SessionFilter, metadata: SessionMetadata) => SessionFilter) {
  return filteringBy((filter, metadata) =>
    matchesFilter(
      rewritten(filter, (part) => change(part, metadata)),
      metadata,
    ),
  );
}

/** `nameContains` decided by `contains`. */
function comparingNamesBy(contains: (name: string, part: string) => boolean) {
  return matchingRewritten(({ nameContains, ...rest }, { name }) =>
    nameContains === undefined || contains(name, nameContains) ? rest : { ...rest, or: [] },
  );
}

export const filterBugs: readonly PlantedBug[] = [
  plantedBug(
    "or of nothing matches everything",
    ["filter-nothing-and-everything", "filter-generated"],
    matchingRewritten(({ or, ...rest }) => (or === undefined || or.length === 0 ? rest : { ...rest, or })),
  ),

  plantedBug(
    "and of nothing matches nothing",
    ["filter-nothing-and-everything", "filter-generated"],
    matchingRewritten((filter) => (filter.and?.length === 0 ? { or: [] } : filter)),
  ),

  plantedBug(
    "nameContains minds the case",
    ["filter-names", "filter-generated"],
    comparingNamesBy((name, part) => name.includes(part)),
  ),

  plantedBug(
    "nameContains folds the case of ASCII only",
    ["filter-names", "filter-names-follow"],
    comparingNamesBy((name, part) => asciiLower(name).includes(asciiLower(part))),
  ),

  plantedBug(
    "nameContains is a pattern",
    ["filter-names"],
    comparingNamesBy((name, part) => {
      const pattern = [...part.toLowerCase()].map((char) =>
        char === "%" ? ".*" : char === "_" ? "." : char.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
      );
      return new RegExp(pattern.join(""), "su").test(name.toLowerCase());
    }),
  ),

  plantedBug(
    "the name ends at a NUL",
    ["filter-names"],
    comparingNamesBy((name, part) =>
      (name.split("\0")[0] ?? "").toLowerCase().includes((part.split("\0")[0] ?? "").toLowerCase()),
    ),
  ),

  plantedBug(
    "the bounds of time are not strict",
    ["filter-keys", "filter-generated"],
    matchingRewritten(({ createdAfter, ...rest }) =>
      createdAfter === undefined ? rest : { ...rest, createdAfter: createdAfter - 1 },
    ),
  ),

  plantedBug(
    "the type minds the case",
    ["filter-type"],
    matchingRewritten((filter, { sessionType }) =>
      filter.type === undefined || filter.type === sessionType.type ? filter : { ...filter, or: [] },
    ),
  ),

  plantedBug(
    "a tag matches when it is a part of one",
    ["filter-keys"],
    matchingRewritten(({ tag, ...rest }, { tags }) =>
      tag === undefined || tags.some((each) => each.includes(tag)) ? rest : { ...rest, or: [] },
    ),
  ),

  plantedBug(
    "ids in upper case are others",
    ["filter-ids"],
    class extends MemoryStore {
      protected override async doList(request: ListRequest) {
        return super.doList({ ...request, filter: upperCased(request.filter) });
      }

      protected override doCount(filter: SessionFilter) {
        return super.doCount(upperCased(filter));
      }
    },
  ),

  plantedBug(
    "an empty list of ids matches everything",
    ["filter-ids", "filter-generated"],
    matchingRewritten(({ ids, ...rest }) =>
      ids === undefined || ids.length === 0 ? rest : { ...rest, ids },
    ),
  ),

  plantedBug(
    "a prefix of a tag ends before the last characters",
    ["filter-tag-prefix"],
    matchingRewritten(({ tagPrefix, ...rest }, { tags }) =>
      tagPrefix === undefined || tags.some((tag) => tag >= tagPrefix && tag < `${tagPrefix}\uffff`)
        ? rest
        : { ...rest, or: [] },
    ),
  ),

  plantedBug(
    "a prefix of a tag is a pattern",
    ["filter-tag-prefix"],
    matchingRewritten(({ tagPrefix, ...rest }, { tags }) =>
      tagPrefix === undefined ||
      tags.some((tag) => new RegExp(`^${tagPrefix.replaceAll("_", ".")}`, "s").test(tag))
        ? rest
        : { ...rest, or: [] },
    ),
  ),

  plantedBug(
    "the name of a skill is looked for in evaluations only",
    ["filter-type-fields", "filter-generated"],
    matchingRewritten((filter, { sessionType }) =>
      filter.skillName !== undefined && sessionType.type === "refinement" ? { ...filter, or: [] } : filter,
    ),
  ),

  plantedBug(
    "not of a field does not match where there is no such field",
    ["filter-type-fields", "filter-generated"],
    matchingRewritten((filter, { sessionType }) =>
      filter.not?.model !== undefined && !("model" in sessionType) ? { ...filter, or: [] } : filter,
    ),
  ),

  plantedBug(
    "not is not looked at below the first level",
    ["filter-deep", "filter-generated"],
    filteringBy((filter, metadata) => {
      const flat = ({ not: _, ...rest }: SessionFilter) => rest;
      return matchesFilter(filter.not ? { ...filter, not: flat(filter.not) } : filter, metadata);
    }),
  ),

  plantedBug(
    "count does not look at the filter",
    ["filter-keys", "filter-generated", "filter-nothing-and-everything"],
    class extends MemoryStore {
      protected override async doCount() {
        return super.doCount({});
      }
    },
  ),

  plantedBug(
    "count counts at most a page",
    ["filter-nothing-and-everything"],
    class extends MemoryStore {
      protected override async doCount(filter: SessionFilter) {
        return Math.min(50, await super.doCount(filter));
      }
    },
  ),
];

function upperCased(filter: SessionFilter): SessionFilter {
  return rewritten(filter, ({ ids, ...rest }) => {
    const others = ids?.map((id) => id.toUpperCase() as typeof id);
    return others ? { ...rest, ids: others } : rest;
  });
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
