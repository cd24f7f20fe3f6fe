import type { SessionHead, SessionId, ViewedEntry } from "@thulp-sessions/core";
import { DEFAULT_VIEW, type EntryView } from "@thulp-sessions/core/view";
import { lazy, Suspense } from "preact/compat";
import { useRef, useState } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { shownParts, useEntryView } from "../../content/entry-view.ts";
import { callName, isFailure } from "../../content/fold-entries.ts";
import { LongText } from "../../content/long-text.tsx";
import { say } from "../../parts/announcement.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine, titleOf } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";
import { TextPage } from "../../parts/text-page.tsx";
import { bytes, counted, duration } from "../../parts/time.ts";
import { useChanges } from "../../parts/use-changes.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { navigate } from "../../url/navigation.ts";
import { COMPARE_TABS, type Route } from "../../url/route.ts";
import { sessionState } from "../../url/session-state.ts";
import type { AlignedRow } from "./align-entries.ts";
import { sumText } from "./comparison-sum.ts";
import { type Comparison, readComparison } from "./read-comparison.ts";

const ComparisonExport = lazy(() =>
  import("./comparison-export.tsx").then((m) => ({ default: m.ComparisonExport })),
);

type CompareRoute = Extract<Route, { page: "compare" }>;

/** Two sessions side by side: what both have in common is one line, what differs stands beside each other. */
export function ComparePage({ route }: { readonly route: CompareRoute }) {
  const { a, b } = route;
  const turn = useChanges((id) => id === a || id === b);
  const hasBoth = a !== "" && b !== "";
  const found = useQuery(hasBoth ? `${a} ${b} ${turn}` : null, (signal) =>
    readComparison(a as SessionId, b as SessionId, signal),
  );
  if (!hasBoth || found.problem) {
    return (
      <TextPage>
        <h1>Compare</h1>
        {found.problem && <ProblemBox problem={found.problem} />}
        <p>
          Mark two sessions in the list with <kbd>x</kbd>, then press <kbd>c</kbd>.
        </p>
      </TextPage>
    );
  }
  return found.data && <Compared comparison={found.data} route={route} />;
}

function Compared({ comparison, route }: { readonly comparison: Comparison; readonly route: CompareRoute }) {
  const { left, right } = comparison;
  const show = (tab: CompareRoute["tab"]) => navigate({ ...route, tab });
  useKeys({ "1": () => show("differences"), "2": () => show("export") });
  return (
    <div class="compare">
      <h1 class="unseen">Two sessions compared</h1>
      <div class="sides">
        <Facts name="left" head={left} other={right} />
        <Facts name="right" head={right} other={left} />
      </div>
      <div class="session-bar">
        <nav class="tabs" aria-label="Views of the comparison">
          {COMPARE_TABS.map((each) => (
            <a
              key={each}
              href={hrefOf({ ...route, tab: each })}
              aria-current={each === route.tab ? "page" : undefined}
            >
              {each}
            </a>
          ))}
        </nav>
      </div>
      {route.tab === "export" ? (
        <Suspense fallback={null}>
          <ComparisonExport key={`${route.a} ${route.b}`} comparison={comparison} />
        </Suspense>
      ) : (
        <Aligned comparison={comparison} />
      )}
    </div>
  );
}

