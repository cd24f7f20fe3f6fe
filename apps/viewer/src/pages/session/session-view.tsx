import { useSignal } from "@preact/signals";
import type { SessionHead, SessionId } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { DEFAULT_VIEW } from "@thulp-sessions/core/view";
import { lazy, Suspense } from "preact/compat";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { EntryViewContext, useEntryView } from "../../content/entry-view.ts";
import { JsonTree } from "../../content/json-tree.tsx";
import { Begun } from "../../parts/begun.ts";
import { Ago } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { oneLine, titleOf, typeText } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { HOME, hrefOf } from "../../url/href.ts";
import { EMPTY_LIST } from "../../url/list-state.ts";
import { navigate } from "../../url/navigation.ts";
import {
  ENTRY_KINDS,
  type EntryKind,
  SESSION_TABS,
  type SessionState,
  sessionHash,
  sessionState,
} from "../../url/session-state.ts";
import { Conversation, type ConversationHandle } from "./conversation.tsx";
import { openSource } from "./entry-source.ts";
import { FindBar } from "./find-bar.tsx";
import { OpenSession } from "./open-session.ts";
import { Rail } from "./rail.tsx";
import { SessionData } from "./session-data.tsx";
import { TurnPanel } from "./turn-panel.tsx";

const ExportView = lazy(() => import("../export/export-view.tsx").then((m) => ({ default: m.ExportView })));

const begun = new Begun<OpenSession>();

/** Asks for the entries of the first page before it is drawn. */
export function beginSession(id: SessionId, { kind, tool, range }: SessionState): void {
  const session = new OpenSession(id, openSource(id, kind, tool));
  begun.put(`${id} ${kind} ${tool}`, session);
  void session.openAt(range?.first ?? null);
}

/**
 * One session, in one of its tabs.
 *
 * Longer than most functions: half of it is what it looks like.
 */
