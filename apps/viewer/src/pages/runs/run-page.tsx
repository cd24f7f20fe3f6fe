import type { ScoredSession } from "@thulp-sessions/core";
import { Clock } from "../../parts/clock.tsx";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import { useChanges } from "../../parts/use-changes.ts";
import { useQuery } from "../../parts/use-query.ts";
import { hrefOf } from "../../url/href.ts";
import { EMPTY_LIST } from "../../url/list-state.ts";
import type { Route } from "../../url/route.ts";
import type { CaseResults } from "./case-key.ts";
import { CaseTable } from "./case-table.tsx";
import { compareCases } from "./compare-cases.ts";
import { readCases, readScores } from "./read-run.ts";
import { figureOf, metricNames, type RunVersion, runVersions } from "./run-versions.ts";
import { ScoreChart } from "./score-chart.tsx";
import { SessionLink } from "./session-link.tsx";

type RunRoute = Extract<Route, { page: "run" }>;

/** The cases of so many versions are shown, the last ones. */
const MAX_COLUMNS = 12;

/** One run: what shares a tag, by versions, with what each has fixed and broken. */
export function RunPage({ route }: { readonly route: RunRoute }) {
  const { tag, metric } = route;
  const turn = useChanges((_, metadata) => metadata === null || metadata.tags.includes(tag));
  const run = useQuery(`${tag} ${turn}`, async (signal) => {
    const { sessions, more } = await readScores({ tag }, signal);
    const versions = runVersions(sessions);
    const shown = versions.filter(({ evaluations }) => evaluations.length > 0).slice(-MAX_COLUMNS);
    const cases = await Promise.all(
      shown.map(({ evaluations }) => readCases((evaluations.at(-1) as ScoredSession).metadata.id, signal)),
    );
    return { sessions, more, versions, shown, cases };
  });
  const { data, problem } = run;
  const metrics = metricNames(data?.sessions ?? []);
  return (
    <TextPage>
      <h1>Run {oneLine(tag)}</h1>
      {problem && <ProblemBox problem={problem} />}
      {data && data.versions.length === 0 && (
        <p>
          No session of this tag makes a version or is an evaluation.{" "}
          <a href={hrefOf({ page: "list", list: { ...EMPTY_LIST, tag } })}>Its sessions</a>
        </p>
      )}
      {data && data.versions.length > 0 && (
        <>
          <p class="quiet">
            {counted(data.versions.length, "version")}, {counted(data.sessions.length, "session")}
            {data.more ? ", the first of them" : ""} ·{" "}
            <a href={hrefOf({ page: "list", list: { ...EMPTY_LIST, tag } })}>all sessions of this tag</a>
          </p>
          <nav class="tabs" aria-label="Figure">
            {["", ...metrics.slice(0, 20)].map((name) => (
              <a
                key={name}
                href={hrefOf({ ...route, metric: name })}
                aria-current={name === metric ? "true" : undefined}
              >
                {oneLine(name, 40) || "score"}
              </a>
            ))}
          </nav>
          <ScoreChart versions={data.versions} metric={metric} />
          <Versions versions={data.versions} shown={data.shown} cases={data.cases} metric={metric} />
          <CaseTable versions={data.shown} cases={data.cases} />
        </>
      )}
    </TextPage>
  );
}

function Versions({
  versions,
  shown,
  cases,
  metric,
}: {
  readonly versions: readonly RunVersion[];
  readonly shown: readonly RunVersion[];
  readonly cases: readonly CaseResults[];
  readonly metric: string;
}) {
  return (
    <div class="table" {...SCROLLABLE}>
      <table>
        <caption>Versions</caption>
        <thead>
          <tr>
            <th scope="col">version</th>
            <th scope="col">made by</th>
            <th scope="col">evaluations</th>
            <th scope="col">since the version before</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <tr key={version.id}>
              <th scope="row">{version.name}</th>
              <td>{version.madeBy ? <SessionLink session={version.madeBy} /> : "not known"}</td>
              <td>
                {version.evaluations.map((evaluation) => (
                  <div key={evaluation.metadata.id}>
                    <SessionLink
                      session={evaluation}
                      text={String(figureOf(evaluation, metric) ?? "no figure")}
                    />{" "}
                    <span class="quiet">
                      {evaluation.passed} passed, {evaluation.failed} failed,{" "}
                      <Clock time={evaluation.metadata.createdAt} withDay />
                    </span>
                  </div>
                ))}
              </td>
              <td>
                <Change at={shown.indexOf(version)} cases={cases} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a version has fixed and broken, and whether that can be chance. */
function Change({ at, cases }: { readonly at: number; readonly cases: readonly CaseResults[] }) {
  const before = cases[at - 1];
  const after = cases[at];
  if (!before || !after) return null;
  const { fixed, broke, equal, unpaired, p } = compareCases(before.results, after.results);
  return (
    <>
      fixed {fixed.length}, broke {broke.length}, {equal} equal
      {unpaired > 0 ? `, ${unpaired} not in both` : ""}{" "}
      <span class="quiet">
        (sign test p = {p < 0.001 ? p.toExponential(1) : p.toFixed(3)}
        {p > 0.05 ? ": no proof of a change" : ""})
      </span>
    </>
  );
}
