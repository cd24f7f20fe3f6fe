import type { DemoWriter } from "@thulp-sessions/core/demo";
import { useState } from "preact/hooks";
import { calls } from "../../live/live.ts";
import { say } from "../../parts/announcement.ts";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";

/** Writes a demo, for a page that may. The list shows the sessions as they come. */
export function DemoButton() {
  const [isWriting, setWriting] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const write = async () => {
    setWriting(true);
    setProblem(null);
    try {
      const { writeDemo } = await import("@thulp-sessions/core/demo");
      const { sessions } = await writeDemo(WRITER, Date.now());
      say(`${sessions} sessions written`);
    } catch (error) {
      const told = problemOf(error);
      setProblem(told);
      // This button is gone as soon as the first session is there.
      if (told) say(told.message);
    } finally {
      setWriting(false);
    }
  };
  return (
    <>
      <p>
        <button type="button" disabled={isWriting} onClick={write}>
          {isWriting ? "Writing…" : "Write a demo"}
        </button>
      </p>
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}

const WRITER: DemoWriter = {
  createSession: (name, sessionType, { tags, ...rest }) =>
    calls().sessions.create.mutate({ name, sessionType, tags: [...tags], ...rest }),
  addEntries: (id, entries) => calls().entries.append.mutate({ id, entries: [...entries] }),
  forkSession: (id, options) => calls().sessions.fork.mutate({ id, ...options }),
  completeSession: (id) => calls().sessions.complete.mutate({ id }),
  failSession: (id) => calls().sessions.fail.mutate({ id }),
};
