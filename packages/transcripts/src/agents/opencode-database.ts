import type { DatabaseRow } from "../lines/row-text.ts";
import type { SessionDatabase, SqlQuery } from "../model/agent-reader.ts";
import { timeOf } from "../model/fields.ts";
import { databaseSession, Table } from "./database-tables.ts";

const SESSION_COLUMNS: readonly string[] = [
  ...["id", "project_id", "workspace_id", "parent_id", "fork_session_id", "fork_boundary", "slug"],
  ...["directory", "path", "title", "version", "summary_additions", "summary_deletions", "summary_files"],
  ...["summary_diffs", "metadata", "cost", "tokens_input", "tokens_output", "tokens_reasoning"],
  ...["tokens_cache_read", "tokens_cache_write", "revert", "permission", "agent", "model", "time_created"],
  ...["time_updated", "time_compacting", "time_archived"],
];
const MESSAGE_COLUMNS: readonly string[] = ["id", "session_id", "time_created", "time_updated", "data"];
const PART_COLUMNS: readonly string[] = [
  ...["id", "message_id", "session_id", "time_created", "time_updated", "data"],
];
const SESSION_MESSAGE_COLUMNS: readonly string[] = [
  ...["id", "session_id", "type", "seq", "time_created", "time_updated", "data"],
];
const TODO_COLUMNS: readonly string[] = [
  ...["session_id", "content", "status", "priority", "position", "time_created", "time_updated"],
];
const JSON_COLUMNS: readonly string[] = [
  "data",
  "permission",
  "model",
  "revert",
  "summary_diffs",
  "metadata",
];
const TIMES: readonly string[] = ["time_updated", "time_created"];

/** The rows of opencode's database that belong to its sessions. */
export const opencodeDatabase: SessionDatabase = { sessions, rows };

/** Two generations of tables lie side by side: of a session that the newer one has, that one counts. */
function tables(query: SqlQuery) {
  return {
    sessions: [
      { name: "session", table: new Table(query, "session", SESSION_COLUMNS) },
      { name: "session_v2", table: new Table(query, "session_v2", SESSION_COLUMNS) },
    ],
    messages: new Table(query, "message", MESSAGE_COLUMNS),
    parts: new Table(query, "part", PART_COLUMNS),
    sessionMessages: new Table(query, "session_message", SESSION_MESSAGE_COLUMNS),
    todos: new Table(query, "todo", TODO_COLUMNS),
  };
}

function sessions(query: SqlQuery) {
  const { sessions: owners, messages, parts, sessionMessages, todos } = tables(query);
  const states = [messages, parts, sessionMessages, todos].map((each) => each.states("session_id", TIMES));
  const found = new Map<string, (string | undefined)[]>();
  for (const { table } of owners)
    for (const row of table.rows("")) {
      const id = row["id"];
      if (typeof id !== "string") continue;
      const own = String(row["time_updated"] ?? row["time_created"] ?? "");
      found.set(id, [...(found.get(id) ?? []), own]);
    }
  return [...found].map(([id, own]) =>
    databaseSession(id, [...own, ...states.map((state) => state.get(id))], toTime),
  );
}

function toTime(text: string): number {
  return timeOf(/^\d+$/.test(text) ? Number(text) : text) ?? Number.NaN;
}

function* rows(query: SqlQuery, id: string): Generator<DatabaseRow, void, undefined> {
  const { sessions: owners, messages, parts, sessionMessages, todos } = tables(query);
  for (const { name, table } of owners)
    for (const columns of table.rows('WHERE "id" = ?', id)) yield row(name, columns);
  const newer = sessionMessages.rows(`WHERE "session_id" = ? ORDER BY "seq", "id"`, id);
  for (const columns of newer) yield row("session_message", columns);
  if (newer.length === 0) {
    const ids = messages
      .rows(`WHERE "session_id" = ? ORDER BY ${messages.oneOf(["time_created"], "1")}, "id"`, id)
      .map((columns) => columns["id"] ?? null);
    for (const messageId of ids) {
      for (const columns of messages.rows('WHERE "id" = ?', messageId)) yield row("message", columns);
      for (const columns of parts.rows('WHERE "message_id" = ? ORDER BY "id"', messageId))
        yield row("part", columns);
    }
  }
  for (const columns of todos.rows('WHERE "session_id" = ? ORDER BY "position"', id))
    yield row("todo", columns);
}

function row(table: string, columns: DatabaseRow["columns"]): DatabaseRow {
  return { table, columns, json: JSON_COLUMNS };
}
