import type { CountedField } from "@thulp-sessions/core";
import { lazy, Suspense } from "preact/compat";
import { useEffect, useRef, useState } from "preact/hooks";
import { calls, onChange } from "../../live/live.ts";
import { Clock } from "../../parts/clock.tsx";
import { FilterChips } from "../../parts/filter-chips.tsx";
import { moveFocus } from "../../parts/focus.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { filterOf, type ListField, type ListState, listParams } from "../../url/list-state.ts";
import { navigate } from "../../url/navigation.ts";
import { EmptyStore } from "../list/empty-store.tsx";
import { DayChart } from "./day-chart.tsx";
import { type DayWindow, dayText, firstDayOf, lengthOf, WINDOW_LENGTHS, windowOf } from "./day-window.ts";
import { readDays } from "./read-days.ts";
import { Sizes } from "./sizes.tsx";
import { SkillScores } from "./skill-scores.tsx";
import { ToolFailures } from "./tool-failures.tsx";
import { ValueCounts } from "./value-counts.tsx";

const ListUsage = lazy(() => import("../usage/list-usage.tsx").then((m) => ({ default: m.ListUsage })));

const COUNTED = [
  ["type", "type", "Type"],
  ["agentName", "agent", "Agent"],
  ["skillName", "skill", "Skill"],
  ["model", "model", "Model"],
  ["tag", "tag", "Tag"],
] as const satisfies readonly (readonly [CountedField, ListField, string])[];

/** The sessions of a filter in figures, each of which says what it counts. */
export function StatsPage({ list }: { readonly list: ListState }) {
  const { turn, countedAt, isChanged, again } = useTurn();
  const area = useRef<HTMLDivElement>(null);
  const key = `${listParams({ ...list, view: "compact" })} ${turn}`;
  const range = useQuery(`range ${key}`, (signal) => readRange(list, signal));
  const { data, problem } = range;
  const window = data && windowOf(list, data.newest, countedAt);
  const within = { ...list, since: window?.first ?? "", until: window?.last ?? "" };
  useKeys({
    j: () => moveFocus(area.current, 1),
    k: () => moveFocus(area.current, -1),
    // The days of the list before are not those of this one.
    o: () => navigate({ page: "list", list: window && !range.waiting ? within : list }),
    ".": again,
  });
  return (
    <TextPage>
      <div ref={area}>
        <h1>Statistics</h1>
        {isChanged && (
          <button type="button" class="bar" onClick={again}>
            Sessions have changed since <Clock time={countedAt} />: count again <kbd>.</kbd>
          </button>
        )}
        <FilterChips
          list={list}
          total={undefined}
          hrefFor={(next) => hrefOf({ page: "stats", list: next })}
        />
        {problem && (
          <ProblemBox problem={problem}>
            <button type="button" onClick={again}>
              Try again
            </button>
          </ProblemBox>
        )}
        {data?.total === 0 && (listParams(list).size === 0 ? <EmptyStore /> : <p>No session matches.</p>)}
        {data && window && data.total > 0 && (
          <Figures
            list={list}
            within={within}
            window={window}
            total={data.total}
            oldest={data.oldest}
            isWaiting={range.waiting}
            queryKey={`${window.first} ${window.last} ${key}`}
          />
        )}
      </div>
    </TextPage>
  );
}

