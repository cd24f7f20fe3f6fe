import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { say } from "../../parts/announcement.ts";
import { Begun } from "../../parts/begun.ts";
import { copyText } from "../../parts/copy.ts";
import { FilterChips } from "../../parts/filter-chips.tsx";
import { focusRow } from "../../parts/focus.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { counted } from "../../parts/time.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { hrefOf } from "../../url/href.ts";
import { type ListState, listParams } from "../../url/list-state.ts";
import { navigate, rememberedOffset, rememberOffset } from "../../url/navigation.ts";
import { sessionState } from "../../url/session-state.ts";
import { EmptyStore } from "./empty-store.tsx";
import { FacetPanel } from "./facet-panel.tsx";
import { ListRow } from "./list-row.tsx";
import { look, lookedAt } from "./looked-at.ts";
import { NothingMatches } from "./nothing-matches.tsx";
import { newRowCount, timeOf } from "./row-order.ts";
import { isNaming, savedViews, VIEW_KEYS } from "./saved-views.ts";
import { SearchHits } from "./search-hits.tsx";
import { SessionList } from "./session-list.ts";
import { TableHead, TableRow } from "./table-row.tsx";
import { ViewNameForm } from "./view-panel.tsx";

const begun = new Begun<SessionList>();

/** Asks for the sessions of the first page before it is drawn. */
export function beginList(list: ListState): void {
  const { asked, key } = askedBy(list);
  const sessions = new SessionList(asked);
  begun.put(key, sessions);
  sessions.begin();
}

/** What a page asks the server for, and a key of that. */
function askedBy(list: ListState): { readonly asked: ListState; readonly key: string } {
  const asked: ListState = { ...list, text: "", view: "compact" };
  return { asked, key: listParams(asked).toString() };
}

/** The sessions of a filter, or what a search has found among them. */
export function ListPage({ list }: { readonly list: ListState }) {
  const { asked, key } = askedBy(list);
  const sessions = useMemo(() => begun.take(key) ?? new SessionList(asked), [key]);
  // With what is drawn: a list that is left before that would listen for ever.
  useLayoutEffect(() => {
    sessions.begin();
    return () => sessions.stop();
  }, [sessions]);
  const openView = (place: number) => () => {
    const view = savedViews.value[place];
    if (!view) return false;
    navigate({ page: "list", list: view.list });
    return;
  };
  useKeys({
    v: () => {
      isNaming.value = true;
    },
    s: () => navigate({ page: "stats", list }),
    ...Object.fromEntries(
      Array.from({ length: VIEW_KEYS }, (_, place) => [String(place + 1), openView(place)]),
    ),
  });
  const facets = sessions.facets.value;
  const total = facets?.total;
  const isEmptyStore = total === 0 && key === "" && list.text === "" && !sessions.loading.value;
  return (
    <div class="list-page">
      <FacetPanel list={list} facets={facets} />
      <section class="list-main" aria-label="Sessions">
        <h1 class="unseen">Sessions</h1>
        <ViewNameForm list={list} />
        <FilterChips list={list} total={total} hrefFor={(next) => hrefOf({ page: "list", list: next })} />
        {sessions.problem.value && (
          <ProblemBox problem={sessions.problem.value}>
            <button type="button" onClick={() => sessions.load()}>
              Try again
            </button>
          </ProblemBox>
        )}
        {isEmptyStore ? (
          <EmptyStore />
        ) : list.text === "" ? (
          <Rows list={list} sessions={sessions} />
        ) : (
          <SearchHits list={list} />
        )}
      </section>
    </div>
  );
}

/**
 * The rows that are loaded, of which only those on the screen are made.
 *
 * Longer than most functions: its keys share what is selected and marked.
 */
