import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  AgentRoot,
  Classified,
  MachinePlace,
  NamedTranscript,
  Recognized,
  RecordParser,
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
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const FOLDERS: readonly string[] = ["sessions", "tasks"];
const LIST_KEYS: readonly string[] = ["messages"];

/** The histories of Cline: its own folder since 4.0, before it those of the editors that it was in. */
export const cline: AgentReader = {
  agent: "cline",
  title: "Cline",
  roots: (place) => [...ownRoots(place), ...editorRoots(place, "saoudrizwan.claude-dev")],
  folders: FOLDERS,
  recognize,
  listKeys: () => LIST_KEYS,
  identify: (named) => named,
  parser: (named) => new ClineParser("cline", named),
};

/** The histories of Roo Code, which have the form of Cline's before 4.0. */
export const roo: AgentReader = {
  ...cline,
  agent: "roo",
  title: "Roo Code",
  roots: (place) => editorRoots(place, "rooveterinaryinc.roo-cline"),
  parser: (named) => new ClineParser("roo", named),
};

function ownRoots({ home, env }: MachinePlace): AgentRoot[] {
  const sessions = env["CLINE_SESSION_DATA_DIR"];
  const data = [env["CLINE_DATA_DIR"], env["CLINE_DIR"] && `${env["CLINE_DIR"]}/data`, `${home}/.cline/data`];
  return [
    ...(sessions ? [{ path: sessions, folders: ["."] }] : []),
    ...data.flatMap((path) => (path ? [{ path, folders: ["sessions"] }] : [])),
  ];
}

const EDITORS: readonly string[] = ["Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf"];

function editorRoots({ home, env }: MachinePlace, extension: string): AgentRoot[] {
  const settings = [
    env["XDG_CONFIG_HOME"] || `${home}/.config`,
    `${home}/Library/Application Support`,
    ...(env["APPDATA"] ? [env["APPDATA"]] : []),
  ];
  return [
    ...settings.flatMap((folder) => EDITORS.map((editor) => `${folder}/${editor}`)),
    `${home}/.vscode-server/data`,
  ].map((folder) => ({ path: `${folder}/User/globalStorage/${extension}`, folders: ["tasks"] }));
}

/** Beside the messages of a task: what was shown of it, and what it has read and left out. */
const BESIDE_TASK = /^(?:ui_messages|claude_messages|task_metadata|context_history|history_item)\.json$/;

function recognize(path: string): Recognized | null {
  const parts = path.split("/");
  const [file = "", folder] = [parts.at(-1), parts.at(-2)];
  if (folder !== undefined && file === "api_conversation_history.json")
    return { type: "transcript", nativeId: folder };
  if (folder !== undefined && BESIDE_TASK.test(file)) {
    const isAbout = file === "history_item.json";
    return { type: "side", owner: folder, ...(isAbout && { about: true }) };
  }
  const [, nativeId] = /^(.+)\.messages\.json$/.exec(file) ?? [];
  if (nativeId !== undefined)
    return {
      type: "transcript",
      nativeId,
      ...(folder !== undefined && folder !== nativeId && { parentId: folder }),
    };
  if (folder === undefined) return null;
  if (file === `${folder}.json`) return { type: "side", owner: folder, about: true };
  return file === `${folder}.compaction.json` ? { type: "side", owner: folder } : null;
}

const BY_ROLE: Readonly<Record<string, EntryType>> = {
  user: { type: "user_message" },
  assistant: { type: "assistant_message" },
  system: { type: "system_message" },
};
/** What the user has written stands within what the agent has added to it. */
const WRITTEN = /<(task|user_message|feedback)>\s*([\s\S]*?)\s*<\/\1>/;
const STATUSES: Readonly<Record<string, "failed" | "cancelled">> = {
  failed: "failed",
  error: "failed",
  cancelled: "cancelled",
  aborted: "cancelled",
};

class ClineParser implements RecordParser {
  readonly #agent: string;
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #title: string | null = null;
  #prompt: string | null = null;

  constructor(agent: string, { nativeId, parentId }: NamedTranscript) {
    this.#agent = agent;
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
    // A task is called by the time at which it was begun.
    if (/^\d{13}$/.test(nativeId)) this.#facts.createdAt = timeOf(Number(nativeId));
  }

  /** The manifest of a session, or what Roo says of a task. */
  about(record: JsonObject): void {
    this.#title = titleOf(objectOf(record["metadata"])?.["title"]) ?? this.#title;
    this.#prompt ??= promptTitle(textOf(record["prompt"]) ?? textOf(record["task"]));
    this.#facts.cwd(record["cwd"] ?? record["workspace_root"] ?? record["workspace"]);
    this.#facts.createdAt =
      timeOf(record["started_at"]) ?? timeOf(record["created_at"]) ?? this.#facts.createdAt;
    const status = textOf(record["status"]) ?? "";
    if (Object.hasOwn(STATUSES, status)) this.#facts.status = STATUSES[status] ?? "completed";
  }

  classify(record: JsonObject): Classified {
    if (Array.isArray(record["messages"])) {
      const time = timeOf(record["updated_at"]);
      return { entryType: agentEvent(this.#agent, "session"), time, kind: "session", known: true };
    }
    const role = idOf(record["role"]) ?? "unknown";
    const blocks = objectsOf(record["content"]);
    for (const block of blocks) if (block["type"] === "tool_use") this.#calls.add(block["id"], block["name"]);
    const [result, ...parts] = blocks
      .filter(({ type }) => type === "tool_result")
      .map((block) => toolCall(this.#calls.name(block["tool_use_id"]), block["is_error"] !== true));
    const known = Object.hasOwn(BY_ROLE, role);
    if (role === "user" && !result) this.#prompt ??= this.#written(messageText(record["content"]));
    return {
      entryType: result ?? (known ? BY_ROLE[role] : undefined) ?? agentEvent(this.#agent, role),
      parts,
      recordId: idOf(record["id"]),
      time: timeOf(record["ts"]),
      kind: `message/${role}`,
      known,
    };
  }

  #written(text: string | undefined): string | null {
    return promptTitle(text === undefined ? undefined : (WRITTEN.exec(text)?.[2] ?? text));
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}