export function SessionView({ id, state }: { readonly id: SessionId; readonly state: SessionState }) {
  const { kind, tool, tab } = state;
  const session = useMemo(
    () => begun.take(`${id} ${kind} ${tool}`) ?? new OpenSession(id, openSource(id, kind, tool)),
    [id, kind, tool],
  );
  const conversation = useRef<ConversationHandle>(null);
  /** Scrolling changes it: only what shows it is made again then. */
  const seq = useSignal(0);
  const [hasTurns, setTurns] = useState(false);
  // With what is drawn: a session that is left before that would listen for ever.
  useLayoutEffect(() => {
    void session.openAt(state.range?.first ?? null);
    return () => session.stop();
  }, [session]);
  const head = session.head.value;
  const title = head ? titleOf(head.metadata) : "";
  const view = useEntryView(head?.metadata.tags);
  useEffect(() => {
    document.title = `${head?.metadata.status === "active" ? "● " : ""}${title || id.slice(0, 8)} · thulp-sessions`;
  }, [title, head?.metadata.status]);
  const show = (change: Partial<SessionState>) =>
    navigate({ page: "session", session: { ...state, range: null, ...change } });
  useKeys({
    "1": () => show({ tab: "conversation" }),
    "2": () => show({ tab: "data" }),
    "3": () => show({ tab: "context" }),
    "4": () => show({ tab: "raw" }),
    "5": () => show({ tab: "export", range: state.range }),
    r: () => show({ tab: tab === "raw" ? "conversation" : "raw" }),
    t: () => navigate({ page: "tree", id }),
    "\\": () => setTurns(!hasTurns),
  });
  const problem = session.problem.value;
  const hasEntries = tab === "conversation" || tab === "raw";
  return (
    <div class="session">
      <SessionHeader id={id} head={head} isDeleted={session.deleted.value} />
      <div class="session-bar">
        <nav class="tabs" aria-label="Views of the session">
          {SESSION_TABS.map((each) => (
            <a
              key={each}
              href={hrefOf({
                page: "session",
                session: { ...state, tab: each, range: rangeIn(each, state) },
              })}
              aria-current={each === tab ? "page" : undefined}
            >
              {each}
            </a>
          ))}
          <a href={hrefOf({ page: "tree", id })}>tree</a>
        </nav>
        {hasEntries && (
          <>
            <label>
              Show{" "}
              <select
                value={kind}
                onChange={(event) => show({ kind: event.currentTarget.value as EntryKind })}
              >
                {ENTRY_KINDS.map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </select>
            </label>
            {tool !== "" && (
              <button type="button" onClick={() => show({ tool: "" })}>
                only {oneLine(tool, 40)} ×
              </button>
            )}
            <FindBar
              id={id}
              version={head?.version ?? ""}
              text={state.find}
              seq={seq}
              onText={(find) =>
                navigate({ page: "session", session: { ...state, find, range: null } }, { replace: true })
              }
              onPlace={(place) => conversation.current?.jump(place)}
            />
            <button type="button" aria-expanded={hasTurns} onClick={() => setTurns(!hasTurns)}>
              Turns
            </button>
          </>
        )}
      </div>
      {problem && (
        <ProblemBox problem={problem}>
          {problem.code === "corrupt" && (
            <p>
              Look at it with <code>thulp-sessions check</code>, and see what{" "}
              <code>thulp-sessions repair</code> would do.
            </p>
          )}
          <button type="button" onClick={() => session.openAt(state.range?.first ?? null)}>
            Try again
          </button>{" "}
          <a href={HOME}>All sessions</a>
        </ProblemBox>
      )}
      {hasEntries && (head || !problem) ? (
        <div class="session-body">
          {hasTurns && <TurnPanel id={id} version={head?.version ?? ""} state={state} />}
          <EntryViewContext.Provider value={view ?? DEFAULT_VIEW}>
            <Conversation
              // Which entries are new, and which row is read, is of the entries that are shown.
              key={`${kind} ${tool}`}
              ref={conversation}
              session={session}
              isViewKnown={view !== null}
              state={state}
              isRaw={tab === "raw"}
              seq={seq}
            />
          </EntryViewContext.Provider>
          <Rail
            id={id}
            version={session.isOpen.value && head ? head.version : ""}
            seq={seq}
            onJump={(to) => conversation.current?.jump(to)}
          />
        </div>
      ) : null}
      {tab === "data" && head && <SessionData id={id} head={head} state={state} />}
      {tab === "export" && head && (
        <Suspense fallback={null}>
          <ExportView key={sessionHash(state)} id={id} head={head} range={state.range} />
        </Suspense>
      )}
      {tab === "context" && head && (
        <TextPage>
          <h2>Context</h2>
          {head.inexact && <p>It holds a number that JavaScript can only round; what is stored is kept.</p>}
          <JsonTree value={head.context} openLevels={2} />
        </TextPage>
      )}
    </div>
  );
}

/** Some entries stay chosen on the way to their export. */
function rangeIn(tab: SessionState["tab"], { range }: SessionState): SessionState["range"] {
  return tab === "export" ? range : null;
}

function SessionHeader({
  id,
  head,
  isDeleted,
}: {
  readonly id: SessionId;
  readonly head: SessionHead | null;
  readonly isDeleted: boolean;
}) {
  const metadata = head?.metadata;
  return (
    <div class="session-head">
      <a class="up" href={HOME} title="All sessions  u">
        ‹<span class="unseen">All sessions</span>
      </a>
      <h1>{metadata ? titleOf(metadata) : <code>{id.slice(0, 8)}</code>}</h1>
      {metadata && (
        <>
          <StatusMark status={metadata.status} named />
          <span class="quiet">{typeText(metadata.sessionType)}</span>
          {metadata.tags.slice(0, 20).map((tag, i) => (
            <a class="tag" key={i} href={hrefOf({ page: "list", list: { ...EMPTY_LIST, tag } })}>
              {oneLine(tag, 60)}
            </a>
          ))}
          <span class="quiet">
            {counted(head.entryCount, "entry", "entries")}, {counted(head.turnCount, "turn")},{" "}
            <Ago time={metadata.updatedAt} />
          </span>
          {metadata.parentSession && (
            <a href={hrefOf({ page: "session", session: sessionState(metadata.parentSession) })}>parent</a>
          )}
        </>
      )}
      {isDeleted && (
        <p class="bar" role="status">
          The session was deleted. What was loaded stays until you leave.
        </p>
      )}
      {metadata?.name !== undefined && metadata.name.length > 200 && (
        <details>
          <summary>whole name</summary>
          {visibleText(metadata.name.slice(0, 65_536))}
        </details>
      )}
    </div>
  );
}
