import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cline, roo } from "../src/agents/cline.ts";
import { cursor } from "../src/agents/cursor.ts";
import { exportSideFiles, findTranscripts, importTranscripts, sessionIdOf } from "../src/index.ts";
import { imported, typeOf } from "./imported.ts";
import { openStore, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, lines } from "./round-trip.ts";

const AT = Date.parse("2026-09-02T03:00:00Z");

/** Writes these files below a new folder. */
function tree(files: Readonly<Record<string, unknown>>): string {
  const root = tempFolder();
  for (const [path, value] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify(value, null, 2));
  }
  return root;
}

const text = (value: string) => ({ type: "text", text: value });
const MESSAGES: readonly object[] = [
  { id: "u1", role: "user", content: [text("Dye it")], ts: AT + 1 },
  { id: "a1", role: "assistant", content: [{ type: "tool_use", id: "t1", name: "read_file" }], ts: AT + 2 },
  {
    id: "u2",
    role: "user",
    content: [
      { type: "tool_result", tool_use_id: "t1", content: "blue" },
      { type: "tool_result", tool_use_id: "t2", content: "no", is_error: true },
    ],
    ts: AT + 3,
  },
  { id: "o1", role: "oracle", content: [], ts: AT + 4 },
];
const manifest = (more: object) => ({
  session_id: "s1",
  cwd: "/home/ada/vat",
  started_at: new Date(AT),
  ...more,
});
const document = (messages: readonly object[]) => ({ version: 1, updated_at: new Date(AT + 9), messages });

describe("Cline since 4.0", () => {
  const FILES = {
    "sessions/s1/s1.json": manifest({ metadata: { title: "Dyeing" } }),
    "sessions/s1/s1.messages.json": document(MESSAGES),
    "sessions/s1/s1.compaction.json": { left: "out" },
    "sessions/s1/helper.messages.json": document(MESSAGES.slice(0, 1)),
    "sessions/sessions.index.json": [],
    "settings/secrets.json": {},
  };

  test("a session: its messages, and what its manifest says of it", async () => {
    const store = await openStore();
    const root = tree(FILES);
    const reports = await importTranscripts(store, cline, [root]);
    expect(reports.map(({ result }) => result)).toEqual(["new", "new"]);
    const id = sessionIdOf("cline", { nativeId: "s1" });
    const { entries, metadata } = await store.get(id);
    expect(entries.map(typeOf)).toEqual([
      "user_message",
      "assistant_message",
      "read_file true",
      "unknown false",
      "cline:oracle",
      "cline:session",
      "import:file",
      "import:file",
    ]);
    expect(metadata).toMatchObject({
      name: "Dyeing",
      createdAt: AT,
      status: "completed",
      tags: ["agent:cline", "project:/home/ada/vat"],
    });
    const helper = sessionIdOf("cline", { nativeId: "helper", parentId: "s1" });
    expect((await store.head(helper)).metadata.parentSession).toBe(id);
    expect(await exported(store, id)).toMatchObject({ exact: true, path: "sessions/s1/s1.messages.json" });
    const beside: string[] = [];
    for await (const { path } of exportSideFiles(store, id)) beside.push(path);
    expect(beside).toEqual(["sessions/s1/s1.compaction.json", "sessions/s1/s1.json"]);

    expect((await importTranscripts(store, cline, [root])).map(({ result }) => result)).toEqual([
      "unchanged",
      "unchanged",
    ]);
    // Only the manifest says that it has ended otherwise, and is called something else.
    const other = manifest({ metadata: { title: "Dyed" }, status: "cancelled" });
    writeFileSync(join(root, "sessions/s1/s1.json"), JSON.stringify(other));
    await importTranscripts(store, cline, [root]);
    expect((await store.head(id)).metadata).toMatchObject({ name: "Dyed", status: "cancelled" });
    const again = await importTranscripts(store, cline, [root]);
    expect(again.map(({ result }) => result)).toEqual(["unchanged", "unchanged"]);
  });

  test("what was compacted stays, and the file comes back as it is now", async () => {
    const store = await openStore();
    const root = tree(FILES);
    await importTranscripts(store, cline, [root]);
    const id = sessionIdOf("cline", { nativeId: "s1" });
    const before = await entriesOf(store, id);
    const compacted = [
      { id: "c1", role: "user", content: [text("So far.")], ts: AT + 5 },
      MESSAGES[3] as object,
    ];
    writeFileSync(join(root, "sessions/s1/s1.messages.json"), JSON.stringify(document(compacted)));
    const [, report] = await importTranscripts(store, cline, [root]);
    expect(report).toMatchObject({ result: "changed" });
    expect((await entriesOf(store, id)).slice(0, before.length)).toEqual(before);
    expect(await exported(store, id)).toMatchObject({ exact: true });
  });
});

