import type { SessionId } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { useRef } from "preact/hooks";
import { Virtualizer } from "virtua";
import { calls } from "../../live/live.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { usePaced } from "../../parts/use-paced.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import type { SessionState } from "../../url/session-state.ts";

const TURNS_MS = 1000;

/** The messages of the user, each a link to its entry. */
export function TurnPanel({
  id,
  version,
  state,
}: {
  readonly id: SessionId;
  readonly version: string;
  readonly state: SessionState;
}) {
  const scroller = useRef<HTMLElement>(null);
  const key = usePaced(version === "" ? null : `${id} ${version}`, TURNS_MS);
  const turns = useQuery(key, (signal) =>
    calls().entries.turns.query({ id, limit: 5000, textLength: 80 }, { signal }),
  );
  return (
    <nav class="turns" aria-label="Messages of the user" ref={scroller}>
      {turns.problem && <ProblemBox problem={turns.problem} />}
      {turns.data?.items.length === 0 && <p class="quiet">No message of a user.</p>}
      {turns.data && (
        <Virtualizer scrollRef={scroller} data={turns.data.items}>
          {(turn) => (
            <a
              key={turn.seq}
              href={hrefOf({
                page: "session",
                session: { ...state, range: { first: turn.seq, last: turn.seq } },
              })}
            >
              <span class="quiet">#{turn.seq}</span> {visibleText(turn.text) || "(no text)"}
            </a>
          )}
        </Virtualizer>
      )}
      {turns.data?.nextCursor && <p class="quiet">The first 5,000.</p>}
    </nav>
  );
}
