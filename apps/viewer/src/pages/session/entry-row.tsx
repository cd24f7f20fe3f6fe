import type { SessionId } from "@thulp-sessions/core";
import { memo } from "preact/compat";
import { useContext } from "preact/hooks";
import { EntryViewContext, entryTitle } from "../../content/entry-view.ts";
import { callName, isCall, isFailure, type Row } from "../../content/fold-entries.ts";
import { Clock } from "../../parts/clock.tsx";
import { oneLine } from "../../parts/session-title.ts";
import { counted } from "../../parts/time.ts";
import { hrefOf } from "../../url/href.ts";
import type { SessionState } from "../../url/session-state.ts";
import { EntryBody } from "./entry-body.tsx";

interface Props {
  readonly row: Row;
  readonly id: SessionId;
  readonly state: SessionState;
  readonly isCurrent: boolean;
  /** Opened or closed against what is usual for its kind. */
  readonly isToggled: boolean;
  readonly isRaw: boolean;
  readonly setSize: number;
  /** It is the first of those that have come since this time. */
  readonly newSince: number | null;
  readonly actions: RowActions;
}

/** What a person may do to a row. */
export interface RowActions {
  toggle(row: Row): void;
  focus(row: Row): void;
}

/** One line of the conversation: an entry, calls folded together, or where the session was taken back. */
export const EntryRow = memo(function EntryRow(props: Props) {
  const { row, newSince } = props;
  if (row.type === "taken-back") {
    return (
      <p class="taken-back" data-key={row.key}>
        taken back to {counted(row.to, "entry", "entries")}; {counted(row.gone, "entry", "entries")} went
      </p>
    );
  }
  return (
    <>
      {newSince !== null && (
        <p class="new-line">
          new since <Clock time={newSince} />
        </p>
      )}
      {row.type === "calls" ? <CallsLine {...props} row={row} /> : <EntryArticle {...props} row={row} />}
    </>
  );
});

function CallsLine({
  row,
  isCurrent,
  actions,
  setSize,
}: Props & { readonly row: Extract<Row, { type: "calls" }> }) {
  const { first, last, names, failed, isOpen, noun } = row;
  return (
    <article
      class={`calls${isCurrent ? " current" : ""}`}
      data-key={row.key}
      tabIndex={isCurrent ? 0 : -1}
      aria-posinset={first.seq + 1}
      aria-setsize={setSize}
      aria-label={counted(row.ids.length, noun)}
      onFocusCapture={() => actions.focus(row)}
    >
      <button type="button" class="fold" aria-expanded={isOpen} onClick={() => actions.toggle(row)}>
        <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> #{first.seq}–{last.seq}{" "}
        {counted(row.ids.length, noun)}: {oneLine(names)}
      </button>{" "}
      {failed > 0 && <span class="failed-text">✗ {failed} failed</span>}
    </article>
  );
}

function EntryArticle({
  row,
  id,
  state,
  isCurrent,
  isToggled,
  isRaw,
  setSize,
  actions,
}: Props & { readonly row: Extract<Row, { type: "entry" }> }) {
  const { entry, isGone } = row;
  const { entryType, seq } = entry;
  const view = useContext(EntryViewContext);
  const { range } = state;
  const isFailed = isFailure(entryType);
  const isFolding = isCall(entryType) || entryType.type === "system_event";
  const isOpen = isRaw || !isFolding || (isFailed && !isGone ? !isToggled : isToggled);
  const isTarget = range !== null && range.first <= seq && seq <= range.last;
  const classes = [
    "entry",
    `entry-${entryType.type}`,
    isFailed && "failed",
    isGone && "gone",
    isCurrent && "current",
    isTarget && "target",
  ];
  const href = hrefOf({ page: "session", session: { ...state, range: { first: seq, last: seq } } });
  const who = whoOf(entry);
  return (
    <article
      class={classes.filter(Boolean).join(" ")}
      data-key={row.key}
      data-seq={seq}
      tabIndex={isCurrent ? 0 : -1}
      aria-posinset={seq + 1}
      aria-setsize={setSize}
      aria-label={`${seq} ${who}${isFailed ? ", failed" : ""}`}
      onFocusCapture={() => actions.focus(row)}
    >
      <div class="entry-head">
        <a class="seq" href={href} title="A link to this entry">
          #{seq}
        </a>
        {isFolding && !isRaw ? (
          <button type="button" class="fold" aria-expanded={isOpen} onClick={() => actions.toggle(row)}>
            <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> <span class="who">{who}</span>{" "}
            <span class="call-title">{oneLine(entryTitle(view, entry), 160)}</span>
          </button>
        ) : (
          <span class="who">{who}</span>
        )}
        {isFailed && <span class="failed-text">✗ failed</span>}
        {isGone && <span class="quiet">taken away</span>}
        {entry.inexact && (
          <span
            class="quiet"
            title="It holds a number that JavaScript can only round; what is stored is kept."
          >
            rounded
          </span>
        )}
        <Clock time={entry.timestamp} />
      </div>
      {isOpen && <EntryBody entry={entry} id={id} isRaw={isRaw} isGone={isGone} />}
    </article>
  );
}

function whoOf({ entryType }: Extract<Row, { type: "entry" }>["entry"]): string {
  switch (entryType.type) {
    case "user_message":
      return "user";
    case "assistant_message":
      return "assistant";
    case "system_message":
      return "system";
    case "system_event":
      return `event ${oneLine(entryType.event, 60)}`;
    case "evaluation_result":
      return "evaluation";
    case "skill_execution":
      return `skill ${oneLine(callName(entryType), 60)}`;
    case "tool_call":
      return oneLine(callName(entryType), 60);
  }
}
