import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/**
 * Hears of every change of the height of a list and of what is in it: rows get their height some time after
 * they were made, later on a busy machine.
 */
export function useResize(scroller: RefObject<HTMLElement | null>, listen: () => void): void {
  const current = useRef(listen);
  current.current = listen;
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => current.current());
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
}
