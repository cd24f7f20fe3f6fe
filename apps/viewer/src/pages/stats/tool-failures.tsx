import { groupDigits } from "@thulp-sessions/core/text";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { counted } from "../../parts/time.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import type { ListState } from "../../url/list-state.ts";
import { sessionState } from "../../url/session-state.ts";
import { shareText, type ToolCounts } from "./count-tools.ts";
import { MOST_CALLS, readTools } from "./read-tools.ts";

const SHOWN = 20;

/** How often each tool has failed lately, and where. */
export function ToolFailures({ list, queryKey }: { readonly list: ListState; readonly queryKey: string }) {
  const { data, problem } = useQuery(`tools ${queryKey}`, (signal) => readTools(list, signal));
  if (problem) return <ProblemBox problem={problem} />;
  if (!data || data.tools.length === 0) return null;
  return (
    <section>
      <h2>Tools</h2>
      <p class="quiet">{whatIsCounted(data)}</p>
      <div class="table" {...SCROLLABLE}>
        <table>
          <thead>
            <tr>
              <th scope="col">tool</th>
              <th scope="col">calls</th>
              <th scope="col">failed</th>
              <th scope="col">share</th>
              <th scope="col">one that failed</th>
            </tr>
          </thead>
          <tbody>
            {data.tools.slice(0, SHOWN).map(({ name, calls, failed, failedAt }) => (
              <tr key={name}>
                <th scope="row">{oneLine(name, 60) || "(empty)"}</th>
                <td>{groupDigits(calls)}</td>
                <td>{groupDigits(failed)}</td>
                <td>{shareText(failed, calls)}</td>
                <td>
                  {failedAt && (
                    <a
                      href={hrefOf({
                        page: "session",
                        session: sessionState(failedAt.id, { first: failedAt.seq, last: failedAt.seq }),
                      })}
                    >
                      {oneLine(failedAt.title, 40)} #{failedAt.seq}
                    </a>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data.tools.length > SHOWN && (
        <p class="quiet">And {counted(data.tools.length - SHOWN, "more tool")}.</p>
      )}
    </section>
  );
}

function whatIsCounted({ sessions, calls, cut, unreadable }: ToolCounts): string {
  const parts = [`${counted(calls, "call")} in the ${counted(sessions, "session")} that changed last`];
  if (cut > 0) parts.push(`of ${groupDigits(cut)} of them only the last ${MOST_CALLS} calls`);
  if (unreadable > 0) parts.push(`${groupDigits(unreadable)} cannot be read`);
  return `${parts.join("; ")}.`;
}
