import { visibleText } from "@thulp-sessions/core/text";
import { useEffect } from "preact/hooks";
import { calls } from "../../live/live.ts";
import { Ago } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { titleOf } from "../../parts/session-title.ts";
import { TextPage } from "../../parts/text-page.tsx";
import { useQuery } from "../../parts/use-query.ts";
import { HOME, hrefOf } from "../../url/href.ts";
import { navigate } from "../../url/navigation.ts";
import { isSessionId } from "../../url/session-id.ts";
import type { SessionState } from "../../url/session-state.ts";
import { beginSession, SessionView } from "./session-view.tsx";

/** Asks for what the page shows, before it is drawn. */
export function begin(session: SessionState): void {
  const id = session.id.toLowerCase();
  if (isSessionId(id)) beginSession(id, session);
}

/** A session by its id, or by the beginning of it. */
export function SessionPage({ session }: { readonly session: SessionState }) {
  const id = session.id.toLowerCase();
  return isSessionId(id) ? <SessionView id={id} state={session} /> : <Beginning session={session} />;
}

function Beginning({ session }: { readonly session: SessionState }) {
  const prefix = session.id.toLowerCase();
  const isBeginning = /^[0-9a-f][0-9a-f-]{0,35}$/.test(prefix);
  const found = useQuery(isBeginning ? prefix : null, (signal) =>
    calls().sessions.resolve.query({ prefix, limit: 20 }, { signal }),
  );
  const [only, ...others] = found.data?.items ?? [];
  const isOne = only !== undefined && others.length === 0;
  useEffect(() => {
    if (isOne) navigate({ page: "session", session: { ...session, id: only.id } }, { replace: true });
  }, [isOne]);
  if (found.problem) return <ProblemBox problem={found.problem} />;
  if (found.waiting || isOne) return null;
  return (
    <TextPage>
      <h1>
        {only ? "Several sessions begin with" : "No session begins with"}{" "}
        {visibleText(session.id.slice(0, 60))}
      </h1>
      <ul>
        {found.data?.items.map((metadata) => (
          <li key={metadata.id}>
            <a href={hrefOf({ page: "session", session: { ...session, id: metadata.id } })}>
              {titleOf(metadata)}
            </a>{" "}
            <code>{metadata.id}</code> <Ago time={metadata.updatedAt} />
          </li>
        ))}
      </ul>
      <p>
        <a href={HOME}>All sessions</a>
      </p>
    </TextPage>
  );
}