describe("Cline before, and Roo Code", () => {
  const TASK = {
    "tasks/1788318000000/api_conversation_history.json": [
      { role: "user", content: [text("<task>\nDye  it\n</task>"), text("<environment_details>")] },
      { role: "assistant", content: "Dyed." },
    ],
    "tasks/1788318000000/ui_messages.json": [{ ts: AT, type: "say", say: "text", text: "Dyed." }],
    "state/taskHistory.json": [],
  };

  test("a task is called what it was given, and begun when its folder says", async () => {
    const store = await openStore();
    const root = tree(TASK);
    const [report] = await importTranscripts(store, cline, [root]);
    const { entries, metadata } = await store.get(report?.sessionId as string);
    expect(entries.map(typeOf)).toEqual(["user_message", "assistant_message", "import:file"]);
    expect(metadata).toMatchObject({ name: "Dye it", createdAt: 1788318000000, tags: ["agent:cline"] });
    expect(await exported(store, metadata.id)).toMatchObject({ exact: true });
  });

  test("Roo says more of a task", async () => {
    const store = await openStore();
    const item = { id: "1788318000000", task: "Dye it blue", workspace: "/home/ada/vat" };
    const [report] = await importTranscripts(store, roo, [
      tree({ ...TASK, "tasks/1788318000000/history_item.json": item }),
    ]);
    const { metadata } = await store.head(report?.sessionId as string);
    expect(metadata).toMatchObject({ name: "Dye it blue", tags: ["agent:roo", "project:/home/ada/vat"] });
  });

  test("they lie in the folders of the editors, on each system", () => {
    const paths = (reader: typeof cline, env = {}) =>
      reader.roots({ home: "/h", env }).map(({ path, folders }) => `${path}/${folders}`);
    const extension = "User/globalStorage/saoudrizwan.claude-dev/tasks";
    expect(paths(cline)).toEqual(
      expect.arrayContaining([
        "/h/.cline/data/sessions",
        `/h/.config/Code/${extension}`,
        `/h/Library/Application Support/Cursor/${extension}`,
        `/h/.vscode-server/data/${extension}`,
      ]),
    );
    expect(paths(cline, { APPDATA: "C:/A" })).toContain(`C:/A/Code - Insiders/${extension}`);
    expect(paths(cline, { CLINE_SESSION_DATA_DIR: "/s" })[0]).toBe("/s/.");
    expect(paths(cline, { CLINE_DIR: "/d" })).toContain("/d/data/sessions");
    expect(paths(roo)).toContain("/h/.config/VSCodium/User/globalStorage/rooveterinaryinc.roo-cline/tasks");
  });
});

describe("Cursor", () => {
  const TALK: readonly object[] = [
    { role: "user", message: { content: [text("<user_query>\nDye it\n</user_query>")] } },
    { role: "assistant", message: { content: [{ type: "tool_use", name: "Shell", input: {} }] } },
    { type: "turn_ended", status: "success" },
    { type: "aurora" },
  ];

  test("a transcript, with the time of its file", async () => {
    const { types, metadata, report } = await imported(cursor, "talk.jsonl", TALK);
    expect(types).toEqual(["user_message", "assistant_message", "cursor:turn_ended", "cursor:aurora"]);
    expect(metadata).toMatchObject({ name: "Dye it", tags: ["agent:cursor"] });
    expect(Date.now() - metadata.createdAt).toBeLessThan(60_000);
    expect(report.unknownKinds).toEqual({ aurora: 1 });
  });

  test("transcripts and those of sub-agents are found, and nothing else", async () => {
    const root = tempFolder();
    for (const path of [
      "agent-transcripts/one/one.jsonl",
      "agent-transcripts/one/subagents/two.jsonl",
      "x.jsonl",
    ]) {
      mkdirSync(dirname(join(root, "projects/p", path)), { recursive: true });
      fileWith(lines(...TALK), path, join(root, "projects/p"));
    }
    const { files } = await findTranscripts(cursor, root);
    expect(files.map(({ nativeId, parentId }) => [nativeId, parentId])).toEqual([
      ["one", undefined],
      ["two", "one"],
    ]);
  });
});
