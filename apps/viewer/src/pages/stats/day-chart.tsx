import { groupDigits } from "@thulp-sessions/core/text";
import { useEffect, useRef } from "preact/hooks";
import { StatusMark } from "../../parts/status-mark.tsx";
import { counted } from "../../parts/time.ts";
import { hrefOf } from "../../url/href.ts";
import { type ListState, STATUSES } from "../../url/list-state.ts";
import type { DayWindow } from "./day-window.ts";
import type { DayCount, DayCounts } from "./read-days.ts";

const HEIGHT = 100;

/** Sessions by days, each bar by status from below; a bar leads to its sessions. */
export function DayChart({ list, counts }: { readonly list: ListState; readonly counts: DayCounts }) {
  const most = Math.max(1, ...counts.parts.map(({ total }) => total));
  const row = useRef<HTMLOListElement>(null);
  // Where the bars do not fit, the last ones are looked at first.
  useEffect(() => {
    if (row.current) row.current.scrollLeft = row.current.scrollWidth;
  }, [counts]);
  return (
    <>
      <ol class="days" ref={row} aria-label={`Sessions by day, at most ${groupDigits(most)}`}>
        {counts.parts.map((part, i) => (
          <li key={part.days.first}>
            <Bar part={part} most={most} list={list} />
            {(i === 0 || i === counts.parts.length - 1) && <span class="day-label">{part.days.first}</span>}
          </li>
        ))}
      </ol>
      <p class="legend">
        {[...counts.byStatus].map(([status, number]) => (
          <span key={status}>
            <StatusMark status={status} named />{" "}
            <a href={hrefOf({ page: "list", list: { ...list, status } })}>{groupDigits(number)}</a>
          </span>
        ))}
      </p>
    </>
  );
}

function Bar({
  part,
  most,
  list,
}: {
  readonly part: DayCount;
  readonly most: number;
  readonly list: ListState;
}) {
  const { days, total, byStatus } = part;
  const said = STATUSES.filter((status) => byStatus.has(status)).map(
    (status) => `${groupDigits(byStatus.get(status) ?? 0)} ${status}`,
  );
  const title = `${daysText(days)}: ${counted(total, "session")}${said.length > 0 ? `, ${said.join(", ")}` : ""}`;
  if (total === 0) {
    return (
      <span class="day" title={title}>
        <span class="unseen">{title}</span>
      </span>
    );
  }
  let top = HEIGHT;
  return (
    <a
      class="day"
      title={title}
      href={hrefOf({ page: "list", list: { ...list, since: days.first, until: days.last } })}
    >
      <svg viewBox={`0 0 10 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {STATUSES.map((status) => {
          // What is there is seen, however little it is.
          const height = byStatus.has(status)
            ? Math.max(1.5, ((byStatus.get(status) ?? 0) / most) * HEIGHT)
            : 0;
          top -= height;
          return height > 0 ? (
            <rect class={`status-${status}`} key={status} x={0} width={10} y={top} height={height} />
          ) : null;
        })}
      </svg>
      <span class="unseen">{title}</span>
    </a>
  );
}

function daysText({ first, last }: DayWindow): string {
  return first === last ? first : `${first} to ${last}`;
}
