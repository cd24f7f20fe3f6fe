import type { SessionManager, SessionMetadata } from "@thulp-sessions/core";

export interface Score {
  /** The session that has made the version of the skill. */
  readonly madeBy: SessionMetadata;
  readonly score: number;
  readonly passed: number;
  readonly testCases: number;
}

/** What the evaluations of a run have given, in the order in which the versions were made. */
export async function scoresOf(manager: SessionManager, tag: string): Promise<Score[]> {
  const scores: Score[] = [];
  const versions = { tag, or: [{ type: "teacher_demo" }, { type: "refinement" }] };
  const { items } = await manager.pageSessions({ filter: versions, orderBy: "createdAt", direction: "asc" });
  for (const madeBy of items) {
    const evaluations = { type: "evaluation", status: "completed", parent: madeBy.id } as const;
    for (const { id } of await manager.listSessions(evaluations)) {
      const { items: results } = await manager.readEntries(id, { types: ["evaluation_result"] });
      for (const { entryType } of results) {
        if (entryType.type !== "evaluation_result") continue;
        const { score, metrics } = entryType;
        const { passed = 0, failed = 0 } = metrics;
        scores.push({ madeBy, score, passed, testCases: passed + failed });
      }
    }
  }
  return scores;
}

export function table(scores: readonly Score[]): string {
  const rows = scores.map(({ madeBy, score, passed, testCases }) => [
    madeBy.sessionType.type,
    `${madeBy.sessionType.type === "refinement" ? madeBy.sessionType.iteration : 0}`,
    score.toFixed(2),
    `${passed}/${testCases}`,
    madeBy.id,
  ]);
  const lines = [["made by", "version", "score", "passed", "session"], ...rows];
  return lines
    .map(([type = "", ...rest]) =>
      [type.padEnd(14), ...rest.map((cell) => cell.padEnd(9))].join("").trimEnd(),
    )
    .join("\n");
}
