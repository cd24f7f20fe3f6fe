import { Clock } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import { useChanges } from "../../parts/use-changes.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { readScores } from "./read-run.ts";
import { runVersions } from "./run-versions.ts";
import { ScoreChart } from "./score-chart.tsx";
import { SessionLink } from "./session-link.tsx";

/** One skill over all runs. */
export function SkillPage({ name }: { readonly name: string }) {
  const turn = useChanges(
    (_, metadata) =>
      metadata === null || ("skillName" in metadata.sessionType && metadata.sessionType.skillName === name),
  );
  const found = useQuery(`${name} ${turn}`, (signal) => readScores({ skillName: name }, signal));
  const { data, problem } = found;
  const versions = runVersions(
    (data?.sessions ?? []).filter(({ metadata }) => metadata.sessionType.type === "evaluation"),
  );
  return (
    <TextPage>
      <h1>Skill {oneLine(name)}</h1>
      {problem && <ProblemBox problem={problem} />}
      {data && versions.length === 0 && <p>No evaluation of this skill.</p>}
      {versions.length > 0 && (
        <>
          <p class="quiet">
            {counted(versions.length, "evaluation")}
            {data?.more ? ", the first of them" : ""}, by the time at which they began
          </p>
          <ScoreChart versions={versions} metric="" />
          <div class="table" {...SCROLLABLE}>
            <table>
              <caption>Evaluations</caption>
              <tbody>
                {versions.toReversed().map(({ id, evaluations: [evaluation] }) =>
                  evaluation ? (
                    <tr key={id}>
                      <td>
                        <Clock time={evaluation.metadata.createdAt} withDay />
                      </td>
                      <td>
                        <SessionLink session={evaluation} text={String(evaluation.score ?? "no score")} />
                      </td>
                      <td>
                        {evaluation.passed} passed, {evaluation.failed} failed
                      </td>
                      <td>
                        {evaluation.metadata.tags.slice(0, 5).map((tag) => (
                          <a class="tag" key={tag} href={hrefOf({ page: "run", tag, metric: "" })}>
                            {oneLine(tag, 60)}
                          </a>
                        ))}
                      </td>
                    </tr>
                  ) : null,
                )}
              </tbody>
            </table>
          </div>
        </>
      )}
    </TextPage>
  );
}
