import type { SessionId, StoredEntry, ViewedEntry } from "@thulp-sessions/core";
import { visibleJson } from "@thulp-sessions/core/text";
import { callTitle, type ViewPart } from "@thulp-sessions/core/view";
import { useContext, useState } from "preact/hooks";
import { EntryViewContext, shownParts } from "../../content/entry-view.ts";
import { JsonTree } from "../../content/json-tree.tsx";
import { LongText } from "../../content/long-text.tsx";
import { calls } from "../../live/live.ts";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { oneLine } from "../../parts/session-title.ts";
import { bytes } from "../../parts/time.ts";

interface Props {
  readonly entry: ViewedEntry;
  readonly id: SessionId;
  readonly isRaw: boolean;
  /** It is no longer stored: there is no whole of it. */
  readonly isGone: boolean;
}

/** What an entry says; of a long one the beginning, and the way to the whole. */
export function EntryBody({ entry, id, isRaw, isGone }: Props) {
  const [whole, setWhole] = useState<StoredEntry | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isLoading, setLoading] = useState(false);
  const shown: ViewedEntry = whole ?? entry;
  const { truncated } = shown;
  const load = async () => {
    setLoading(true);
    try {
      const found = await calls().entries.get.query({ id, seq: entry.seq });
      if (found.entry?.id === entry.id) setWhole(found.entry);
      else setProblem({ code: "not_found", message: "This entry is not stored any more." });
    } catch (error) {
      setProblem(problemOf(error));
    }
    setLoading(false);
  };
  return (
    <div class="entry-body">
      {isRaw ? <Raw entry={shown} /> : <Contents entry={shown} />}
      {truncated && (
        <p class="cut">
          The beginning: the entry takes {bytes(truncated.bytes)}.{" "}
          {!isGone && (
            <button type="button" disabled={isLoading} onClick={load}>
              Show all ({bytes(truncated.bytes)})
            </button>
          )}
        </p>
      )}
      {problem && <ProblemBox problem={problem} />}
    </div>
  );
}

function Contents({ entry }: { readonly entry: ViewedEntry }) {
  const { entryType, content } = entry;
  const view = useContext(EntryViewContext);
  return (
    <>
      {entryType.type === "evaluation_result" && (
        <dl class="facts metrics">
          <dt>score</dt>
          <dd>{entryType.score}</dd>
          {Object.entries(entryType.metrics)
            .slice(0, 50)
            .map(([name, value]) => [
              <dt key={name}>{oneLine(name, 80)}</dt>,
              <dd key={`${name} value`}>{value}</dd>,
            ])}
        </dl>
      )}
      {entryType.type === "evaluation_result" && content === null
        ? null
        : shownParts(view, entry).map((part, i) => <Part key={i} part={part} />)}
    </>
  );
}

function Part({ part }: { readonly part: ViewPart }) {
  switch (part.type) {
    case "text":
      return <LongText text={part.text} markdown />;
    case "output":
      return (
        <div class="part">
          {part.label !== "" && <span class="label">{oneLine(part.label, 80)}</span>}
          <LongText text={part.text} />
        </div>
      );
    case "notice":
      return <p class="quiet">{oneLine(part.text, 1000)}</p>;
    case "thinking":
      return (
        <Folded title={`thinking: ${oneLine(part.text, 100)}`}>
          <LongText text={part.text} markdown />
        </Folded>
      );
    case "call":
      return (
        <Folded title={`calls ${oneLine(part.name, 60)} ${oneLine(callTitle(part.input), 120)}`}>
          <JsonTree value={part.input} />
        </Folded>
      );
    case "json":
      return (
        <div class="part">
          {part.label !== "" && <span class="label">{oneLine(part.label, 80)}</span>}
          <JsonTree value={part.value} openLevels={2} />
        </div>
      );
  }
}

function Folded({
  title,
  children,
}: {
  readonly title: string;
  readonly children: preact.ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="part">
      <button type="button" class="fold quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {title}
      </button>
      {isOpen && children}
    </div>
  );
}

function Raw({ entry }: { readonly entry: ViewedEntry }) {
  return <LongText text={visibleJson(JSON.stringify(entry, null, 2))} />;
}
