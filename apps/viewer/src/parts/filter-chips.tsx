import { visibleText } from "@thulp-sessions/core/text";
import { EMPTY_LIST, LIST_FIELDS, type ListState } from "../url/list-state.ts";
import { counted } from "./time.ts";

/** Each part of a filter with the way to leave it out; nothing where there is no filter. */
export function FilterChips({
  list,
  total,
  hrefFor,
}: {
  readonly list: ListState;
  /** How many sessions match. */
  readonly total: number | undefined;
  /** The address of the same page with another filter. */
  readonly hrefFor: (list: ListState) => string;
}) {
  const chips = LIST_FIELDS.filter((field) => list[field] !== "");
  if (chips.length === 0) return null;
  return (
    <p class="chips">
      {total !== undefined && <span>{counted(total, "session")} with</span>}
      {chips.map((field) => (
        <a key={field} class="chip" href={hrefFor({ ...list, [field]: "" })} title={`Without this ${field}`}>
          {field}: {visibleText(list[field].slice(0, 80))} <span aria-hidden="true">×</span>
          <span class="unseen">remove</span>
        </a>
      ))}
      {chips.length > 1 && (
        <a href={hrefFor({ ...EMPTY_LIST, text: list.text, sort: list.sort, view: list.view })}>
          all sessions
        </a>
      )}
    </p>
  );
}
