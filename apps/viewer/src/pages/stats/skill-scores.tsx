import type { SessionRow } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { calls } from "../../live/live.ts";
import { Ago } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";

import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { filterOf, type ListState } from "../../url/list-state.ts";
import { sessionState } from "../../url/session-state.ts";
import { type SkillScores as Scores, skillScores } from "./score-series.ts";

/** What a page of rows with scores may have without making anybody wait. */
const MOST = 500;
const SHOWN = 20;
const WIDTH = 120;
const HEIGHT = 24;

/** The scores of each skill over time. */
export function SkillScores({ list, queryKey }: { readonly list: ListState; readonly queryKey: string }) {
  const { data, problem } = useQuery(`scores ${queryKey}`, (signal) =>
    calls().sessions.list.query(
      {
        filter: { and: [filterOf(list), { type: "evaluation" }] },
        orderBy: "createdAt",
        limit: MOST,
        include: ["score"],
      },
      { signal },
    ),
  );
  if (problem) return <ProblemBox problem={problem} />;
  const skills = skillScores((data?.items ?? []) as readonly SessionRow[]);
  if (!data || skills.length === 0) return null;
  return (
    <section>
      <h2>Scores</h2>
      <p class="quiet">
        {data.nextCursor === null ? "All" : "The newest"} {groupDigits(data.items.length)} evaluations of
        them, by the time at which they began.
      </p>
      <div class="table" {...SCROLLABLE}>
        <table>
          <thead>
            <tr>
              <th scope="col">skill</th>
              <th scope="col">with a score</th>
              <th scope="col">over time</th>
              <th scope="col">best</th>
              <th scope="col">last</th>
            </tr>
          </thead>
          <tbody>
            {skills.slice(0, SHOWN).map((skill) => (
              <tr key={skill.name}>
                <th scope="row">
                  <a href={hrefOf({ page: "skill", name: skill.name })}>
                    {oneLine(skill.name, 60) || "(empty)"}
                  </a>
                </th>
                <td>
                  {groupDigits(skill.points.length)} of {groupDigits(skill.evaluations)}
                </td>
                <td>
                  <Line skill={skill} />
                </td>
                <td>{skill.best ?? "none"}</td>
                <td>
                  <Last skill={skill} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {skills.length > SHOWN && <p class="quiet">And {groupDigits(skills.length - SHOWN)} more skills.</p>}
    </section>
  );
}

function Last({ skill: { last } }: { readonly skill: Scores }) {
  if (!last) return <>none</>;
  return (
    <>
      <a href={hrefOf({ page: "session", session: sessionState(last.id) })}>{last.score}</a>{" "}
      <span class="quiet">
        <Ago time={last.time} />
      </span>
    </>
  );
}

/** The scores in their order, from the least to the best; the cells beside it say the figures. */
function Line({ skill: { points } }: { readonly skill: Scores }) {
  if (points.length < 2) return null;
  const scores = points.map(({ score }) => score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const y = (score: number) =>
    high === low ? HEIGHT / 2 : 2 + ((high - score) / (high - low)) * (HEIGHT - 4);
  const places = scores.map((score, i) => `${(i / (scores.length - 1)) * (WIDTH - 4) + 2},${y(score)}`);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img">
      <title>{`from ${scores[0]} to ${scores.at(-1)}, between ${low} and ${high}`}</title>
      <polyline class="best" points={places.join(" ")} />
    </svg>
  );
}
