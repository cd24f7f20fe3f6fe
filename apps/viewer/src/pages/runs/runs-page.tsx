import { calls } from "../../live/live.ts";
import { Clock } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { TextPage } from "../../parts/text-page.tsx";
import { useChanges } from "../../parts/use-changes.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";

const MOST = 500;

/** The runs: each tag that evaluations have, those of the last evaluations first. */
export function RunsPage() {
  const turn = useChanges((_, metadata) => metadata === null || metadata.sessionType.type === "evaluation");
  const found = useQuery(`runs ${turn}`, (signal) =>
    calls().sessions.list.query(
      { filter: { type: "evaluation" }, orderBy: "createdAt", limit: MOST, include: ["score"] },
      { signal },
    ),
  );
  const runs = new Map<string, { count: number; best: number | null; time: number; skills: Set<string> }>();
  for (const row of found.data?.items ?? []) {
    for (const tag of new Set(row.tags)) {
      const run = runs.get(tag) ?? { count: 0, best: null, time: row.createdAt, skills: new Set<string>() };
      run.count++;
      const score = row.score?.score ?? null;
      if (score !== null && (run.best === null || score > run.best)) run.best = score;
      if (row.sessionType.type === "evaluation") run.skills.add(row.sessionType.skillName);
      runs.set(tag, run);
    }
  }
  return (
    <TextPage>
      <h1>Runs</h1>
      <p class="quiet">A run is what shares a tag and has evaluations.</p>
      {found.problem && <ProblemBox problem={found.problem} />}
      {found.data && runs.size === 0 && <p>No evaluation has a tag.</p>}
      {runs.size > 0 && (
        <div class="table" {...SCROLLABLE}>
          <table>
            <thead>
              <tr>
                <th scope="col">run</th>
                <th scope="col">skills</th>
                <th scope="col">evaluations</th>
                <th scope="col">best score</th>
                <th scope="col">last</th>
              </tr>
            </thead>
            <tbody>
              {[...runs].map(([tag, { count, best, time, skills }]) => (
                <tr key={tag}>
                  <th scope="row">
                    <a href={hrefOf({ page: "run", tag, metric: "" })}>{oneLine(tag, 80)}</a>
                  </th>
                  <td>
                    {[...skills].slice(0, 5).map((name) => (
                      <a key={name} href={hrefOf({ page: "skill", name })}>
                        {oneLine(name, 60)}{" "}
                      </a>
                    ))}
                  </td>
                  <td>{count}</td>
                  <td>{best ?? "none"}</td>
                  <td>
                    <Clock time={time} withDay />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.data?.nextCursor && <p class="quiet">Of the last {MOST} evaluations.</p>}
    </TextPage>
  );
}
