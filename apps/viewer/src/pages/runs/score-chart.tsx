import type { ScoredSession } from "@thulp-sessions/core";
import { wilson } from "./compare-cases.ts";
import { bestSoFar, figureOf, type RunVersion } from "./run-versions.ts";

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 52;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 28;

/**
 * The figure of each evaluation over the versions, with the best so far. The table below it says the same in
 * words.
 */
export function ScoreChart({
  versions,
  metric,
}: {
  readonly versions: readonly RunVersion[];
  readonly metric: string;
}) {
  const evaluations = versions.flatMap((version) => version.evaluations);
  const figures = evaluations.map((each) => figureOf(each, metric)).filter((each) => each !== null);
  if (figures.length === 0) return <p class="quiet">No evaluation has this figure yet.</p>;
  const [low, high] = rangeOf(figures, metric);
  const x = (version: number) =>
    LEFT + ((version + 0.5) / Math.max(1, versions.length)) * (WIDTH - LEFT - RIGHT);
  const y = (figure: number) => TOP + (1 - (figure - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const ticks = [low, (low + high) / 2, high];
  const every = Math.ceil(versions.length / 20);
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img">
      <title>{`${metric || "score"} by version`}</title>
      {ticks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
          <text x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
            {short(tick)}
          </text>
        </g>
      ))}
      <polyline class="best" points={steps(bestSoFar(versions, metric), x, y)} />
      {versions.map((version, i) => (
        <g key={version.id}>
          {i % every === 0 && (
            <text x={x(i)} y={HEIGHT - 8} text-anchor="middle">
              {version.name}
            </text>
          )}
          {version.evaluations.map((evaluation) => (
            <Point
              key={evaluation.metadata.id}
              evaluation={evaluation}
              metric={metric}
              x={x(i)}
              y={y}
              low={low}
            />
          ))}
        </g>
      ))}
    </svg>
  );
}

/** Filled when it has ended, hollow while it runs, a cross when it failed; the line is the interval. */
function Point({
  evaluation,
  metric,
  x,
  y,
  low,
}: {
  readonly evaluation: ScoredSession;
  readonly metric: string;
  readonly x: number;
  readonly y: (figure: number) => number;
  readonly low: number;
}) {
  const { metadata, passed, failed } = evaluation;
  const figure = figureOf(evaluation, metric);
  const title = `${metadata.status}, ${figure ?? "no figure yet"}, ${passed} passed, ${failed} failed`;
  const at = y(figure ?? low);
  const [from, to] = wilson(passed, passed + failed);
  const hasInterval = metric === "" && passed + failed > 0 && figure !== null && figure >= 0 && figure <= 1;
  return (
    <g class={`point status-${metadata.status}`}>
      <title>{title}</title>
      {hasInterval && <line class="interval" x1={x} x2={x} y1={y(from)} y2={y(to)} />}
      {metadata.status === "failed" || metadata.status === "cancelled" ? (
        <path d={`M${x - 5} ${at - 5}l10 10m0 -10l-10 10`} />
      ) : (
        <circle
          cx={x}
          cy={at}
          r={5}
          class={figure === null || metadata.status === "active" ? "hollow" : ""}
        />
      )}
    </g>
  );
}

function steps(
  best: readonly (number | null)[],
  x: (i: number) => number,
  y: (figure: number) => number,
): string {
  const points: string[] = [];
  best.forEach((figure, i) => {
    if (figure === null) return;
    const before = i > 0 ? best[i - 1] : null;
    if (before !== null && before !== undefined && before !== figure) points.push(`${x(i)},${y(before)}`);
    points.push(`${x(i)},${y(figure)}`);
  });
  return points.join(" ");
}

/** A score lies between 0 and 1 as a rule: then that is the axis, so that charts can be compared. */
function rangeOf(figures: readonly number[], metric: string): readonly [number, number] {
  const low = Math.min(...figures);
  const high = Math.max(...figures);
  if (metric === "" && low >= 0 && high <= 1) return [0, 1];
  const from = Math.min(0, low);
  return [from, high > from ? high : from + 1];
}

function short(figure: number): string {
  return Math.abs(figure) >= 1e5 ? figure.toExponential(1) : String(Number(figure.toPrecision(3)));
}
