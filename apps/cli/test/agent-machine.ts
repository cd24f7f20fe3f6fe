import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type RunOptions, tempFolder } from "./harness.ts";

// A machine on which Claude Code and Codex have left something.

export const SESSION = "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b";
export const THREAD = "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
export const CLAUDE = `.claude/projects/-home-ada/${SESSION}`;
export const ROLLOUT = `.codex/sessions/2026/04/02/rollout-2026-04-02T11-59-59-${THREAD}.jsonl`;

export const claudeLine = (uuid: string, content: string) =>
  `${JSON.stringify({ type: "user", uuid, timestamp: "2026-03-01T09:00:00Z", message: { role: "user", content } })}\n`;

const codexItem = {
  type: "message",
  role: "user",
  content: [{ type: "input_text", text: "Weave the cloth" }],
};

/** What lies in a home, by its path. */
export type HomeFiles = Readonly<Record<string, string>>;

export const FILES: HomeFiles = {
  [`${CLAUDE}.jsonl`]: claudeLine("u1", "Count the cogs") + claudeLine("u2", "and the wheels"),
  [`${CLAUDE}/subagents/agent-7.jsonl`]: claudeLine("u3", "Look for teeth"),
  [ROLLOUT]: `${JSON.stringify({ timestamp: "2026-04-02T10:00:00Z", type: "response_item", payload: codexItem })}\n`,
};

/** A home with these files, and an empty folder to work in. */
export function machineWith(files: HomeFiles): RunOptions & { readonly home: string } {
  const home = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return { cwd: tempFolder(), env: { HOME: home, USERPROFILE: home }, home };
}
