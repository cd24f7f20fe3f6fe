import { LIST_PRICES } from "@thulp-sessions/transcripts/prices";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { counted } from "../../parts/time.ts";
import { filterOf, type ListState } from "../../url/list-state.ts";
import { type CountProgress, countSessions, type SessionsUsage } from "./count-sessions.ts";
import { cutText } from "./read-usage-page.ts";
import { UsageFigures } from "./usage-figures.tsx";

interface Counting {
  readonly abort: AbortController;
  readonly progress: CountProgress;
  readonly usage: SessionsUsage | null;
  readonly problem: Problem | null;
}

/**
 * What the sessions of a list did and cost, for somebody who asks: every entry is read for it, and again when
 * the other figures are counted again.
 */
export function ListUsage({ list, queryKey }: { readonly list: ListState; readonly queryKey: string }) {
  const [counting, setCounting] = useState<Counting | null>(null);
  const abort = counting?.abort;
  useEffect(() => () => abort?.abort(), [abort]);
  const start = async () => {
    const controller = new AbortController();
    const set = (change: Partial<Counting>) =>
      setCounting((before) => (before?.abort === controller ? { ...before, ...change } : before));
    setCounting({ abort: controller, progress: { sessions: 0, entries: 0 }, usage: null, problem: null });
    try {
      const usage = await countSessions(filterOf(list), controller.signal, (progress) => set({ progress }));
      set({ usage });
    } catch (error) {
      set({ problem: problemOf(error) });
    }
  };
  const startedAs = useRef(queryKey);
  useEffect(() => {
    if (startedAs.current === queryKey) return;
    startedAs.current = queryKey;
    if (counting) void start();
  }, [queryKey]);
  const isRunning = counting !== null && !counting.usage && !counting.problem;
  return (
    <section aria-label="Usage">
      <h2>What they did and cost</h2>
      {!isRunning && (!counting?.usage || counting.usage.isCut) && (
        <p>
          Tokens, costs, tools and files are in the entries: each of them is read for it.{" "}
          <button type="button" onClick={start}>
            Add up
          </button>
        </p>
      )}
      {isRunning && (
        <p>
          <span class="quiet">
            {counted(counting.progress.entries, "entry", "entries")} read,{" "}
            {counted(counting.progress.sessions, "session")} done.
          </span>{" "}
          <button type="button" onClick={() => counting.abort.abort()}>
            Stop
          </button>
        </p>
      )}
      {counting?.problem && <ProblemBox problem={counting.problem} />}
      {counting?.usage && (
        <>
          <p class="quiet">{whatIsCounted(counting.usage)}</p>
          <UsageFigures summary={counting.usage.summary} prices={LIST_PRICES} />
        </>
      )}
    </section>
  );
}

function whatIsCounted({ sessions, unreadable, cutEntries, isCut }: SessionsUsage): string {
  const parts = [
    `Of ${isCut ? `the oldest ${counted(sessions, "session")}, where it was stopped` : counted(sessions, "session")}`,
  ];
  if (unreadable > 0) parts.push(`${counted(unreadable, "more session")} cannot be read`);
  return `${parts.join("; ")}. What a fork has copied counts in the session that it comes from. ${cutText(cutEntries)}`;
}
