import type { SessionHead, SessionId } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { LIST_PRICES } from "@thulp-sessions/transcripts/prices";
import { useEffect, useMemo } from "preact/hooks";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { counted } from "../../parts/time.ts";
import { usePaced } from "../../parts/use-paced.ts";
import { cutText } from "./read-usage-page.ts";
import { UsageCount } from "./usage-count.ts";
import { UsageFigures } from "./usage-figures.tsx";

/** So often the figures of a busy session are made again. */
const PACE_MS = 1000;

/** What a session did and cost: all of its entries are read for it, and then what is new. */
export function SessionUsage({ id, head }: { readonly id: SessionId; readonly head: SessionHead }) {
  const { tags } = head.metadata;
  const usage = useMemo(() => new UsageCount(id, tags), [id, JSON.stringify(tags)]);
  const version = usePaced(head.version, PACE_MS);
  useEffect(() => {
    void usage.follow();
  }, [usage, version]);
  useEffect(() => () => usage.end(), [usage]);
  const { summary, counted: done, cut, phase, problem } = usage.state.value;
  const total = Math.max(head.entryCount, done);
  return (
    <section aria-label="Usage">
      <h2>Usage</h2>
      {problem && (
        <ProblemBox problem={problem}>
          <button type="button" onClick={() => usage.goOn()}>
            Try again
          </button>
        </ProblemBox>
      )}
      {phase === "reading" && !summary && (
        <p>
          Reading what it did and cost:{" "}
          <progress max={Math.max(1, total)} value={done} aria-label="Entries read" /> {groupDigits(done)} of{" "}
          {groupDigits(total)}{" "}
          <button type="button" onClick={() => usage.stop()}>
            Stop
          </button>
        </p>
      )}
      {phase === "stopped" && (
        <p>
          Stopped: these figures are of the first {groupDigits(done)} of {counted(total, "entry", "entries")}.{" "}
          <button type="button" onClick={() => usage.goOn()}>
            Go on
          </button>
        </p>
      )}
      {cut > 0 && <p class="quiet">{cutText(cut)}</p>}
      {summary && <UsageFigures summary={summary} prices={LIST_PRICES} />}
    </section>
  );
}
