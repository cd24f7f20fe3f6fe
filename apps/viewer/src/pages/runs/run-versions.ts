import type { ScoredSession } from "@thulp-sessions/core";

/** One version of what a run works on, and the evaluations of it. */
export interface RunVersion {
  /** The session that made it: a demonstration or a refinement; the evaluation itself where none did. */
  readonly id: string;
  readonly name: string;
  readonly madeBy: ScoredSession | null;
  /** The oldest first. */
  readonly evaluations: readonly ScoredSession[];
}

/**
 * The versions of a run in the order in which they were made: each session that is no evaluation is one, with
 * the evaluations below it. An evaluation without such a parent is a version of its own.
 */
export function runVersions(sessions: readonly ScoredSession[]): RunVersion[] {
  const makers = sessions.filter(({ metadata }) => metadata.sessionType.type !== "evaluation");
  const byMaker = new Map<string, ScoredSession[]>(makers.map(({ metadata }) => [metadata.id, []]));
  const lone: ScoredSession[] = [];
  for (const session of sessions) {
    if (session.metadata.sessionType.type !== "evaluation") continue;
    const siblings = byMaker.get(session.metadata.parentSession ?? "");
    if (siblings) siblings.push(session);
    else lone.push(session);
  }
  const versions = [
    ...makers.map((madeBy) => ({ madeBy, evaluations: byMaker.get(madeBy.metadata.id) ?? [], at: madeBy })),
    ...lone.map((evaluation) => ({ madeBy: null, evaluations: [evaluation], at: evaluation })),
  ];
  return versions
    .filter(({ evaluations, at }) => evaluations.length > 0 || isMaker(at))
    .sort((a, b) => a.at.metadata.createdAt - b.at.metadata.createdAt)
    .map(({ madeBy, evaluations, at }, i) => ({ id: at.metadata.id, name: `v${i}`, madeBy, evaluations }));
}

function isMaker({ metadata }: ScoredSession): boolean {
  return metadata.sessionType.type === "teacher_demo" || metadata.sessionType.type === "refinement";
}

/** A figure of an evaluation: its score, or one of its metrics; `null` where it has none. */
export function figureOf({ score, metrics }: ScoredSession, metric: string): number | null {
  if (metric === "") return score;
  return metrics && Object.hasOwn(metrics, metric) ? (metrics[metric] ?? null) : null;
}

/** The names of all metrics, the most frequent first. */
export function metricNames(sessions: readonly ScoredSession[]): string[] {
  const counts = new Map<string, number>();
  for (const { metrics } of sessions)
    for (const name of Object.keys(metrics ?? {})) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
}

/** The best figure up to each version; `null` before the first. */
export function bestSoFar(versions: readonly RunVersion[], metric: string): (number | null)[] {
  let best: number | null = null;
  return versions.map(({ evaluations }) => {
    for (const evaluation of evaluations) {
      const figure = figureOf(evaluation, metric);
      if (figure !== null && (best === null || figure > best)) best = figure;
    }
    return best;
  });
}
