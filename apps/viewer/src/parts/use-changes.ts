import type { SessionMetadata } from "@thulp-sessions/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { onChange } from "../live/live.ts";

const GATHER_MS = 1000;

/**
 * A number that grows, at most once a second, when a session that matters has changed: a part of the key of a
 * question that is to be asked again then.
 *
 * @param matters of a session that was deleted only the id is known.
 */
export function useChanges(matters: (id: string, metadata: SessionMetadata | null) => boolean): number {
  const [turn, setTurn] = useState(0);
  const current = useRef(matters);
  current.current = matters;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unlisten = onChange((change) => {
      const isOurs =
        change.type === "reset" ||
        (change.type === "deleted"
          ? current.current(change.id, null)
          : current.current(change.metadata.id, change.metadata));
      if (!isOurs) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        setTurn((before) => before + 1);
      }, GATHER_MS);
    });
    return () => {
      unlisten();
      clearTimeout(timer);
    };
  }, []);
  return turn;
}
