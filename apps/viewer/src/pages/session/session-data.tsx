import type { SessionHead, SessionId } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { lazy, Suspense } from "preact/compat";
import { calls } from "../../live/live.ts";
import { Clock } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { oneLine, typeText } from "../../parts/session-title.ts";
import { TextPage } from "../../parts/text-page.tsx";
import { duration } from "../../parts/time.ts";
import { usePaced } from "../../parts/use-paced.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { type SessionState, sessionState } from "../../url/session-state.ts";

const SessionUsage = lazy(() =>
  import("../usage/session-usage.tsx").then((m) => ({ default: m.SessionUsage })),
);

/** So often a session that is written to is counted again. */
const PACE_MS = 1000;

/**
 * A session in figures.
 *
 * Longer than most functions: it is a list of what is shown.
 */
export function SessionData({
  id,
  head,
  state,
}: {
  readonly id: SessionId;
  readonly head: SessionHead;
  readonly state: SessionState;
}) {
  const { metadata } = head;
  const figures = useQuery(usePaced(`${id} ${head.version}`, PACE_MS), async (signal) => {
    const [outline, scores] = await Promise.all([
      calls().entries.outline.query({ id, buckets: 1 }, { signal }),
      calls().sessions.scores.query({ filter: { ids: [id] } }, { signal }),
    ]);
    return { bucket: outline.buckets[0], score: scores.items[0] };
  });
  const { bucket, score } = figures.data ?? {};
  return (
    <TextPage>
      <h2>Session</h2>
      <dl class="facts">
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Type</dt>
        <dd>{typeText(metadata.sessionType)}</dd>
        <dt>Status</dt>
        <dd>{metadata.status}</dd>
        <dt>Created</dt>
        <dd>
          <Clock time={metadata.createdAt} withDay />
        </dd>
        <dt>Changed</dt>
        <dd>
          <Clock time={metadata.updatedAt} withDay />
        </dd>
        <dt>From first to last change</dt>
        <dd>{duration(metadata.updatedAt - metadata.createdAt)}</dd>
        <dt>Parent</dt>
        <dd>
          {metadata.parentSession ? (
            <a href={hrefOf({ page: "session", session: sessionState(metadata.parentSession) })}>
              <code>{metadata.parentSession}</code>
            </a>
          ) : (
            "none"
          )}
        </dd>
        <dt>Turns</dt>
        <dd>{groupDigits(head.turnCount)}</dd>
        <dt>Entries</dt>
        <dd>{groupDigits(head.entryCount)}</dd>
      </dl>
      {figures.problem && <ProblemBox problem={figures.problem} />}
      {bucket && (
        <>
          <h2>Entries by type</h2>
          <dl class="facts">
            {Object.entries(bucket.counts).map(([type, number]) => [
              <dt key={type}>{type.replaceAll("_", " ")}</dt>,
              <dd key={`${type} count`}>{groupDigits(number)}</dd>,
            ])}
            <dt>failed calls</dt>
            <dd>
              <a
                href={hrefOf({
                  page: "session",
                  session: { ...state, tab: "conversation", kind: "failed", range: null },
                })}
              >
                {groupDigits(bucket.failures)}
              </a>
            </dd>
          </dl>
        </>
      )}
      {score && score.score !== null && (
        <>
          <h2>Last evaluation result</h2>
          <dl class="facts">
            <dt>score</dt>
            <dd>{score.score}</dd>
            {Object.entries(score.metrics ?? {})
              .slice(0, 200)
              .map(([name, value]) => [
                <dt key={name}>{oneLine(name, 80)}</dt>,
                <dd key={`${name} value`}>{value}</dd>,
              ])}
            <dt>skill executions</dt>
            <dd>
              {groupDigits(score.passed)} passed, {groupDigits(score.failed)} failed
            </dd>
          </dl>
        </>
      )}
      <Suspense fallback={null}>
        <SessionUsage id={id} head={head} />
      </Suspense>
    </TextPage>
  );
}
