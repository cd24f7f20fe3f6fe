import type { SessionRow } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { Ago } from "../../parts/clock.tsx";
import { oneLine, titleOf, typeText } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";
import { counted } from "../../parts/time.ts";
import { hrefOf } from "../../url/href.ts";
import { sessionState } from "../../url/session-state.ts";

const MAX_TAGS = 4;

export interface ListRowProps {
  readonly row: SessionRow;
  readonly isSelected: boolean;
  readonly isMarked: boolean;
  readonly onFocus: () => void;
}

/** A session in the list, a link to it. */
export function ListRow({ row, isSelected, isMarked, onFocus }: ListRowProps) {
  const { counts, preview, score } = row;
  return (
    <a
      class={`row${isSelected ? " selected" : ""}${isMarked ? " marked" : ""}`}
      href={hrefOf({ page: "session", session: sessionState(row.id) })}
      data-id={row.id}
      onFocus={onFocus}
    >
      <span class="row-head">
        <StatusMark status={row.status} />
        <span class="row-name">{titleOf(row)}</span>
        {isMarked && <span class="mark">marked</span>}
        <span class="row-type">{typeText(row.sessionType)}</span>
        {row.tags.slice(0, MAX_TAGS).map((tag, i) => (
          <span class="tag" key={i}>
            {oneLine(tag, 40)}
          </span>
        ))}
        {row.tags.length > MAX_TAGS && <span class="tag">+{row.tags.length - MAX_TAGS}</span>}
        <span class="row-facts">
          {score && <span class="score">{scoreText(score.score)}</span>}
          {counts && <span>{counted(counts.entryCount, "entry", "entries")}</span>}
          <Ago time={row.updatedAt} />
        </span>
      </span>
      {row.damaged && (
        <span class="row-preview problem-text">cannot be read: its {visibleText(row.damaged.place)}</span>
      )}
      {preview?.first && <span class="row-preview">{visibleText(preview.first)}</span>}
    </a>
  );
}

/** Two digits, more only where two would say that something is what it is not. */
export function scoreText(score: number): string {
  const short = score.toFixed(2);
  const lies = (short === "1.00" && score !== 1) || (short === "0.00" && score !== 0);
  return lies || Math.abs(score) >= 1e6 ? score.toPrecision(4) : short;
}
