import {
  assistantMessage,
  type SessionManager,
  skillExecution,
  toolCall,
  userMessage,
} from "@thulp-sessions/core";
import { record } from "./record.ts";
import { runSkill, type Skill } from "./skill.ts";
import type { Teacher } from "./teacher.ts";

const SKILL_NAME = "file_name";
const DEMONSTRATED = ["Meeting Notes", "Release Plan"];
const TEST_CASES = [
  { title: "Weekly Report", expected: "weekly-report" },
  { title: "What's new?", expected: "whats-new" },
  { title: "Café Prices", expected: "cafe-prices" },
  { title: "To do -- today", expected: "to-do-today" },
  { title: "Übersicht (neu)", expected: "ubersicht-neu" },
];

export interface Run {
  /** On every session of the run: by it they are found again. */
  readonly tag: string;
  readonly manager: SessionManager;
  readonly teacher: Teacher;
  readonly signal: AbortSignal;
}

/** A version of the skill, and the session that has made it. */
interface Version {
  readonly skill: Skill;
  readonly madeBy: string;
}

/** Learns a skill from the teacher, then evaluates and refines it until every case passes. */
export async function run(of: Run): Promise<void> {
  let version = await learn(of);
  for (let iteration = 1; ; iteration++) {
    const failed = await evaluate(of, version);
    if (failed === undefined) return;
    version = await refine(of, version, failed, iteration);
  }
}

function learn({ manager, teacher, signal, tag }: Run): Promise<Version> {
  const type = { type: "teacher_demo", task: SKILL_NAME, model: teacher.model } as const;
  return record(manager, "How it is done", type, { tags: [tag] }, signal, async (madeBy) => {
    const seen = new Set<Skill[number]>();
    for (const title of DEMONSTRATED) {
      const { answer, rules } = await teacher.demonstrate(title, signal);
      signal.throwIfAborted();
      await manager.addEntries(madeBy, [userMessage(title), assistantMessage(answer)]);
      for (const rule of rules) seen.add(rule);
    }
    const skill = [...seen];
    await manager.setContext(madeBy, "skill", skill);
    return { skill, madeBy };
  });
}

/** Gives the title of the first case that fails. */
function evaluate({ manager, signal, tag }: Run, { skill, madeBy }: Version): Promise<string | undefined> {
  const type = { type: "evaluation", skillName: SKILL_NAME, testCases: TEST_CASES.length } as const;
  const options = { tags: [tag], parentSession: madeBy };
  return record(manager, "Evaluation", type, options, signal, async (id) => {
    const results = TEST_CASES.map(({ title, expected }) => {
      const answer = runSkill(skill, title);
      return { title, expected, answer, passed: answer === expected };
    });
    const passed = results.filter((result) => result.passed).length;
    const score = passed / results.length;
    const metrics = { passed, failed: results.length - passed };
    // One batch: an evaluation is there with its score or not at all.
    await manager.addEntries(id, [
      ...results.map((result) => skillExecution(SKILL_NAME, result.passed, result)),
      { entryType: { type: "evaluation_result", score, metrics }, content: null },
    ]);
    return results.find((result) => !result.passed)?.title;
  });
}

function refine(
  { manager, teacher, signal, tag }: Run,
  before: Version,
  failed: string,
  iteration: number,
): Promise<Version> {
  const type = { type: "refinement", skillName: SKILL_NAME, iteration } as const;
  const options = { tags: [tag], parentSession: before.madeBy };
  return record(manager, `Refinement ${iteration}`, type, options, signal, async (madeBy) => {
    const rule = await teacher.hint(before.skill, failed, signal);
    signal.throwIfAborted();
    await manager.addEntries(madeBy, [
      toolCall("ask_teacher", rule !== undefined, { failed, rule: rule ?? null }),
    ]);
    if (rule === undefined) throw new Error(`The teacher does not know what "${failed}" needs.`);
    const skill = [...before.skill, rule];
    await manager.setContext(madeBy, "skill", skill);
    return { skill, madeBy };
  });
}
