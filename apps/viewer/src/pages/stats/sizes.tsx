import type { SessionRow } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { calls } from "../../live/live.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { titleOf } from "../../parts/session-title.ts";
import { counted, duration } from "../../parts/time.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { filterOf, type ListState } from "../../url/list-state.ts";
import { sessionState } from "../../url/session-state.ts";
import { Bars } from "./bars.tsx";
import { type DistributionPart, distribution, quantile } from "./distribution.ts";

/** Heads are quick to read, but not for nothing. */
const MOST = 500;
const LARGEST = 5;
const LENGTHS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DURATIONS = [
  0,
  SECOND,
  10 * SECOND,
  MINUTE,
  10 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  7 * DAY,
  30 * DAY,
] as const;

/** How long the newest of the sessions are, in entries and in time. */
export function Sizes({ list, queryKey }: { readonly list: ListState; readonly queryKey: string }) {
  const { data, problem } = useQuery(`sizes ${queryKey}`, (signal) =>
    calls().sessions.list.query(
      {
        filter: filterOf(list),
        orderBy: list.sort === "created" ? "createdAt" : "updatedAt",
        limit: MOST,
        include: ["counts"],
      },
      { signal },
    ),
  );
  if (problem) return <ProblemBox problem={problem} />;
  const rows = (data?.items ?? []).filter((row): row is CountedRow => row.counts !== undefined);
  if (!data || data.items.length === 0) return null;
  const unreadable = data.items.length - rows.length;
  const lengths = rows.map((row) => row.counts.entryCount);
  const durations = rows.map((row) => row.updatedAt - row.createdAt);
  return (
    <section>
      <h2>How long sessions are</h2>
      <p class="quiet">
        {data.nextCursor === null ? "All" : "The newest"} {groupDigits(rows.length)} of them
        {unreadable > 0 ? `; ${groupDigits(unreadable)} more cannot be read` : ""}.
      </p>
      <div class="figures">
        <Spread title="Entries" values={lengths} edges={LENGTHS} text={groupDigits} wordsOf={entriesText} />
        <Spread
          title="From making to the last change"
          values={durations}
          edges={DURATIONS}
          text={duration}
          wordsOf={durationText}
        />
        <section>
          <h3>The longest</h3>
          <ol class="longest">
            {rows
              .toSorted((a, b) => b.counts.entryCount - a.counts.entryCount)
              .slice(0, LARGEST)
              .map((row) => (
                <li key={row.id}>
                  <a href={hrefOf({ page: "session", session: sessionState(row.id) })}>{titleOf(row)}</a>{" "}
                  <span class="quiet">{counted(row.counts.entryCount, "entry", "entries")}</span>
                </li>
              ))}
          </ol>
        </section>
      </div>
    </section>
  );
}

type CountedRow = SessionRow & Required<Pick<SessionRow, "counts">>;

function Spread({
  title,
  values,
  edges,
  text,
  wordsOf,
}: {
  readonly title: string;
  readonly values: readonly number[];
  readonly edges: readonly number[];
  readonly text: (value: number) => string;
  readonly wordsOf: (part: DistributionPart) => string;
}) {
  const [half, most] = [quantile(values, 0.5), quantile(values, 0.95)];
  return (
    <section>
      <h3>{title}</h3>
      <Bars
        label={title}
        items={distribution(values, edges).map((part) => ({
          key: String(part.from),
          label: wordsOf(part),
          count: part.count,
        }))}
      />
      {half !== null && most !== null && (
        <p class="quiet">
          Half have at most {text(half)}, 95 % at most {text(most)}.
        </p>
      )}
    </section>
  );
}

function entriesText({ from, to }: DistributionPart): string {
  if (to === null) return `${groupDigits(from)} and more`;
  return to === from + 1 ? groupDigits(from) : `${groupDigits(from)} to ${groupDigits(to - 1)}`;
}

function durationText({ from, to }: DistributionPart): string {
  return to === null ? `${edgeText(from)} and more` : `below ${edgeText(to)}`;
}

function edgeText(ms: number): string {
  if (ms >= DAY) return `${ms / DAY} d`;
  if (ms >= HOUR) return `${ms / HOUR} h`;
  return ms >= MINUTE ? `${ms / MINUTE} min` : `${ms / SECOND} s`;
}