function Aligned({ comparison }: { readonly comparison: Comparison }) {
  const { left, right, rows } = comparison;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRef<VirtualizerHandle>(null);
  const [at, setAt] = useState(-1);
  const sides: readonly [ShownSide, ShownSide] = [
    { name: "left", id: left.metadata.id, view: useEntryView(left.metadata.tags) ?? DEFAULT_VIEW },
    { name: "right", id: right.metadata.id, view: useEntryView(right.metadata.tags) ?? DEFAULT_VIEW },
  ];
  const differences = rows.flatMap((row, i) => (row.type === "equal" ? [] : [i]));
  const move = (step: 1 | -1) => {
    const next = step === 1 ? differences.find((i) => i > at) : differences.findLast((i) => i < at);
    if (next === undefined) return say(step === 1 ? "No further difference" : "No earlier difference");
    setAt(next);
    virtual.current?.scrollToIndex(next, { align: "center" });
  };
  useKeys({ n: () => move(1), p: () => move(-1), j: () => move(1), k: () => move(-1) });
  return (
    <>
      <p class="quiet compare-sum">
        {sumText(comparison)} <kbd>n</kbd> <kbd>p</kbd> next, previous
      </p>
      <div class="compare-rows" ref={scroller} {...SCROLLABLE}>
        <Virtualizer ref={virtual} scrollRef={scroller} data={rows}>
          {(row, i) => <Row key={i} row={row} sides={sides} isCurrent={i === at} />}
        </Virtualizer>
      </div>
    </>
  );
}

function Facts({
  name,
  head,
  other,
}: {
  readonly name: string;
  readonly head: SessionHead;
  readonly other: SessionHead;
}) {
  const { metadata, entryCount, turnCount } = head;
  const more = entryCount - other.entryCount;
  return (
    <p class="side">
      <SideName name={name} />
      <StatusMark status={metadata.status} />{" "}
      <a href={hrefOf({ page: "session", session: sessionState(metadata.id) })}>{titleOf(metadata)}</a>{" "}
      <span class="quiet">
        {counted(entryCount, "entry", "entries")}
        {more > 0 ? ` (+${more})` : ""}, {counted(turnCount, "turn")},{" "}
        {duration(metadata.updatedAt - metadata.createdAt)}
      </span>
    </p>
  );
}

/** Where both stand below each other. */
function SideName({ name }: { readonly name: string }) {
  return <span class="side-name quiet">{name} </span>;
}

interface ShownSide {
  readonly name: string;
  readonly id: SessionId;
  readonly view: EntryView;
}

function Row({
  row,
  sides: [left, right],
  isCurrent,
}: {
  readonly row: AlignedRow;
  readonly sides: readonly [ShownSide, ShownSide];
  readonly isCurrent: boolean;
}) {
  if (row.type === "equal") {
    return (
      <p class="equal">
        <EntryLink id={left.id} entries={row.left} /> = <EntryLink id={right.id} entries={row.right} />:{" "}
        {counted(row.left.length, "equal entry", "equal entries")}
      </p>
    );
  }
  return (
    <article class={`sides ${row.type}${isCurrent ? " current" : ""}`} aria-label={row.type}>
      {row.type === "right" ? <p class="side nothing">–</p> : <Side {...left} entry={row.left} />}
      {row.type === "left" ? <p class="side nothing">–</p> : <Side {...right} entry={row.right} />}
    </article>
  );
}

function Side({ name, id, view, entry }: ShownSide & { readonly entry: ViewedEntry }) {
  const { entryType } = entry;
  return (
    <div class="side">
      <SideName name={name} />
      <EntryLink id={id} entries={[entry]} />{" "}
      <span class="who">{oneLine(callName(entryType), 60) || entryType.type.replaceAll("_", " ")}</span>
      {isFailure(entryType) && <span class="failed-text"> ✗ failed</span>}
      {entryType.type === "evaluation_result" && <span> score {entryType.score}</span>}
      {shownParts(view, entry).map((part, i) => (
        <LongText
          key={i}
          markdown={part.type === "text"}
          text={"text" in part ? part.text : JSON.stringify("value" in part ? part.value : part.input)}
        />
      ))}
      {entry.truncated && (
        <p class="quiet">
          The beginning of {bytes(entry.truncated.bytes)}; all of it is in the session, and in an export.
        </p>
      )}
    </div>
  );
}

function EntryLink({ id, entries }: { readonly id: SessionId; readonly entries: readonly ViewedEntry[] }) {
  const first = entries[0]?.seq ?? 0;
  const last = entries.at(-1)?.seq ?? first;
  const href = hrefOf({ page: "session", session: sessionState(id, { first, last }) });
  return <a href={href}>{first === last ? `#${first}` : `#${first}–${last}`}</a>;
}
