// Longer than most files: a place and a history of each agent, for what all of them have to pass.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { aider } from "../src/agents/aider.ts";
import { atif } from "../src/agents/atif.ts";
import { claudeCode } from "../src/agents/claude-code.ts";
import { cline, roo } from "../src/agents/cline.ts";
import { codex } from "../src/agents/codex.ts";
import { copilot } from "../src/agents/copilot.ts";
import { cursor } from "../src/agents/cursor.ts";
import { gemini } from "../src/agents/gemini.ts";
import { goose } from "../src/agents/goose.ts";
import { messages } from "../src/agents/messages.ts";
import { opencode } from "../src/agents/opencode.ts";
import { openclaw, pi } from "../src/agents/pi.ts";
import { qwen } from "../src/agents/qwen.ts";
import type { AgentReader } from "../src/index.ts";
import {
  CLAUDE,
  CODEX,
  COPILOT,
  COPILOT_SESSION,
  GEMINI,
  PI,
  QWEN,
  QWEN_SESSION,
  SESSION,
  THREAD,
} from "./fixtures.ts";
import { ATIF, FORMATS } from "./fixtures-neutral.ts";

/** What an agent writes, one after the other. */
export type Piece = Readonly<Record<string, unknown>> | string;

/** A history of one session as its agent keeps it. */
export interface AgentCase {
  readonly name: string;
  readonly reader: AgentReader;
  /** Below a root of the agent: the file that it writes, or one of them. */
  readonly path: string;
  readonly pieces: readonly Piece[];
  /** One that no version of the agent has written so far; absent where there is no such thing. */
  readonly unknown?: Piece;
  /** A piece as it is when the agent has changed it. */
  changed(piece: Piece): Piece;
  /** Writes a history of these pieces below a root, in place of the one that was there. */
  write(root: string, pieces: readonly Piece[]): void;
  /** The bytes of the file with these pieces, where it is one file of text. */
  text?(pieces: readonly Piece[]): string;
  /** Its pieces have an order of their own, whatever the order is in which they were written. */
  readonly isSorted?: true;
  /** The text means the same with other line ends, and behind a byte order mark. */
  readonly isLines?: true;
}

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const marked = (piece: Piece): Piece =>
  typeof piece === "string" ? piece.replace(/\n$/, " again\n") : { ...piece, changedLater: true };

function textCase(
  reader: AgentReader,
  path: string,
  pieces: readonly Piece[],
  text: (pieces: readonly Piece[]) => string,
  more: Partial<AgentCase> = {},
): AgentCase {
  const name = `${reader.agent}, ${path.replace(/^.*\//, "")}`;
  const write: AgentCase["write"] = (root, some) => put(root, path, text(some));
  return { name, reader, path, pieces, changed: marked, write, text, ...more };
}

const linesOf = (pieces: readonly Piece[]) => pieces.map((piece) => `${JSON.stringify(piece)}\n`).join("");

function linesCase(reader: AgentReader, path: string, pieces: readonly object[], unknown: Piece): AgentCase {
  return textCase(reader, path, pieces as readonly Piece[], linesOf, { unknown, isLines: true });
}

/** A JSON text with a list under a key, or a list alone. */
function documentCase(
  reader: AgentReader,
  path: string,
  [head, tail]: readonly [string, string],
  pieces: readonly object[],
  unknown: Piece,
): AgentCase {
  const text = (some: readonly Piece[]) =>
    `${head}${some.map((piece) => `\n  ${JSON.stringify(piece)}`).join(",")}\n${tail}\n`;
  return textCase(reader, path, pieces as readonly Piece[], text, { unknown });
}

const AT = Date.parse("2026-07-10T00:00:00Z");

