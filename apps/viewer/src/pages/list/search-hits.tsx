import type { SearchHit, SessionId, SessionMetadata } from "@thulp-sessions/core";
import { useRef } from "preact/hooks";
import { calls } from "../../live/live.ts";
import { Ago } from "../../parts/clock.tsx";
import { Excerpt } from "../../parts/excerpt.tsx";
import { moveFocus } from "../../parts/focus.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { titleOf, typeText } from "../../parts/session-title.ts";
import { StatusMark } from "../../parts/status-mark.tsx";
import { useKeys } from "../../parts/use-keys.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { filterOf, type ListState, listParams } from "../../url/list-state.ts";
import { sessionState } from "../../url/session-state.ts";

const LIMIT = 50;

interface Found {
  readonly hits: readonly SearchHit[];
  readonly more: boolean;
  readonly sessions: ReadonlyMap<string, SessionMetadata>;
  /** Whose id begins with the text. */
  readonly named: readonly SessionMetadata[];
}

/** What the text of a list was found in: names, entries, and ids that begin so. */
export function SearchHits({ list }: { readonly list: ListState }) {
  const found = useQuery(listParams(list).toString(), (signal) => search(list, signal));
  const area = useRef<HTMLDivElement>(null);
  const { data, problem, waiting } = found;
  // Hits of the question before are gone in a moment, and the focus with them.
  const move = (step: number) => (waiting ? false : moveFocus(area.current, step));
  useKeys({ j: () => move(1), k: () => move(-1), n: () => move(1), N: () => move(-1) });
  return (
    <div class={`rows hits${waiting ? " stale" : ""}`} aria-busy={waiting} ref={area}>
      {problem && <ProblemBox problem={problem} />}
      {data && data.hits.length === 0 && data.named.length === 0 && !waiting && (
        <div class="empty">
          <p>
            Nothing was found. A search finds whole words; `pars*` finds what begins so, "two words" a phrase.
          </p>
        </div>
      )}
      {data && (
        <ul>
          {data.named.map((metadata) => (
            <Hit key={metadata.id} metadata={metadata} hit={null} />
          ))}
          {data.hits.map((hit) => (
            <Hit key={`${hit.sessionId} ${hit.seq}`} metadata={data.sessions.get(hit.sessionId)} hit={hit} />
          ))}
        </ul>
      )}
      {data?.more && (
        <p class="quiet">
          The first {LIMIT}, the newest sessions first: a filter or another word narrows it.
        </p>
      )}
    </div>
  );
}

function Hit({
  metadata,
  hit,
}: {
  readonly metadata: SessionMetadata | undefined;
  readonly hit: SearchHit | null;
}) {
  const id = metadata?.id ?? hit?.sessionId;
  if (id === undefined) return null;
  const range = hit?.seq == null ? null : { first: hit.seq, last: hit.seq };
  return (
    <li>
      <a class="row" href={hrefOf({ page: "session", session: sessionState(id, range) })} data-id={id}>
        <span class="row-head">
          {metadata && <StatusMark status={metadata.status} />}
          <span class="row-name">{metadata ? titleOf(metadata) : id.slice(0, 8)}</span>
          {metadata && <span class="row-type">{typeText(metadata.sessionType)}</span>}
          <span class="row-facts">
            {hit?.seq != null && <span>#{hit.seq}</span>}
            {metadata && <Ago time={metadata.updatedAt} />}
          </span>
        </span>
        {hit && (
          <span class="row-preview">
            <Excerpt text={hit.snippet} marks={hit.offsets} />
          </span>
        )}
      </a>
    </li>
  );
}

async function search(list: ListState, signal: AbortSignal): Promise<Found> {
  const filter = filterOf(list);
  const prefix = list.text.trim().toLowerCase();
  const [page, ids] = await Promise.all([
    calls().sessions.search.query({ text: list.text, filter, limit: LIMIT }, { signal }),
    /^[0-9a-f][0-9a-f-]{3,35}$/.test(prefix)
      ? calls().sessions.resolve.query({ prefix, limit: 5 }, { signal })
      : { items: [] },
  ]);
  const wanted = [...new Set<SessionId>(page.items.map(({ sessionId }) => sessionId))];
  const rows =
    wanted.length === 0
      ? []
      : (await calls().sessions.list.query({ filter: { ids: wanted }, limit: LIMIT }, { signal })).items;
  return {
    hits: page.items,
    more: page.nextCursor !== null,
    sessions: new Map(rows.map((row) => [row.id, row])),
    named: ids.items,
  };
}
