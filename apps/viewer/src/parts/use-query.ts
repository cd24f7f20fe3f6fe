import { useEffect, useState } from "preact/hooks";
import { type Problem, problemOf } from "./problem.ts";

/** What a question to the server has given so far. */
export interface Answer<T> {
  /** The last answer; while another one is waited for, that of the question before. */
  readonly data: T | null;
  readonly problem: Problem | null;
  readonly waiting: boolean;
}

/**
 * Asks again when the key changes; what is no longer wanted is given up.
 *
 * @param key says all that the question depends on; `null`: nothing is asked.
 */
export function useQuery<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T> & { readonly key: string | null }>({
    key,
    data: null,
    problem: null,
    waiting: key !== null,
  });
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    setAnswer(({ data }) => ({ key, data, problem: null, waiting: true }));
    ask(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setAnswer({ key, data, problem: null, waiting: false });
      },
      (error) => {
        if (!abort.signal.aborted) setAnswer({ key, data: null, problem: problemOf(error), waiting: false });
      },
    );
    return () => abort.abort();
  }, [key]);
  // Effects come after what is drawn, and a key may come before them.
  return answer.key === key ? answer : { data: answer.data, problem: null, waiting: key !== null };
}
