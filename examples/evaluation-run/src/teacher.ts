import { ALL_RULES, type Rule, runSkill, type Skill } from "./skill.ts";

interface Demonstration {
  readonly answer: string;
  /** What one can see the answer was made with. */
  readonly rules: Skill;
}

/** Whoever knows how it is done. Put a large model here: both calls are questions to it. */
export interface Teacher {
  readonly model: string;
  demonstrate(title: string, signal: AbortSignal): Promise<Demonstration>;
  /** What the skill lacks for this title; `undefined` when the teacher does not know. */
  hint(skill: Skill, title: string, signal: AbortSignal): Promise<Rule | undefined>;
}

/** Stands in for a model, so that this runs offline. */
export const fakeTeacher: Teacher = {
  model: "fake-teacher",
  demonstrate: async (title) => ({ answer: runSkill(ALL_RULES, title), rules: rulesThatMatter(title) }),
  hint: async (skill, title) => rulesThatMatter(title).find((rule) => !skill.includes(rule)),
};

/** Those without which the answer would be another. */
function rulesThatMatter(title: string): Skill {
  const answer = runSkill(ALL_RULES, title);
  return ALL_RULES.filter((left) => {
    const others = ALL_RULES.filter((rule) => rule !== left);
    return runSkill(others, title) !== answer;
  });
}
