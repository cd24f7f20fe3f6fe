/** What a skill for making file names of titles may know, in the order in which it is applied. */
const RULES = {
  lower_case: (text: string) => text.toLowerCase(),
  fold_accents: (text: string) => text.normalize("NFD").replaceAll(/\p{M}/gu, ""),
  drop_signs: (text: string) => text.replaceAll(/[^\p{L}\p{M}\p{N}\s-]/gu, ""),
  join_words: (text: string) => text.trim().replaceAll(/[\s-]+/g, "-"),
};
export type Rule = keyof typeof RULES;
export const ALL_RULES = Object.keys(RULES) as Rule[];

/** A skill as it is learned: which rules it has. */
export type Skill = readonly Rule[];

export function runSkill(skill: Skill, title: string): string {
  return ALL_RULES.filter((rule) => skill.includes(rule)).reduce((text, rule) => RULES[rule](text), title);
}
