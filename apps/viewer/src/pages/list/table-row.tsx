import { groupDigits, visibleText } from "@thulp-sessions/core/text";
import { Ago } from "../../parts/clock.tsx";
import { oneLine, titleOf, typeText } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";

import { hrefOf } from "../../url/href.ts";
import { sessionState } from "../../url/session-state.ts";
import { type ListRowProps, scoreText } from "./list-row.tsx";

const COLUMNS = ["", "Name", "Type", "Tags", "Entries", "Turns", "Score", "Created", "Updated"] as const;

/** What stands in the columns of the rows. Each cell says it too, for who hears one row after the other. */
export function TableHead() {
  return (
    <div class="table-row table-head" aria-hidden="true">
      {COLUMNS.map((title) => (
        <span key={title}>{title}</span>
      ))}
    </div>
  );
}

/** A session in a row of columns, a link to it. */
export function TableRow({ row, isSelected, isMarked, onFocus }: ListRowProps) {
  const { counts, score } = row;
  return (
    <a
      class={`row table-row${isSelected ? " selected" : ""}${isMarked ? " marked" : ""}`}
      href={hrefOf({ page: "session", session: sessionState(row.id) })}
      data-id={row.id}
      onFocus={onFocus}
    >
      <StatusMark status={row.status} />
      <span class="row-name">
        {titleOf(row)}
        {isMarked && <span class="mark"> marked</span>}
        {row.damaged && (
          <span class="problem-text"> cannot be read: its {visibleText(row.damaged.place)}</span>
        )}
      </span>
      <span class="row-type">{typeText(row.sessionType)}</span>
      <span class="row-tags">{row.tags.map((tag) => oneLine(tag, 40)).join(", ")}</span>
      <span class="figure">
        {counts && groupDigits(counts.entryCount)}
        <span class="unseen"> entries</span>
      </span>
      <span class="figure">
        {counts && groupDigits(counts.turnCount)}
        <span class="unseen"> turns</span>
      </span>
      <span class="figure">
        {score && <span class="unseen">score </span>}
        {score && scoreText(score.score)}
      </span>
      <span class="figure">
        <span class="unseen">created </span>
        <Ago time={row.createdAt} />
      </span>
      <span class="figure">
        <span class="unseen">updated </span>
        <Ago time={row.updatedAt} />
      </span>
    </a>
  );
}
