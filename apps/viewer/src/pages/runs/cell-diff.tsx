import type { JsonValue, SessionId } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { diffWordsWithSpace } from "diff";
import { calls } from "../../live/live.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { useQuery } from "../../parts/use-query.ts";

/** What one version has made of a case. */
export interface CaseCell {
  readonly id: SessionId;
  readonly seq: number;
  /** Of the version. */
  readonly version: string;
}

/** Of longer contents a diff would make people wait. */
const MOST_LENGTH = 20_000;
const MOST_MS = 200;

/** What a version has made of a case, against what the one before it has. */
export function CellDiff({
  name,
  before,
  after,
}: {
  /** Of the case. */
  readonly name: string;
  readonly before: CaseCell | null;
  readonly after: CaseCell;
}) {
  const key = [before, after].map((cell) => cell && `${cell.id} ${cell.seq}`).join(" ");
  const { data, problem, waiting } = useQuery(key, (signal) =>
    Promise.all([before && contentText(before, signal), contentText(after, signal)]),
  );
  const title = before ? `from ${before.version} to ${after.version}` : `in ${after.version}, the first`;
  return (
    <section class="cell-diff" aria-label="What changed">
      <h2>
        {oneLine(name, 80)} {title}
      </h2>
      {problem && <ProblemBox problem={problem} />}
      {data && !waiting && (
        <pre class="code" {...SCROLLABLE}>
          <WordDiff before={data[0]} after={data[1]} />
        </pre>
      )}
    </section>
  );
}

function WordDiff({ before, after }: { readonly before: string | null; readonly after: string }) {
  if (before === null) return <>{visibleText(after)}</>;
  const isLong = before.length + after.length > MOST_LENGTH;
  const parts = isLong ? undefined : diffWordsWithSpace(before, after, { timeout: MOST_MS });
  if (!parts) {
    return (
      <>
        <del>{visibleText(before)}</del>
        {"\n"}
        <ins>{visibleText(after)}</ins>
      </>
    );
  }
  return (
    <>
      {parts.map(({ added, removed, value }, i) =>
        added ? (
          <ins key={i}>{visibleText(value)}</ins>
        ) : removed ? (
          <del key={i}>{visibleText(value)}</del>
        ) : (
          <span key={i}>{visibleText(value)}</span>
        ),
      )}
    </>
  );
}

async function contentText({ id, seq }: CaseCell, signal: AbortSignal): Promise<string> {
  const query = { id, after: seq - 1, before: seq + 1, limit: 1, contentBytes: MOST_LENGTH };
  const { items } = await calls().entries.list.query({ ...query, direction: "asc" }, { signal });
  const content: JsonValue = items[0]?.content ?? null;
  return typeof content === "string" ? content : JSON.stringify(content, null, 2);
}
