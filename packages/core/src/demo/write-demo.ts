import type { JsonObject } from "../model/json.ts";
import type { SessionType } from "../model/model.ts";
import {
  assistantMessage,
  type EntryDraft,
  skillExecution,
  toolCall,
  userMessage,
} from "../rules/helpers.ts";

/** On every session of a demo: by it they are found, and removed, again. */
export const DEMO_TAG = "thulp-demo";

/** The sessions of a demo that somebody may want to look at first. */
export interface Demo {
  /** An agent at work, with a call that failed. */
  readonly build: string;
  /** What the sessions of the evaluation run share. */
  readonly run: string;
  readonly sessions: number;
}

/** What a demo is written with: a `SessionManager`, or the same calls of a client. */
export interface DemoWriter {
  createSession(name: string, sessionType: SessionType, options: DemoSessionOptions): Promise<Created>;
  addEntries(id: string, entries: readonly EntryDraft[]): Promise<unknown>;
  forkSession(id: string, options: { readonly name: string; readonly entryCount: number }): Promise<Created>;
  completeSession(id: string): Promise<unknown>;
  failSession(id: string): Promise<unknown>;
}

/** What a session of a demo has beside its name and type. */
export interface DemoSessionOptions {
  readonly tags: readonly string[];
  readonly parentSession?: string | null;
  readonly context?: JsonObject;
}

interface Created {
  readonly metadata: { readonly id: string };
}

/**
 * Writes what agents write: one at work with a fork of it, one that has ended, and an evaluation run.
 *
 * @param now names the run by its day; milliseconds since the epoch.
 * @throws what the writer throws: the sessions before stay.
 */
export async function writeDemo(writer: DemoWriter, now: number): Promise<Demo> {
  const plan = await writer.createSession(
    "Plan the release",
    { type: "conversation", purpose: "planning" },
    { tags: [DEMO_TAG, "release"] },
  );
  await writer.addEntries(plan.metadata.id, PLAN);
  await writer.completeSession(plan.metadata.id);
  const run = `run-${new Date(now).toISOString().slice(0, 10)}`;
  const evaluated = await writeRun(writer, run);
  const build = await writer.createSession(
    "Fix the build",
    { type: "agent", agentName: "builder" },
    { tags: [DEMO_TAG, "ci"], context: { branch: "parse-numbers", attempts: 1 } },
  );
  await writer.addEntries(build.metadata.id, BUILD);
  const fork = await writer.forkSession(build.metadata.id, {
    name: "Fix the build, another way",
    entryCount: 6,
  });
  await writer.addEntries(fork.metadata.id, OTHER_WAY);
  await writer.failSession(fork.metadata.id);
  // The one at work was changed last, so that it stands first.
  await writer.addEntries(build.metadata.id, [assistantMessage("I run the whole suite once more.")]);
  return { build: build.metadata.id, run, sessions: 3 + evaluated };
}

const PLAN: readonly EntryDraft[] = [
  userMessage("What is left before the release?"),
  assistantMessage(
    "Three things:\n\n1. the parser takes `1e3` for a text\n2. the notes\n3. a tag\n\n| what | who |\n| --- | --- |\n| parser | builder |\n| notes | you |",
  ),
  userMessage("Let the builder do the first."),
  assistantMessage("It is at it: *Fix the build*."),
];