function Figures({
  list,
  within,
  window,
  total,
  oldest,
  isWaiting,
  queryKey,
}: {
  readonly list: ListState;
  /** The same list with the days that are counted. */
  readonly within: ListState;
  readonly window: DayWindow;
  /** Of the list as it is given, whichever days are counted. */
  readonly total: number;
  readonly oldest: number;
  /** They are about to be others. */
  readonly isWaiting: boolean;
  readonly queryKey: string;
}) {
  const days = useQuery(`days ${queryKey}`, (signal) => readDays(within, window, signal));
  const { data, problem } = days;
  const made = list.sort === "created" ? "made" : "last changed";
  return (
    <>
      <DayChoice list={list} window={window} oldest={oldest} />
      {problem && <ProblemBox problem={problem} />}
      {data && (
        <div class={isWaiting || days.waiting ? "stale" : ""} aria-busy={isWaiting || days.waiting}>
          <p>
            <a href={hrefOf({ page: "list", list: within })}>{counted(data.total, "session")}</a>{" "}
            {data.total === 1 ? "was" : "were"} {made} from {window.first} to {window.last}, days of UTC; all
            figures below are of these.
            {total > data.total && !data.more && (
              <span class="quiet"> {counted(total - data.total, "session")} outside of these days.</span>
            )}
          </p>
          <h2>By day</h2>
          <DayChart list={within} counts={data} />
          {data.more && <p class="quiet">Days with few sessions are missing: choose fewer days.</p>}
        </div>
      )}
      <h2>By what they are</h2>
      <div class="figures">
        {COUNTED.map(([by, field, title]) => (
          <ValueCounts key={by} list={within} queryKey={queryKey} by={by} field={field} title={title} />
        ))}
      </div>
      <Sizes list={within} queryKey={queryKey} />
      <ToolFailures list={within} queryKey={queryKey} />
      <SkillScores list={within} queryKey={queryKey} />
      <Suspense fallback={null}>
        <ListUsage key={listParams(within).toString()} list={within} queryKey={queryKey} />
      </Suspense>
    </>
  );
}

function DayChoice({
  list,
  window,
  oldest,
}: {
  readonly list: ListState;
  readonly window: DayWindow;
  readonly oldest: number;
}) {
  const length = lengthOf(window);
  const choices = [
    ...WINDOW_LENGTHS.map((days) => [`${days} days`, firstDayOf(window.last, days)] as const),
    ["from the first", oldest > Date.parse(window.last) ? window.last : dayText(oldest)] as const,
  ];
  return (
    <nav class="tabs" aria-label="Days">
      {choices.map(([name, since]) => (
        <a
          key={name}
          href={hrefOf({ page: "stats", list: { ...list, since } })}
          aria-current={since === window.first && length > 0 ? "true" : undefined}
        >
          {name}
        </a>
      ))}
      {(["created", "updated"] as const).map((sort) => (
        <a
          key={sort}
          href={hrefOf({ page: "stats", list: { ...list, sort } })}
          aria-current={list.sort === sort ? "true" : undefined}
        >
          by day {sort === "created" ? "made" : "changed"}
        </a>
      ))}
    </nav>
  );
}

/** How many sessions there are of a list, and when the first and the last of them were made, or changed. */
async function readRange(list: ListState, signal: AbortSignal) {
  const filter = filterOf({ ...list, since: "", until: "" });
  const isMade = list.sort === "created";
  const orderBy = isMade ? "createdAt" : "updatedAt";
  const [newest, oldest, total] = await Promise.all([
    calls().sessions.list.query({ filter, orderBy, direction: "desc", limit: 1 }, { signal }),
    calls().sessions.list.query({ filter, orderBy, direction: "asc", limit: 1 }, { signal }),
    calls().sessions.count.query({ filter }, { signal }),
  ]);
  const time = ({ items: [first] }: typeof newest) =>
    first ? (isMade ? first.createdAt : first.updatedAt) : null;
  return { newest: time(newest), oldest: time(oldest) ?? 0, total };
}

/**
 * When the figures were counted. A store in which agents work changes all the time: figures stay until
 * somebody asks for others, and only a stream that had ended counts by itself.
 */
function useTurn() {
  const [state, setState] = useState({ turn: 0, countedAt: Date.now(), isChanged: false });
  const again = () => setState(({ turn }) => ({ turn: turn + 1, countedAt: Date.now(), isChanged: false }));
  useEffect(
    () =>
      onChange((change) => {
        if (change.type === "reset") again();
        else setState((before) => (before.isChanged ? before : { ...before, isChanged: true }));
      }),
    [],
  );
  return { ...state, again };
}