/** A database that is made again with these rows: by the names of their tables. */
function databaseCase(
  reader: AgentReader,
  path: string,
  tables: string,
  pieces: readonly Piece[],
  more: Pick<AgentCase, "unknown" | "changed">,
): AgentCase {
  return {
    name: `${reader.agent}, ${path}`,
    reader,
    path,
    pieces,
    isSorted: true,
    ...more,
    write: (root, rows) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      for (const end of ["", "-wal", "-shm"]) rmSync(join(root, path) + end, { force: true });
      const database = new Database(join(root, path));
      database.exec(tables);
      for (const row of rows) {
        const { table, ...columns } = row as Record<string, unknown>;
        const names = Object.keys(columns);
        database
          .prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => "?").join()})`)
          .run(...Object.values(columns));
      }
      database.close();
    },
  };
}

const part = (id: string, message: string, data: object) => ({
  table: "part",
  id,
  message_id: message,
  session_id: "ses_1",
  time_created: AT,
  time_updated: AT,
  data: JSON.stringify(data),
});
const message = (id: string, role: string, time: number) => ({
  table: "message",
  id,
  session_id: "ses_1",
  time_created: time,
  time_updated: time,
  data: JSON.stringify({ role, time: { created: time } }),
});
const OPENCODE_DATABASE = databaseCase(
  opencode,
  "opencode.db",
  `CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text, title text, version text,
     time_created integer, time_updated integer);
   CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
   CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer,
     time_updated integer, data text);
   INSERT INTO session VALUES ('ses_1', NULL, '/home/ada', 'Milling', '1.18', ${AT}, ${AT});`,
  [
    message("m1", "user", AT + 1),
    part("m1_0", "m1", { type: "text", text: "Mill it" }),
    message("m2", "assistant", AT + 2),
    part("m2_0", "m2", {
      type: "tool",
      tool: "bash",
      callID: "c",
      state: { status: "completed", output: "x" },
    }),
    part("m2_1", "m2", { type: "text", text: "Milled." }),
  ],
  {
    unknown: part("m2_9", "m2", { type: "from_tomorrow" }),
    changed: (row) => ({
      ...(row as object),
      data: JSON.stringify({ type: "text", text: "other", role: "user" }),
    }),
  },
);

const spoken = (id: number, role: string, text: string) => ({
  table: "messages",
  message_id: `chatcmpl-${id}`,
  session_id: "20260801_1",
  role,
  content_json: JSON.stringify([{ type: "text", text }]),
  created_timestamp: 1_785_560_400 + id,
  metadata_json: "{}",
});
const GOOSE_DATABASE = databaseCase(
  goose,
  "sessions/sessions.db",
  `CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, working_dir TEXT, created_at TIMESTAMP,
     updated_at TIMESTAMP, parent_session_id TEXT);
   CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT, role TEXT,
     content_json TEXT, created_timestamp INTEGER, metadata_json TEXT);
   INSERT INTO sessions VALUES ('20260801_1', 'Gathering', '/home/ada', '2026-08-01 05:00:00', '2026-08-01 05:00:09', NULL);`,
  [
    spoken(1, "user", "Gather it"),
    spoken(2, "assistant", "So."),
    spoken(3, "user", "More"),
    spoken(4, "assistant", "Yes."),
  ],
  {
    unknown: spoken(5, "oracle", "?"),
    changed: (row) => ({
      ...(row as object),
      content_json: JSON.stringify([{ type: "text", text: "other" }]),
    }),
  },
);

const file = (path: string, value: object) => ({ file: path, value });
/** Many files, of which each is a piece. */
const OPENCODE_FILES: AgentCase = {
  name: "opencode, files",
  reader: opencode,
  path: "storage/session/p/ses_1.json",
  isSorted: true,
  pieces: [
    file("storage/session/p/ses_1.json", { id: "ses_1", title: "Milling", time: { created: AT } }),
    file("storage/message/ses_1/m1.json", { id: "m1", role: "user", time: { created: AT + 1 } }),
    file("storage/part/m1/p1.json", { id: "p1", messageID: "m1", type: "text", text: "Mill it" }),
    file("storage/message/ses_1/m2.json", { id: "m2", role: "assistant", time: { created: AT + 2 } }),
    file("storage/part/m2/p2.json", { id: "p2", messageID: "m2", type: "text", text: "Milled." }),
  ],
  unknown: file("storage/part/m2/p9.json", { id: "p9", messageID: "m2", type: "from_tomorrow" }),
  changed: (piece) => {
    const { file: path, value } = piece as { file: string; value: object };
    return file(path, { ...value, changedLater: true });
  },
  write: (root, pieces) => {
    if (existsSync(join(root, "storage"))) rmSync(join(root, "storage"), { recursive: true });
    for (const piece of pieces) {
      const { file: path, value } = piece as { file: string; value: object };
      put(root, path, JSON.stringify(value));
    }
  },
};

const AIDER_PIECES: readonly string[] = [
  "# aider chat started at 2026-02-03 04:05:06\n",
  "\n> Aider v0.86.1  \n",
  "\n#### Grind it  \n",
  "\nI grind.\n\n",
  "> Applied edit to gear.py  \n",
  "\n#### And more  \n",
  "\nGround.\n\n",
];

const talk = (role: string, text: string) => ({ role, message: { content: [{ type: "text", text }] } });
const clineTalk = (i: number, role: string, text: string) => ({
  id: `m${i}`,
  role,
  content: [{ type: "text", text }],
  ts: AT + i,
});
const CLINE = [
  clineTalk(1, "user", "Dye it"),
  clineTalk(2, "assistant", "Blue?"),
  clineTalk(3, "user", "Yes"),
  clineTalk(4, "assistant", "Dyed."),
];
const ORACLE = { role: "oracle", content: [] };
const [atifHead] = JSON.stringify({ ...ATIF, steps: ["!"] }).split('"!"') as [string];

/** Each agent, in each form that it keeps its histories in. */
export const AGENT_CASES: readonly AgentCase[] = [
  linesCase(claudeCode, `projects/p/${SESSION}.jsonl`, CLAUDE, { type: "from_tomorrow" }),
  linesCase(codex, `sessions/2026/04/02/rollout-2026-04-02T11-59-59-${THREAD}.jsonl`, CODEX, {
    type: "from_tomorrow",
    payload: {},
  }),
  linesCase(pi, "sessions/--home--/2026-05-03T11-00-00-000Z_x.jsonl", PI, { type: "from_tomorrow", id: "z" }),
  linesCase(openclaw, "agents/main/sessions/one.jsonl", PI, { type: "from_tomorrow", id: "z" }),
  linesCase(copilot, `session-state/${COPILOT_SESSION}/events.jsonl`, COPILOT, {
    type: "from.tomorrow",
    data: {},
  }),
  linesCase(gemini, "tmp/loom/chats/session-1.jsonl", GEMINI, { type: "from_tomorrow", id: "z" }),
  documentCase(
    gemini,
    "tmp/loom/chats/session-2.json",
    ['{"sessionId":"5e0c9a1b-7d21-4b8a-9c55-3f1e2d4c6b7a","messages":[', "]}"],
    [
      { id: "g1", type: "user", timestamp: "2026-07-01T07:00:01Z", content: "Temper it" },
      { id: "g2", type: "gemini", timestamp: "2026-07-01T07:00:02Z", content: "I look." },
      { id: "g3", type: "user", timestamp: "2026-07-01T07:00:03Z", content: "And?" },
      { id: "g4", type: "gemini", timestamp: "2026-07-01T07:00:04Z", content: "Red." },
    ],
    { id: "z", type: "from_tomorrow" },
  ),
  linesCase(qwen, `projects/p/chats/${QWEN_SESSION}.jsonl`, QWEN, { type: "from_tomorrow", uuid: "z" }),
  OPENCODE_DATABASE,
  OPENCODE_FILES,
  GOOSE_DATABASE,
  linesCase(
    goose,
    "sessions/20250101_120000.jsonl",
    [
      { working_dir: "/home/ada", description: "Old" },
      { role: "user", created: 1_735_732_800, content: [{ type: "text", text: "Hi" }] },
      { role: "assistant", created: 1_735_732_801, content: [{ type: "text", text: "Ho" }] },
      { role: "user", created: 1_735_732_802, content: [{ type: "text", text: "More" }] },
    ],
    { role: "oracle", created: 1_735_732_803, content: [] },
  ),
  documentCase(cline, "sessions/s1/s1.messages.json", ['{"version":1,"messages":[', "]}"], CLINE, ORACLE),
  documentCase(cline, "tasks/1785542400000/api_conversation_history.json", ["[", "]"], CLINE, ORACLE),
  documentCase(roo, "tasks/1785542400000/api_conversation_history.json", ["[", "]"], CLINE, ORACLE),
  linesCase(
    cursor,
    "projects/p/agent-transcripts/one/one.jsonl",
    [talk("user", "Dye it"), talk("assistant", "Blue?"), talk("user", "Yes"), { type: "turn_ended" }],
    { type: "aurora" },
  ),
  textCase(aider, ".aider.chat.history.md", AIDER_PIECES, (pieces) => pieces.join("")),
  linesCase(messages, "talk.jsonl", FORMATS["OpenAI messages"].records as readonly object[], {
    role: "oracle",
  }),
  documentCase(atif, "trajectory.json", [atifHead, `],"final_metrics":{}}`], ATIF.steps.slice(0, 4), {
    step_id: 9,
    source: "oracle",
    message: "",
  }),
];
