import type { ScoredSession } from "@thulp-sessions/core";
import { titleOf } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";
import { hrefOf } from "../../url/href.ts";
import { sessionState } from "../../url/session-state.ts";

/** A session of a run, with its status; by its name unless another text is given. */
export function SessionLink({ session, text }: { readonly session: ScoredSession; readonly text?: string }) {
  const { metadata } = session;
  return (
    <>
      <StatusMark status={metadata.status} />{" "}
      <a href={hrefOf({ page: "session", session: sessionState(metadata.id) })}>
        {text ?? titleOf(metadata)}
      </a>
    </>
  );
}
