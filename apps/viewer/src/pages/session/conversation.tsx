// Longer than most files: what moves the place that is read (keys, jumps, following) acts on one list.
import type { Signal } from "@preact/signals";
import type { ViewedEntry } from "@thulp-sessions/core";
import type { Ref } from "preact";
import { forwardRef } from "preact/compat";
import {
  useContext,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { EntryViewContext } from "../../content/entry-view.ts";
import { foldEntries, foldedCalls, type Row, rowOfSeq, seqOfRow } from "../../content/fold-entries.ts";
import { nextPlace } from "../../content/seq-ranges.ts";
import { say } from "../../parts/announcement.ts";
import { copyText } from "../../parts/copy.ts";
import { focusRow } from "../../parts/focus.ts";
import { counted } from "../../parts/time.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { hrefOf } from "../../url/href.ts";
import { navigate } from "../../url/navigation.ts";
import type { EntryRange, SessionState } from "../../url/session-state.ts";
import { EntryRow, type RowActions } from "./entry-row.tsx";
import { GoTo } from "./go-to.tsx";
import { highlightWords } from "./highlight-words.ts";
import type { OpenSession } from "./open-session.ts";
import { type PlaceKind, SessionPlaces } from "./session-places.ts";
import { useResize } from "./use-resize.ts";

/** What others on the page may ask of the conversation. */
export interface ConversationHandle {
  /** Shows the entry of a `seq`, loaded or not. */
  jump(seq: number): void;
}

interface Props {
  readonly session: OpenSession;
  readonly state: SessionState;
  readonly isRaw: boolean;
  /** Until then nothing is drawn. */
  readonly isViewKnown: boolean;
  /** Becomes the entry that is at the top of the screen. */
  readonly seq: Signal<number>;
}

/** So near to the end, in pixels, it is the end that is read. */
const END_PX = 4;
/** So many rows before an edge of what is loaded the next ones are asked for. */
const NEAR_ROWS = 15;
const PIN_MS = 1000;
/** Rows beside the screen, which a scroll would show, are drawn so long after the first ones. */
const OVERSCAN_AFTER_MS = 100;
/** By these the browser scrolls the list itself, before it says that it has. */
const KEYS_UP: readonly string[] = ["ArrowUp", "PageUp", "Home"];
const KEYS_DOWN: readonly string[] = ["ArrowDown", "PageDown", "End"];
/** A screen reader is told of new entries no more often. */
const TELL_MS = 10_000;

/**
 * The entries of a session as a feed. Of what is loaded only what is on the screen is made.
 *
 * Longer than most functions: the hooks of one list share its references.
 */
export const Conversation = forwardRef(function Conversation(
  { session, state, isRaw, isViewKnown, seq: topSeq }: Props,
  ref: Ref<ConversationHandle>,
) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRef<VirtualizerHandle>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const [openCalls, setOpenCalls] = useState<ReadonlySet<string>>(new Set());
  const [allOpen, setAllOpen] = useState(false);
  /** Entries that are opened or closed against what is usual for their kind. */
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [isAsking, setAsking] = useState(false);
  /** So many of those that were added have been there to be seen; who follows the end sees them all. */
  const seen = useRef(0);
  const belowShown = useRef(0);
  const [, setRedraw] = useState({});
  const [newFrom, setNewFrom] = useState<{ readonly seq: number; readonly time: number } | null>(null);
  const isFollowing = useRef(state.range === null);
  /** A hand has begun to turn away from the end, where the list still is: the screen follows it later. */
  const isLeaving = useRef(false);
  const leaveEnd = () => {
    moves.current++;
    pinned.current = null;
    // Where all of it is on the screen there is nowhere to turn to.
    const list = scroller.current;
    if (list && list.scrollHeight <= list.clientHeight) return;
    isFollowing.current = false;
    isLeaving.current = true;
  };
  const goOn = () => {
    moves.current++;
    pinned.current = null;
    isLeaving.current = false;
  };
  /** The last key that leads to a place: the next one goes on from there. */
  const going = useRef<Promise<void>>(Promise.resolve());
  /** So often a person has moved otherwise: then the place that a key before looks for is dropped. */
  const moves = useRef(0);
  const wanted = useRef<{ readonly range: EntryRange; readonly focus: boolean } | null>(
    state.range && { range: state.range, focus: false },
  );
  /** The list has been scrolled to where it begins: before that, nobody sees the rows at its start. */
  const isPlaced = useRef(false);
  /** What the first screen needs not is drawn after it. */
  const [hasOverscan, setOverscan] = useState(false);
  /** The row that was jumped to, for as long as the rows around it get their heights. */
  const pinned = useRef<{ readonly key: string; until: number } | null>(null);
  const pinnedNow = () =>
    pinned.current && performance.now() < pinned.current.until ? pinned.current : null;
  const pin = (key: string) => {
    const mine = { key, until: Number.POSITIVE_INFINITY };
    pinned.current = mine;
    // From when its rows have been drawn, which takes its time on a machine that is busy.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        mine.until = performance.now() + PIN_MS;
      }),
    );
  };
  // Not by the list's own scrollToIndex, which goes there again and again until 150 ms after the last row has
  // got its height, also when a person has turned the wheel meanwhile.
  const scrollToRow = (index: number) => {
    if (scroller.current) scroller.current.scrollTop = (virtual.current?.getItemOffset(index) ?? 0) - 8;
  };
  const scrollToEnd = () => {
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  const place = () => {
    if (isPlaced.current) return;
    isPlaced.current = true;
    // The list hears of it now, and not with the next frame: that one has the rows.
    scroller.current?.dispatchEvent(new Event("scroll"));
    setRedraw({});
    setTimeout(() => setOverscan(true), OVERSCAN_AFTER_MS);
  };
  const seeAll = () => {
    seen.current = session.added.value;
    if (belowShown.current > 0 || newFrom !== null) setRedraw({});
  };
  const places = useMemo(() => new SessionPlaces(session.id), [session.id]);

  const entries = session.entries.value;
  const gone = session.gone.value;
  const head = session.head.value;
  const added = session.added.value;
  const view = useContext(EntryViewContext);
  const isAside = isRaw ? undefined : view.isAside;
  const rows = useMemo(
    () => (isViewKnown ? foldEntries(entries, gone, { openCalls, allOpen, isAside }) : []),
    [entries, gone, openCalls, allOpen, isAside, isViewKnown],
  );
  const shift = useShift(rows);

  const jump = (seq: number) => {
    moves.current++;
    show({ first: seq, last: seq }, true);
  };
  const show = (range: EntryRange, focus: boolean) => {
    const seq = range.first;
    const first = entries[0]?.seq ?? 0;
    const last = entries.at(-1)?.seq ?? -1;
    // While another place is being opened, what is loaded will be gone by then.
    const isLoaded =
      !session.loading.value &&
      (seq >= first || session.isStartLoaded.value) &&
      (seq <= last || session.isEndLoaded.value) &&
      last >= 0;
    isFollowing.current = false;
    wanted.current = { range, focus };
    if (isLoaded) bring();
    else void session.openAt(seq);
  };
  useImperativeHandle(ref, () => ({ jump }));

  const bring = () => {
    const want = wanted.current;
    if (!want || rows.length === 0 || session.loading.value) return;
    const { first, last } = want.range;
    const folded = foldedCalls(rows, want.range);
    if (folded.length > 0) {
      // Then the rows are others, and it is brought there.
      setOpenCalls(new Set([...openCalls, ...folded]));
      return;
    }
    let index = rowOfSeq(rows, first);
    if (index < 0) index = rows.findIndex((row) => seqOfRow(row) >= first && seqOfRow(row) <= last);
    if (index < 0) index = rows.findIndex((row) => seqOfRow(row) >= first);
    if (index < 0) index = rows.length - 1;
    wanted.current = null;
    const row = rows[index] as Row;
    setCurrent(row.key);
    scrollToRow(index);
    pin(row.key);
    place();
    if (want.focus) focusRow(scroller.current, rowOf(row.key), 10);
  };
  const toEnd = () => {
    moves.current++;
    if (session.loading.value || !session.isEndLoaded.value) void session.openAt(null);
    isFollowing.current = true;
    wanted.current = null;
    pinned.current = null;
    seeAll();
    scrollToEnd();
  };

  const range = state.range;
  const rangeKey = range ? `${range.first}-${range.last}` : "";
  useEffect(() => {
    if (!range) return;
    moves.current++;
    show(range, false);
  }, [rangeKey]);
  useLayoutEffect(() => {
    if (wanted.current) bring();
    else if (isFollowing.current && session.isEndLoaded.value && rows.length > 0) {
      scrollToEnd();
      seeAll();
      place();
    }
    const { scrollSize = 0, viewportSize = 0 } = virtual.current ?? {};
    if (rows.length > 0 && viewportSize > 0 && scrollSize < viewportSize * 1.5) void session.before();
  }, [rows, session.loading.value]);
  useEffect(() => {
    if (isFollowing.current || added === seen.current) setNewFrom(null);
    else if (newFrom === null) {
      const first = entries.at(seen.current - added);
      if (first) setNewFrom({ seq: first.seq, time: Date.now() });
    }
  }, [added, seen.current]);
  useResize(scroller, () => {
    const kept = pinnedNow();
    if (kept) {
      const at = rows.findIndex(({ key }) => key === kept.key);
      if (at >= 0) scrollToRow(at);
    } else if (isFollowing.current && session.isEndLoaded.value) scrollToEnd();
  });
  useEffect(() => highlightWords(scroller.current, state.find), [state.find, rows]);

  const onScroll = () => {
    const list = virtual.current;
    if (!list) return;
    const isAtEnd =
      session.isEndLoaded.value && list.scrollOffset + list.viewportSize >= list.scrollSize - END_PX;
    // A jump to near the end is none to the end, also while the rows have no heights yet.
    if (!isAtEnd) isLeaving.current = false;
    if (isAtEnd && !isLeaving.current && !pinnedNow()) {
      isFollowing.current = true;
      seeAll();
    }
    const top = rows[list.findItemIndex(list.scrollOffset)];
    if (top) topSeq.value = seqOfRow(top);
    if (list.findItemIndex(list.scrollOffset) < NEAR_ROWS) void session.before();
    if (list.findItemIndex(list.scrollOffset + list.viewportSize) > rows.length - NEAR_ROWS)
      void session.after();
    highlightWords(scroller.current, state.find);
  };

  const index = rows.findIndex(({ key }) => key === current);
  const row = rows[index];
  const seq = row ? seqOfRow(row) : (entries[0]?.seq ?? 0) - 1;
  const step = (by: 1 | -1) => {
    const start =
      index < 0 ? (virtual.current?.findItemIndex(virtual.current.scrollOffset) ?? 0) - by : index;
    const next = Math.max(0, Math.min(rows.length - 1, start + by));
    const target = rows[next];
    if (!target) return;
    moves.current++;
    pinned.current = null;
    if (next < rows.length - 1) isFollowing.current = false;
    setCurrent(target.key);
    virtual.current?.scrollToIndex(next, { align: "nearest" });
    focusRow(scroller.current, rowOf(target.key), 10);
  };
  const toPlace = async (kind: PlaceKind, by: 1 | -1, what: string, asOf: number) => {
    const ranges = await places.of(kind, head?.version ?? "");
    if (moves.current !== asOf) return;
    // As the rows are by now, from the place that a key before leads to.
    const found = nextPlace(ranges, wanted.current?.range.first ?? latest.current.seq, by);
    if (found === null) say(`No ${by === 1 ? "further" : "earlier"} ${what}`);
    else latest.current.show({ first: found, last: found }, true);
  };
  const go = (kind: PlaceKind, by: 1 | -1, what: string) => {
    const asOf = moves.current;
    going.current = going.current
      .then(() => toPlace(kind, by, what, asOf))
      .catch(() => say(`The ${what} could not be looked for`));
  };
  const toggle = (each: Row) => {
    if (each.type === "calls") {
      const next = new Set(openCalls);
      if (each.isOpen) for (const id of each.ids) next.delete(id);
      else next.add(each.ids[0] as string);
      setOpenCalls(next);
      if (allOpen) setAllOpen(false);
    } else if (each.type === "entry") {
      const next = new Set(toggled);
      if (!next.delete(each.key)) next.add(each.key);
      setToggled(next);
    }
  };
  const latest = useRef({ toggle, setCurrent, show, seq });
  latest.current = { toggle, setCurrent, show, seq };
  // Always the same, so that a row that has not changed is not made again.
  const actions = useMemo<RowActions>(
    () => ({
      toggle: (each) => latest.current.toggle(each),
      focus: (each) => latest.current.setCurrent(each.key),
    }),
    [],
  );
  const linkTo = (entry: ViewedEntry) => {
    const session = { ...state, range: { first: entry.seq, last: entry.seq } };
    return location.origin + hrefOf({ page: "session", session });
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    J: () => go("user", 1, "message of the user"),
    K: () => go("user", -1, "message of the user"),
    f: () => go("failures", 1, "failure"),
    F: () => go("failures", -1, "failure"),
    e: () => go("results", 1, "evaluation result"),
    E: () => go("results", -1, "evaluation result"),
    g: () => jump(0),
    G: toEnd,
    ":": () => setAsking(true),
    "[": () => {
      setAllOpen(false);
      setOpenCalls(new Set());
    },
    "]": () => setAllOpen(true),
    Enter: () => (row ? toggle(row) : false),
    o: () => (row ? toggle(row) : false),
    " ": () => (row ? toggle(row) : false),
    y: () => {
      if (row?.type !== "entry") return false;
      void copyText(linkTo(row.entry), "Link");
      return;
    },
    Y: () => {
      if (row?.type !== "entry") return false;
      void copyText(JSON.stringify(row.entry, null, 2), "Entry");
      return;
    },
    Escape: () => {
      if (range) navigate({ page: "session", session: { ...state, range: null } }, { replace: true });
      else setCurrent(null);
    },
  });

  const isLive = head?.metadata.status === "active" && !session.deleted.value;
  const below = isFollowing.current ? 0 : added - seen.current;
  belowShown.current = below;
  return (
    <section class="conversation" aria-label="Entries">
      {isAsking && (
        <GoTo
          most={Math.max(0, (head?.entryCount ?? 1) - 1)}
          onGo={(to) => {
            setAsking(false);
            if (to !== null) jump(to);
          }}
        />
      )}
      {entries.length === 0 && !session.loading.value && gone.length === 0 && !session.problem.value && (
        <p class="empty">{state.kind === "all" && state.tool === "" ? "No entry yet." : "No such entry."}</p>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a feed where it has rows, and the keys are the browser's. */}
      <div
        class={`feed${session.loading.value ? " stale" : ""}`}
        // A feed without articles is none.
        {...(rows.length > 0 && { role: "feed", "aria-label": "Conversation" })}
        aria-busy={session.loading.value}
        ref={scroller}
        tabIndex={-1}
        onWheel={({ deltaY }) => (deltaY < 0 ? leaveEnd() : goOn())}
        onTouchMove={leaveEnd}
        onKeyDown={({ key }) => {
          if (KEYS_UP.includes(key)) leaveEnd();
          else if (KEYS_DOWN.includes(key)) goOn();
        }}
        onPointerDown={(event) => {
          moves.current++;
          pinned.current = null;
          const { currentTarget: list, target, offsetX } = event;
          // On the scroll bar, which has no events of its own.
          if (target === list && offsetX >= list.clientWidth) leaveEnd();
        }}
      >
        <Virtualizer
          ref={virtual}
          scrollRef={scroller}
          data={rows}
          shift={shift}
          {...(!hasOverscan && { bufferSize: 0 })}
          onScroll={onScroll}
        >
          {(each) =>
            isPlaced.current ? (
              <EntryRow
                key={each.key}
                row={each}
                id={session.id}
                state={state}
                isCurrent={each.key === current}
                isToggled={toggled.has(each.key)}
                isRaw={isRaw}
                setSize={isLive ? -1 : (head?.entryCount ?? -1)}
                newSince={
                  newFrom !== null && each.type === "entry" && each.entry.seq === newFrom.seq
                    ? newFrom.time
                    : null
                }
                actions={actions}
              />
            ) : (
              <div key={each.key} />
            )
          }
        </Virtualizer>
      </div>
      {below > 0 && (
        <button type="button" class="below" onClick={toEnd}>
          {counted(below, "new entry", "new entries")} below <kbd>G</kbd>
        </button>
      )}
      <NewEntries count={below} />
    </section>
  );
});

/** For a screen reader, now and then: the entries themselves would be read on and on. */
function NewEntries({ count }: { readonly count: number }) {
  const [told, setTold] = useState(0);
  useEffect(() => {
    if (count === told) return;
    const timer = setTimeout(() => setTold(count), told === 0 ? 0 : TELL_MS);
    return () => clearTimeout(timer);
  }, [count, told]);
  return (
    <p class="unseen" role="status">
      {told > 0 ? counted(told, "new entry", "new entries") : ""}
    </p>
  );
}

/** Whether rows were added or removed at the start: then the list keeps its place from the end. */
function useShift(rows: readonly Row[]): boolean {
  const before = useRef<readonly Row[]>([]);
  const { current: old } = before;
  const shift =
    old.length > 0 && rows.length > 0 && old[0]?.key !== rows[0]?.key && old.at(-1)?.key === rows.at(-1)?.key;
  useLayoutEffect(() => {
    before.current = rows;
  });
  return shift;
}

function rowOf(key: string): string {
  return `[data-key="${CSS.escape(key)}"]`;
}
