import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type { DatabaseRow, SqlValue } from "../lines/row-text.ts";
import type {
  AgentReader,
  Classified,
  NamedTranscript,
  Recognized,
  RecordParser,
  SqlQuery,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import {
  idOf,
  messageText,
  objectOf,
  objectsOf,
  promptTitle,
  textOf,
  timeOf,
  titleOf,
} from "../model/fields.ts";
import { databaseSession, Table } from "./database-tables.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "goose";
const FOLDERS: readonly string[] = ["sessions"];

/** The histories of Goose: its database since 1.10, and the files of lines before it. */
export const goose: AgentReader = {
  agent: AGENT,
  title: "Goose",
  roots: ({ home, env }) => {
    const own = env["GOOSE_PATH_ROOT"];
    const windows = env["APPDATA"];
    return [
      ...(own ? [`${own}/data`] : []),
      `${env["XDG_DATA_HOME"] || `${home}/.local/share`}/goose`,
      ...(windows ? [`${windows}/Block/goose/data`] : []),
    ].map((path) => ({ path, folders: FOLDERS }));
  },
  folders: FOLDERS,
  recognize,
  database: { sessions, rows },
  identify: (named) => named,
  parser: (named) => new GooseParser(named),
};

function recognize(path: string): Recognized | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "sessions.db") return { type: "database" };
  const [, nativeId] = /^(.+)\.jsonl$/.exec(name) ?? [];
  return nativeId === undefined ? null : { type: "transcript", nativeId };
}

const SESSION_COLUMNS: readonly string[] = [
  ...[
    "id",
    "name",
    "description",
    "user_set_name",
    "session_type",
    "working_dir",
    "created_at",
    "updated_at",
  ],
  ...["extension_data", "total_tokens", "input_tokens", "output_tokens", "cache_read_tokens"],
  ...["cache_write_tokens", "accumulated_total_tokens", "accumulated_input_tokens"],
  ...["accumulated_output_tokens", "accumulated_cache_read_tokens", "accumulated_cache_write_tokens"],
  ...["accumulated_cost", "schedule_id", "recipe_json", "user_recipe_values_json", "provider_name"],
  ...["model_config_json", "goose_mode", "archived_at", "project_id", "parent_session_id"],
];
/** Not the row's own id: edits and compactions insert the same rows again. */
const MESSAGE_COLUMNS: readonly string[] = [
  ...["message_id", "session_id", "role", "content_json", "created_timestamp", "timestamp", "tokens"],
  "metadata_json",
];
const LEDGER_COLUMNS: readonly string[] = [
  ...["session_id", "created_timestamp", "model", "input_tokens", "output_tokens", "total_tokens"],
  ...["cache_read_tokens", "cache_write_tokens", "cost", "cost_source", "is_compaction"],
];
const JSON_COLUMNS: readonly string[] = [
  ...["content_json", "metadata_json", "extension_data", "recipe_json", "user_recipe_values_json"],
  "model_config_json",
];

function tables(query: SqlQuery) {
  return {
    owners: new Table(query, "sessions", SESSION_COLUMNS),
    messages: new Table(query, "messages", MESSAGE_COLUMNS),
    ledger: new Table(query, "usage_ledger", LEDGER_COLUMNS),
  };
}

function sessions(query: SqlQuery) {
  const { owners, messages, ledger } = tables(query);
  // A row that is inserted again has another id, which the sum of them shows.
  const states = query(
    messages.columns.includes("session_id")
      ? 'SELECT "session_id", count(*) AS rows, sum("id") AS ids, sum(length("content_json")) AS size FROM "messages" GROUP BY 1'
      : "SELECT 1 WHERE 0",
  );
  const byId = new Map(
    states.map((row) => [row["session_id"], `${row["rows"]}/${row["ids"]}/${row["size"]}`]),
  );
  const spent = ledger.states("session_id", ["created_timestamp"]);
  return owners.rows("").flatMap((row) => {
    const id = row["id"];
    if (typeof id !== "string") return [];
    const parts = [row["updated_at"] ?? row["created_at"], byId.get(id), spent.get(id)];
    return [
      databaseSession(nativeIdOf(id, row["created_at"]), parts, (text) => gooseTime(text) ?? Number.NaN),
    ];
  });
}

/** Its own ids count the sessions of a day on one machine: of two machines the time tells them apart. */
function nativeIdOf(id: string, createdAt: SqlValue | undefined): string {
  return `${id}-${String(createdAt ?? "").replaceAll(/\D/g, "")}`;
}

