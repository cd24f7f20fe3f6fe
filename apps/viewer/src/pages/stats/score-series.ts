import type { SessionId, SessionRow } from "@thulp-sessions/core";

/** One evaluation that has a score. */
interface ScorePoint {
  readonly id: SessionId;
  readonly time: number;
  readonly score: number;
}

/** The evaluations of one skill. */
export interface SkillScores {
  readonly name: string;
  /** With a score or not. */
  readonly evaluations: number;
  /** The oldest first. */
  readonly points: readonly ScorePoint[];
  /** `null` where none has a score. */
  readonly best: number | null;
  /** `null` likewise. */
  readonly last: ScorePoint | null;
}

/** The evaluations among some rows by skill, the skill of the newest evaluation first. */
export function skillScores(rows: readonly SessionRow[]): SkillScores[] {
  const bySkill = new Map<string, { newest: number; evaluations: number; points: ScorePoint[] }>();
  for (const { id, sessionType, createdAt, score } of rows) {
    if (sessionType.type !== "evaluation") continue;
    const skill = bySkill.get(sessionType.skillName) ?? { newest: createdAt, evaluations: 0, points: [] };
    skill.evaluations++;
    skill.newest = Math.max(skill.newest, createdAt);
    if (score) skill.points.push({ id, time: createdAt, score: score.score });
    bySkill.set(sessionType.skillName, skill);
  }
  return [...bySkill]
    .sort(([, a], [, b]) => b.newest - a.newest)
    .map(([name, { evaluations, points }]) => {
      const sorted = points.toSorted((a, b) => a.time - b.time);
      const best = sorted.reduce<number | null>(
        (most, { score }) => (most === null || score > most ? score : most),
        null,
      );
      return { name, evaluations, points: sorted, best, last: sorted.at(-1) ?? null };
    });
}
