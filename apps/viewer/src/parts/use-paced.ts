import { useEffect, useRef, useState } from "preact/hooks";

/**
 * The key of a question that a busy session changes many times a second: let through at once after a quiet
 * time, then at most every so many milliseconds, the last one always. `null`, and what follows it, at once.
 */
export function usePaced(key: string | null, ms: number): string | null {
  const [shown, setShown] = useState(key);
  const current = useRef(key);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const letThroughAt = useRef(0);
  current.current = key;
  const isImmediate = key === null || shown === null;
  useEffect(() => {
    if (key === shown || (timer.current !== undefined && !isImmediate)) return;
    const letThrough = () => {
      clearTimeout(timer.current);
      timer.current = undefined;
      letThroughAt.current = performance.now();
      setShown(current.current);
    };
    const wait = letThroughAt.current + ms - performance.now();
    if (isImmediate || wait <= 0) letThrough();
    else timer.current = setTimeout(letThrough, wait);
  }, [key, shown]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return isImmediate ? key : shown;
}
