import { visibleText } from "@thulp-sessions/core/text";
import { calls } from "../../live/live.ts";
import { counted } from "../../parts/time.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { EMPTY_LIST, filterOf, LIST_FIELDS, type ListState, listParams } from "../../url/list-state.ts";

/** Says that a filter is too narrow, and how many sessions there would be without each part of it. */
export function NothingMatches({ list }: { readonly list: ListState }) {
  const fields = LIST_FIELDS.filter((field) => list[field] !== "");
  const { data } = useQuery(`without ${listParams(list)}`, (signal) =>
    Promise.all(
      fields.map((field) =>
        calls().sessions.count.query({ filter: filterOf({ ...list, [field]: "" }) }, { signal }),
      ),
    ),
  );
  return (
    <div class="empty">
      <p>No session matches the filter.</p>
      {data && fields.length > 1 && (
        <ul>
          {fields.map((field, i) => (
            <li key={field}>
              without{" "}
              <a href={hrefOf({ page: "list", list: { ...list, [field]: "" } })}>
                {field}: {visibleText(list[field].slice(0, 80))}
              </a>{" "}
              <span class="quiet">{counted(data[i] ?? 0, "session")}</span>
            </li>
          ))}
        </ul>
      )}
      <p>
        <a href={hrefOf({ page: "list", list: { ...EMPTY_LIST, sort: list.sort, view: list.view } })}>
          All sessions
        </a>
      </p>
    </div>
  );
}
