import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const SESSION = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";
const AT = "2026-03-01T09:00:00.000Z";
const CWD = "/home/ada/clock";

/** What each agent has written of one question, by where it keeps it in a home. */
const HISTORIES: Readonly<Record<string, (question: string) => readonly object[]>> = {
  [`.claude/projects/-home-ada-clock/${SESSION}.jsonl`]: (content) => [
    {
      type: "user",
      uuid: "u1",
      sessionId: SESSION,
      timestamp: AT,
      cwd: CWD,
      message: { role: "user", content },
    },
  ],
  [`.codex/sessions/2026/03/01/rollout-2026-03-01T09-00-00-${SESSION}.jsonl`]: (text) => [
    { timestamp: AT, type: "session_meta", payload: { id: SESSION, timestamp: AT, cwd: CWD } },
    {
      timestamp: AT,
      type: "response_item",
      payload: { type: "message", role: "user", content: [{ type: "input_text", text }] },
    },
  ],
  [`.pi/agent/sessions/--home-ada-clock--/2026-03-01T09-00-00-000Z_${SESSION}.jsonl`]: (text) => [
    { type: "session", version: 3, id: SESSION, timestamp: AT, cwd: CWD },
    {
      type: "message",
      id: "00000001",
      parentId: null,
      timestamp: AT,
      message: { role: "user", content: [{ type: "text", text }] },
    },
  ],
  [`.copilot/session-state/${SESSION}/events.jsonl`]: (content) => [
    { type: "session.start", id: "e1", timestamp: AT, data: { sessionId: SESSION, context: { cwd: CWD } } },
    { type: "user.message", id: "e2", timestamp: AT, data: { content } },
  ],
};

/**
 * Leaves in a home what four agents have written of a question.
 *
 * @returns in how many files.
 */
export function leaveHistories(home: string, question: string): number {
  for (const [path, recordsOf] of Object.entries(HISTORIES)) {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      recordsOf(question)
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(""),
    );
  }
  return Object.keys(HISTORIES).length;
}