function* rows(query: SqlQuery, nativeId: string): Generator<DatabaseRow, void, undefined> {
  const { owners, messages, ledger } = tables(query);
  const id = nativeId.slice(0, nativeId.lastIndexOf("-"));
  const row = (table: string, columns: DatabaseRow["columns"]) => ({ table, columns, json: JSON_COLUMNS });
  for (const columns of owners.rows('WHERE "id" = ?', id)) {
    const [parent] = owners.rows('WHERE "id" = ?', columns["parent_session_id"] ?? null);
    const more = parent ? { parent_created_at: parent["created_at"] ?? null } : {};
    yield row("sessions", { ...columns, ...more });
  }
  for (const columns of messages.rows('WHERE "session_id" = ? ORDER BY "created_timestamp", "id"', id))
    yield row("messages", columns);
  for (const columns of ledger.rows('WHERE "session_id" = ? ORDER BY "id"', id))
    yield row("usage_ledger", columns);
}

/** Seconds or milliseconds, or the time of SQLite, which is UTC. */
function gooseTime(value: JsonObject[string] | undefined): number | undefined {
  if (typeof value === "number") return timeOf(value < SECONDS_UNTIL ? value * 1000 : value);
  const text = textOf(value);
  if (text === undefined || /^\d*$/.test(text)) return undefined;
  return timeOf(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(text) ? `${text.replace(" ", "T")}Z` : text);
}

/** In milliseconds it is a day of 1973. */
const SECONDS_UNTIL = 100_000_000_000;

class GooseParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #title: string | null = null;
  #prompt: string | null = null;

  constructor({ parentId }: NamedTranscript) {
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
  }

  classify(record: JsonObject): Classified {
    const role = idOf(record["role"]);
    const content = record["content_json"] ?? record["content"];
    if (role === undefined) return this.#other(record);
    const blocks = objectsOf(content);
    for (const block of blocks) {
      const call = objectOf(objectOf(block["toolCall"])?.["value"]);
      if (block["type"] === "toolRequest") this.#calls.add(block["id"], call?.["name"]);
    }
    const [result, ...parts] = blocks
      .filter(({ type }) => type === "toolResponse")
      .map((each) => this.#result(each));
    const common = {
      recordId: idOf(record["message_id"]) ?? idOf(record["id"]),
      time: gooseTime(record["created_timestamp"] ?? record["created"]),
      kind: `message/${role}`,
      known: role === "user" || role === "assistant",
    };
    if (result) return { ...common, entryType: result, parts };
    return { ...common, entryType: this.#message(record, role, messageText(content)) };
  }

  #message(record: JsonObject, role: string, text: string | undefined): EntryType {
    const metadata = objectOf(record["metadata_json"]) ?? objectOf(record["metadata"]);
    if (metadata?.["userVisible"] === false) return { type: "system_message" };
    if (role === "assistant") return { type: "assistant_message" };
    if (role !== "user") return agentEvent(AGENT, `message/${role}`);
    this.#prompt ??= promptTitle(text);
    return { type: "user_message" };
  }

  #result(block: JsonObject): EntryType {
    const result = objectOf(block["toolResult"]);
    const failed = result?.["status"] !== "success" || objectOf(result["value"])?.["isError"] === true;
    return toolCall(this.#calls.name(block["id"]), !failed);
  }

  /** The session itself, as a row or as the first line; what it has cost. */
  #other(record: JsonObject): Classified {
    const table = idOf(record["table"]);
    const isSession =
      table === "sessions" || (table === undefined && textOf(record["working_dir"]) !== undefined);
    const kind = isSession ? "session" : (table ?? "unknown");
    if (isSession) this.#session(record);
    const time = gooseTime(record["created_timestamp"] ?? record["created_at"]);
    const known = isSession || kind === "usage_ledger";
    return { entryType: agentEvent(AGENT, kind), recordId: idOf(record["id"]), time, kind, known };
  }

  #session(record: JsonObject): void {
    this.#title = titleOf(record["name"]) ?? titleOf(record["description"]) ?? this.#title;
    this.#facts.cwd(record["working_dir"]);
    this.#facts.createdAt ??= gooseTime(record["created_at"]);
    const parent = idOf(record["parent_session_id"]);
    const parentAt = textOf(record["parent_created_at"]);
    if (parent !== undefined)
      this.#facts.parent = { nativeId: parentAt === undefined ? parent : nativeIdOf(parent, parentAt) };
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}
