import type { CountedField } from "@thulp-sessions/core";
import { calls } from "../../live/live.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { oneLine } from "../../parts/session-title.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { filterOf, type ListField, type ListState } from "../../url/list-state.ts";
import { Bars } from "./bars.tsx";

const LIMIT = 12;

/** How many sessions have each value of a field, the most frequent first; nothing where none has one. */
export function ValueCounts({
  list,
  queryKey,
  by,
  field,
  title,
}: {
  readonly list: ListState;
  readonly queryKey: string;
  readonly by: CountedField;
  readonly field: ListField;
  readonly title: string;
}) {
  const { data, problem } = useQuery(`${by} ${queryKey}`, (signal) =>
    calls().sessions.countBy.query({ filter: filterOf(list), by, limit: LIMIT }, { signal }),
  );
  if (problem) return <ProblemBox problem={problem} />;
  if (!data || data.items.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <Bars
        label={title}
        items={data.items.map(({ value, count }) => ({
          key: value,
          label: oneLine(value, 60) || "(empty)",
          count,
          href: hrefOf({ page: "list", list: { ...list, [field]: value } }),
        }))}
      />
      {data.nextCursor !== null && <p class="quiet">The {LIMIT} most frequent.</p>}
    </section>
  );
}
