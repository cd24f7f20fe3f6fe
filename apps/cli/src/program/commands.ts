import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  /** The module of the command is loaded when it runs, and no other. */
  readonly load: () => Promise<(context: Context) => AnyCommand>;
}

const LOOK = "Look:";
const WRITE = "Write:";
const MOVE = "Move:";
const MAINTENANCE = "Maintenance:";
const RUN = "Run:";

export const COMMANDS: readonly CommandEntry[] = [
  entry(LOOK, "list", "list sessions, newest first", () => import("../commands/list.ts")),
  entry(LOOK, "show", "read a session", () => import("../commands/show.ts")),
  entry(
    LOOK,
    "tail",
    "the last entries of a session, and those to come",
    () => import("../commands/tail.ts"),
  ),
  entry(LOOK, "search", "find words in all sessions", () => import("../commands/search.ts")),
  entry(LOOK, "tree", "the forks of a session and where it came from", () => import("../commands/tree.ts")),
  entry(LOOK, "stats", "how many sessions of which kind, the largest", () => import("../commands/stats.ts")),
  entry(WRITE, "create", "make a new session", () => import("../commands/create.ts")),
  entry(WRITE, "append", "add entries to a session", () => import("../commands/append.ts")),
  ...(["complete", "fail", "cancel", "pause", "resume"] as const).map((name) =>
    entry(WRITE, name, statusSummary(name), async () => ({
      command: (await import("../commands/status.ts")).statusCommand(name),
    })),
  ),
  entry(WRITE, "tag", "show, add and remove the tags of a session", () => import("../commands/tag.ts")),
  entry(WRITE, "rename", "give a session another name", () => import("../commands/rename.ts")),
  entry(WRITE, "fork", "a new session that begins as another one", () => import("../commands/fork.ts")),
  entry(WRITE, "rewind", "take the last entries off a session", () => import("../commands/rewind.ts")),
  entry(WRITE, "delete", "delete sessions", () => import("../commands/delete.ts")),
  entry(MOVE, "copy", "copy sessions from one store to another", () => import("../commands/copy.ts")),
  entry(MOVE, "export", "write sessions as JSON, JSONL or Markdown", () => import("../commands/export.ts")),
  entry(MOVE, "import", "take in what export has written", () => import("../commands/import.ts")),
  entry(MOVE, "follow", "take in what other agents write", () => import("../commands/follow.ts")),
  entry(MOVE, "backup", "a verified copy in a new place", () => import("../commands/backup.ts")),
  entry(MOVE, "restore", "put a backup into the place of the store", () => import("../commands/restore.ts")),
  entry(
    MAINTENANCE,
    "check",
    "read everything, and report what is wrong",
    () => import("../commands/check.ts"),
  ),
  entry(
    MAINTENANCE,
    "repair",
    "recover what is whole of a damaged session",
    () => import("../commands/repair.ts"),
  ),
  entry(
    MAINTENANCE,
    "recover",
    "write what is whole of a damaged sqlite: store into a new one",
    () => import("../commands/recover.ts"),
  ),
  entry(
    MAINTENANCE,
    "unlock",
    "remove a lock that another machine has left",
    () => import("../commands/unlock.ts"),
  ),
  entry(MAINTENANCE, "prune", "delete old sessions", () => import("../commands/prune.ts")),
  entry(
    MAINTENANCE,
    "vacuum",
    "give the space of deleted sessions back",
    () => import("../commands/vacuum.ts"),
  ),
  entry(
    MAINTENANCE,
    "migrate",
    "make the tables of a postgres: store, or bring them up to date",
    () => import("../commands/migrate.ts"),
  ),
  entry(RUN, "serve", "serve the store over HTTP", () => import("../commands/serve.ts")),
  entry(RUN, "mcp", "let an agent read the sessions, over MCP", () => import("../commands/mcp.ts")),
  entry(RUN, "open", "look at sessions in the browser", () => import("../commands/open.ts")),
  entry(RUN, "demo", "write a few sessions to look at", () => import("../commands/demo.ts")),
  entry(RUN, "info", "which store this is, and what decided that", () => import("../commands/info.ts")),
  entry(RUN, "completion", "completion for bash, zsh or fish", () => import("../commands/completion.ts")),
];

function entry(
  group: string,
  name: string,
  summary: string,
  load: () => Promise<{ readonly command: (context: Context) => AnyCommand }>,
): CommandEntry {
  return { name, summary, group, load: async () => (await load()).command };
}

function statusSummary(name: "complete" | "fail" | "cancel" | "pause" | "resume"): string {
  const statuses = { complete: "completed", fail: "failed", cancel: "cancelled", pause: "paused" };
  return name === "resume" ? "set a session active again" : `set a session ${statuses[name]}`;
}
