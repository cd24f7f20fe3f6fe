import { visibleText } from "@thulp-sessions/core/text";
import { useEffect, useState } from "preact/hooks";
import { link, tryNow } from "../live/live.ts";
import type { LinkState } from "../live/messages.ts";
import { Clock } from "../parts/clock.tsx";

/** How the server is reached, in words; while it is away, when it is tried next. */
export function LinkStatus() {
  const state = link.value;
  const [liveUntil, setLiveUntil] = useState<number | null>(null);
  useEffect(() => {
    if (state.state === "live") return () => setLiveUntil(Date.now());
    return;
  }, [state.state]);
  return (
    <div class={`link link-${state.state}`} data-link={state.state}>
      <span class="link-words" role="status">
        {words(state)}
      </span>
      {state.state === "away" && (
        <>
          <Countdown until={state.retryAt} />
          <button type="button" onClick={tryNow}>
            Try now
          </button>
          {liveUntil !== null && (
            <span class="quiet">
              as of <Clock time={liveUntil} />
            </span>
          )}
        </>
      )}
    </div>
  );
}

function words(state: LinkState) {
  switch (state.state) {
    case "live":
      return "● live";
    case "connecting":
      return "connecting";
    case "refused":
      return "no access";
    case "away":
      return <span title={visibleText(state.reason)}>server away</span>;
  }
}

/** Not read out: every second would be told. */
function Countdown({ until }: { readonly until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [until]);
  return <span aria-hidden="true">next try in {Math.max(0, Math.ceil((until - now) / 1000))} s</span>;
}
