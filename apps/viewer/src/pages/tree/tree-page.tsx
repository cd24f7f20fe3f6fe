import type { SessionId } from "@thulp-sessions/core";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { calls } from "../../live/live.ts";
import { Ago } from "../../parts/clock.tsx";
import { moveFocus } from "../../parts/focus.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { titleOf, typeText } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import { useChanges } from "../../parts/use-changes.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { navigate } from "../../url/navigation.ts";
import { sessionState } from "../../url/session-state.ts";
import { type TreeLine, treeLines } from "./tree-lines.ts";

const MAX_NODES = 500;
/** Deeper lines are not moved further to the right. */
const MAX_INDENT = 12;

/** Where a session comes from, and what has come from it: forks, refinements, evaluations. */
export function TreePage({ id }: { readonly id: string }) {
  const list = useRef<HTMLUListElement>(null);
  const known = useRef<ReadonlySet<string>>(new Set());
  /** Sessions that change while the tree is read, with their parents: the answer says which matter. */
  const heard = useRef<Map<string, string> | null>(new Map());
  const matters = (changed: string, parent: string) =>
    known.current.has(changed) || known.current.has(parent);
  const turn = useChanges((changed, metadata) => {
    const parent = metadata?.parentSession ?? "";
    heard.current?.set(changed, parent);
    return matters(changed, parent);
  });
  const [again, setAgain] = useState(0);
  const tree = useQuery(`${id} ${turn} ${again}`, (signal) =>
    calls().sessions.tree.query(
      { id: id as SessionId, whole: true, depth: 100, limit: MAX_NODES, forkPoints: true },
      { signal },
    ),
  );
  known.current = new Set(tree.data?.items.map(({ metadata }) => metadata.id));
  useLayoutEffect(() => {
    const changes = heard.current ?? [];
    heard.current = tree.waiting ? new Map(changes) : null;
    if (!tree.waiting && [...changes].some(([changed, parent]) => matters(changed, parent)))
      setAgain(again + 1);
  }, [tree.waiting]);
  const move = (step: number) => moveFocus(list.current, step);
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    t: () => navigate({ page: "session", session: sessionState(id) }),
  });
  const { data, problem } = tree;
  return (
    <TextPage>
      <h1>Tree</h1>
      {problem && <ProblemBox problem={problem} />}
      {data && (
        <>
          {data.missingParent && (
            <p class="quiet">
              The parent of the first one, <code>{data.missingParent}</code>, is not in the store.
            </p>
          )}
          <ul class="tree" ref={list}>
            {treeLines(data.items).map((line) => (
              <Line key={line.node.metadata.id} line={line} isAsked={line.node.metadata.id === id} />
            ))}
          </ul>
          {data.more && <p class="quiet">There are further ones: {MAX_NODES} are shown.</p>}
        </>
      )}
    </TextPage>
  );
}

function Line({ line, isAsked }: { readonly line: TreeLine; readonly isAsked: boolean }) {
  const { node, depth } = line;
  const { metadata, counts, forkPoint } = node;
  return (
    <li style={{ marginInlineStart: `${Math.min(depth, MAX_INDENT) * 22}px` }}>
      <a
        class={isAsked ? "row selected" : "row"}
        href={hrefOf({ page: "session", session: sessionState(metadata.id) })}
        aria-current={isAsked ? "true" : undefined}
        data-id={metadata.id}
      >
        <span class="row-head">
          {depth > MAX_INDENT && <span class="quiet">level {depth}</span>}
          <StatusMark status={metadata.status} />
          <span class="row-name">{titleOf(metadata)}</span>
          <span class="row-type">{typeText(metadata.sessionType)}</span>
          {forkPoint !== undefined && forkPoint > 0 && (
            <span class="tag">forked after {counted(forkPoint, "entry", "entries")}</span>
          )}
          <span class="row-facts">
            {counts ? (
              <span>{counted(counts.entryCount, "entry", "entries")}</span>
            ) : (
              <span>cannot be read</span>
            )}
            <Ago time={metadata.updatedAt} />
          </span>
        </span>
      </a>
    </li>
  );
}