const BUILD: readonly EntryDraft[] = [
  userMessage("The build is red since this morning. Please find out why, and fix it."),
  toolCall("Bash", true, { command: "git log --oneline -3", output: "4f1c2aa parse numbers\n9b0e771 notes" }),
  toolCall("Read", true, { file_path: "src/parse.ts" }),
  toolCall("Read", true, { file_path: "test/parse.test.ts" }),
  toolCall("Bash", false, {
    command: "npm test",
    output: "FAIL test/parse.test.ts > reads numbers\nexpected '1e3' to be 1000",
    exitCode: 1,
  }),
  assistantMessage(
    "One test fails: `parse.test.ts` expects **1000** for `1e3`, and gets the text.\n\n```ts\nif (/^\\d+$/.test(text)) return Number(text);\n```\n\nThe pattern knows no exponent.",
  ),
  toolCall("Edit", true, {
    file_path: "src/parse.ts",
    old: "if (/^\\d+$/.test(text)) return Number(text);",
    new: "if (/^\\d+(e\\d+)?$/.test(text)) return Number(text);",
  }),
  toolCall("Bash", true, { command: "npm test", output: "Tests 48 passed (48)" }),
  assistantMessage("All 48 tests pass. Shall I commit it?"),
  userMessage("Yes, and thank you."),
  toolCall("Bash", true, { command: "git commit -am 'parse: exponents'", output: "[main 77ab3c1]" }),
];

const OTHER_WAY: readonly EntryDraft[] = [
  userMessage("Could `Number` decide by itself?"),
  toolCall("Edit", true, {
    file_path: "src/parse.ts",
    old: "if (/^\\d+$/.test(text))",
    new: "if (text !== '')",
  }),
  toolCall("Bash", false, { command: "npm test", output: "FAIL 12 of 48: ' ' is read as 0", exitCode: 1 }),
  assistantMessage("No: a blank becomes 0. Twelve tests fail; I give this way up."),
];

const SKILL = "file_name";
const CASES = ["Weekly Report", "What's new?", "Café Prices", "To do -- today", "Übersicht (neu)"];
/** Which of the cases each version of the skill passes: the third one breaks the first case. */
const VERSIONS: readonly (readonly boolean[])[] = [
  [true, false, false, true, false],
  [true, true, false, true, false],
  [false, true, true, true, false],
  [true, true, true, true, true],
];
const RULES = ["lower_case", "drop_signs", "fold_accents", "join_words"];

/** Versions of a skill, each with its evaluation. @returns how many sessions that are. */
async function writeRun(writer: DemoWriter, run: string): Promise<number> {
  let parent: string | undefined;
  for (const [version, passed] of VERSIONS.entries()) {
    const type: SessionType =
      version === 0
        ? { type: "teacher_demo", task: SKILL, model: "a model" }
        : { type: "refinement", skillName: SKILL, iteration: version };
    const maker = await writer.createSession(
      version === 0 ? "How it is done" : `Refinement ${version}`,
      type,
      {
        tags: [DEMO_TAG, run],
        parentSession: parent ?? null,
        context: { skill: RULES.slice(0, version + 1) },
      },
    );
    const { id } = maker.metadata;
    await writer.addEntries(id, [
      userMessage(`What makes a good file name of "${CASES[version]}"?`),
      toolCall("ask_teacher", true, { rule: RULES[version] ?? null }),
      assistantMessage(`I take the rule \`${RULES[version]}\`.`),
    ]);
    await writer.completeSession(id);
    await writeEvaluation(writer, run, id, passed);
    parent = id;
  }
  return VERSIONS.length * 2;
}

async function writeEvaluation(
  writer: DemoWriter,
  run: string,
  parentSession: string,
  passed: readonly boolean[],
): Promise<void> {
  const { metadata } = await writer.createSession(
    "Evaluation",
    { type: "evaluation", skillName: SKILL, testCases: CASES.length },
    { tags: [DEMO_TAG, run], parentSession },
  );
  const count = passed.filter((each) => each).length;
  await writer.addEntries(metadata.id, [
    ...CASES.map((title, i) => {
      const expected = fileName(title);
      return skillExecution(SKILL, passed[i] === true, {
        case: title,
        expected,
        answer: passed[i] ? expected : title,
      });
    }),
    {
      entryType: {
        type: "evaluation_result",
        score: count / CASES.length,
        metrics: { passed: count, failed: CASES.length - count },
      },
      content: null,
    },
  ]);
  await writer.completeSession(metadata.id);
}

function fileName(title: string): string {
  const letters = title.normalize("NFD").replace(/[^A-Za-z0-9\s-]/g, "");
  return letters
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "-");
}