function Rows({ list, sessions }: { readonly list: ListState; readonly sessions: SessionList }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRef<VirtualizerHandle>(null);
  const [marked, setMarked] = useState<readonly string[]>([]);
  const [chosen, setSelected] = useState<string | null>(null);
  const rows = sessions.rows.value;
  const waiting = sessions.waiting.value;
  const isReady = rows.length > 0;
  sessions.mayMove = () =>
    (scroller.current?.scrollTop ?? 0) < 4 && !scroller.current?.contains(document.activeElement);

  useEffect(() => {
    if (isReady && scroller.current) scroller.current.scrollTop = rememberedOffset();
  }, [isReady]);
  useEffect(() => {
    const newest = rows[0];
    const leave = () => newest && look(timeOf(newest, list.sort));
    const hide = () => document.hidden && leave();
    document.addEventListener("visibilitychange", hide);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      leave();
    };
  }, [rows]);

  const index = rows.findIndex(({ id }) => id === chosen);
  // While another list is being loaded, no key is meant for a row of the one before.
  const selected = index < 0 ? null : chosen;
  const select = (next: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
    if (!row) return;
    setSelected(row.id);
    virtual.current?.scrollToIndex(rows.indexOf(row), { align: "nearest" });
    focusRow(scroller.current, `[data-id="${row.id}"]`, 5);
  };
  const openSelected = () => {
    if (selected === null) return false;
    navigate({ page: "session", session: sessionState(selected) });
    return;
  };
  const toggleMark = () => {
    if (selected === null) return false;
    setMarked(marked.includes(selected) ? marked.filter((id) => id !== selected) : [...marked, selected]);
    return;
  };
  useKeys({
    j: () => select(index + 1),
    k: () => select(index < 0 ? 0 : index - 1),
    ArrowDown: () => (index < 0 ? false : select(index + 1)),
    ArrowUp: () => (index < 0 ? false : select(index - 1)),
    g: () => select(0),
    G: () => select(rows.length - 1),
    o: openSelected,
    Enter: openSelected,
    t: () => {
      if (selected === null) return false;
      navigate({ page: "tree", id: selected });
      return;
    },
    x: toggleMark,
    c: () => {
      const [a, b] = marked;
      if (a === undefined || b === undefined) say("Mark two sessions with x, then compare them with c");
      else navigate({ page: "compare", a, b, tab: "differences" });
    },
    y: () => {
      if (selected === null) return false;
      const path = hrefOf({ page: "session", session: sessionState(selected) });
      void copyText(location.origin + path, "Link");
      return;
    },
    ".": () => sessions.letIn(),
    Escape: () => setMarked([]),
  });

  const isTable = list.view === "table";
  const Row = isTable ? TableRow : ListRow;
  const newCount = newRowCount(rows, lookedAt, list.sort);
  return (
    <>
      {waiting.size > 0 && (
        <button type="button" class="bar" onClick={() => sessions.letIn()}>
          {counted(waiting.size, "session")} new or changed: show <kbd>.</kbd>
        </button>
      )}
      {isReady || sessions.loading.value || sessions.problem.value ? null : <NothingMatches list={list} />}
      {isTable && isReady && <TableHead />}
      <div
        class={`rows${sessions.loading.value ? " stale" : ""}`}
        ref={scroller}
        tabIndex={-1}
        aria-busy={sessions.loading.value}
        // A list that is emptied for another one is scrolled to its start by that.
        onScroll={() => isReady && rememberOffset(scroller.current?.scrollTop ?? 0)}
      >
        <Virtualizer
          ref={virtual}
          as="ul"
          item="li"
          scrollRef={scroller}
          data={rows}
          onScroll={() => {
            const end = virtual.current?.findItemIndex(
              virtual.current.scrollOffset + virtual.current.viewportSize,
            );
            if (end !== undefined && end > rows.length - 15) void sessions.more();
          }}
        >
          {(row, i) => (
            <>
              <Row
                row={row}
                isSelected={row.id === selected}
                isMarked={marked.includes(row.id)}
                onFocus={() => setSelected(row.id)}
              />
              {i + 1 === newCount && (
                <p class="new-line">{counted(newCount, "session")} new since you looked</p>
              )}
            </>
          )}
        </Virtualizer>
        {!sessions.isWhole.value && isReady && (
          <button type="button" class="more" onClick={() => sessions.more()}>
            More
          </button>
        )}
      </div>
    </>
  );
}
