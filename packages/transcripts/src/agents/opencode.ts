import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { idOf, objectOf, objectsOf, promptTitle, textOf, timeOf, titleOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { opencodeDatabase } from "./opencode-database.ts";
import { agentEvent, toolCall } from "./tool-calls.ts";

const AGENT = "opencode";
const FOLDERS: readonly string[] = ["storage", "project"];
const LIST_KEYS: readonly string[] = ["messages"];

/**
 * The histories of opencode: its database since 1.2, the files before it in both layouts, and what
 * `opencode export` writes.
 */
export const opencode: AgentReader = {
  agent: AGENT,
  title: "opencode",
  // The same on all systems.
  roots: ({ home, env }) => [
    { path: `${env["XDG_DATA_HOME"] || `${home}/.local/share`}/opencode`, folders: FOLDERS },
  ],
  folders: FOLDERS,
  rootFiles: true,
  recognize,
  database: opencodeDatabase,
  listKeys: (path) => (path.endsWith(".json") ? LIST_KEYS : null),
  identify: (named, first) => ({
    ...named,
    nativeId: idOf(objectOf(first?.["info"])?.["id"]) ?? named.nativeId,
  }),
  parser: () => new OpencodeParser(),
};

/** `storage/message/<session>/<id>.json`; before that `storage/session/message/<session>/<id>.json`. */
const MEMBER = /^(?:(.*)\/)?(session|info|message|part)\/(.+)\.json$/;

function recognize(path: string): Recognized | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/^opencode[^/]*\.db$/.test(name)) return { type: "database" };
  const [, tree = "", kind, within] = MEMBER.exec(path) ?? [];
  const ids = within?.split("/") ?? [];
  const id = ids.at(-1);
  if (kind !== undefined && id !== undefined) {
    const owner = kind === "session" || kind === "info" ? null : ids.at(-2);
    return owner === undefined ? null : { type: "member", tree, id, within: owner };
  }
  // Todos, diffs and the like of the old layouts are no sessions.
  if (path.includes("/")) return null;
  const [, nativeId] = /^(.+)\.jsonl?$/.exec(name) ?? [];
  return nativeId === undefined || NO_TRANSCRIPT.test(name) ? null : { type: "transcript", nativeId };
}

/** What holds settings and credentials, of opencode and of others whose folder is named by mistake. */
const NO_TRANSCRIPT =
  /^(?:\..*|(?:.*[-_.])?(?:auth|creds|credentials?|accounts?|settings?|config|secrets?|tokens?)|opencode|package.*)\.jsonl?$/i;

const KINDS: ReadonlySet<string> = new Set([
  ...["session", "todo", "torn", "export", "message/user", "message/assistant"],
  ...["text", "reasoning", "tool", "file", "step-start", "step-finish", "snapshot", "patch", "agent"].map(
    (type) => `part/${type}`,
  ),
  ...["part/subtask", "part/retry", "part/compaction"],
  ...["user", "assistant", "system", "synthetic", "skill", "shell", "compaction", "agent-switched"].map(
    (type) => `entry/${type}`,
  ),
  ...["entry/model-switched", "entry/location-switched", "entry/idle"],
]);
/** What stands for a title until there is one. */
const PLACEHOLDER = /^(?:New|Child) session - /;
const ABORTED = "MessageAbortedError";

class OpencodeParser implements RecordParser {
  readonly #facts = new FactCollector();
  /** Who has written a message: its parts do not say. */
  readonly #roles = new Map<string, string>();
  #title: string | null = null;
  #prompt: string | null = null;

  classify(record: JsonObject): Classified {
    if (Array.isArray(record["messages"])) return this.#export(record);
    const info = objectOf(record["info"]);
    if (info) return this.#exported(info, objectsOf(record["parts"]));
    const { table, data, id } = unwrapped(record);
    const kind = kindOf(table, data);
    const time =
      timeOf(record["time_created"]) ??
      timeOf(objectOf(data["time"])?.["created"]) ??
      timeOf(objectOf(data["time"])?.["start"]);
    const common = { recordId: id, time, kind, known: KINDS.has(kind) };
    if (kind === "session") this.#session(data);
    if (kind.startsWith("message/")) this.#message(id, data);
    if (kind.startsWith("part/"))
      return { ...common, entryType: this.#part(data, kind, partOf(record, data)) };
    if (kind.startsWith("entry/")) return { ...common, ...this.#entry(data, kind) };
    return { ...common, entryType: agentEvent(AGENT, kind) };
  }

  #session(data: JsonObject): void {
    const title = titleOf(data["title"]);
    if (title !== null && !PLACEHOLDER.test(title)) this.#title = title;
    this.#facts.cwd(data["directory"]);
    this.#facts.version(data["version"]);
    this.#facts.createdAt ??= timeOf(data["time_created"]) ?? timeOf(objectOf(data["time"])?.["created"]);
    const parent = idOf(data["parent_id"]) ?? idOf(data["parentID"]);
    if (parent !== undefined) this.#facts.parent = { nativeId: parent };
    const fork = idOf(data["fork_session_id"]);
    if (fork !== undefined) this.#facts.fork = { nativeId: fork, at: idOf(data["fork_boundary"]) };
  }

  #message(id: string | undefined, data: JsonObject): void {
    const role = idOf(data["role"]);
    if (id !== undefined && role !== undefined) this.#roles.set(id, role);
    // The folder of a session that does not say it, as those of the oldest layout.
    this.#facts.cwd(objectOf(data["path"])?.["cwd"]);
    const isAborted = objectOf(data["error"])?.["name"] === ABORTED;
    this.#facts.status = isAborted ? "cancelled" : "completed";
  }

  #part(data: JsonObject, kind: string, messageId: string | undefined): EntryType {
    const role = messageId === undefined ? undefined : this.#roles.get(messageId);
    switch (kind) {
      case "part/text": {
        if (role === "assistant") return { type: "assistant_message" };
        if (role !== "user") return agentEvent(AGENT, kind);
        if (data["synthetic"] === true || data["ignored"] === true) return { type: "system_message" };
        this.#prompt ??= promptTitle(textOf(data["text"]));
        return { type: "user_message" };
      }
      case "part/reasoning":
        return { type: "assistant_message" };
      case "part/tool":
        return resultOf(data["tool"], data) ?? agentEvent(AGENT, kind);
      default:
        return agentEvent(AGENT, kind);
    }
  }

  /** A message of the newer tables: with its parts in it. */
  #entry(data: JsonObject, kind: string): Pick<Classified, "entryType" | "parts" | "unstated"> {
    switch (kind) {
      case "entry/user":
        this.#prompt ??= promptTitle(textOf(data["text"]));
        return { entryType: { type: "user_message" } };
      case "entry/assistant": {
        const tools = objectsOf(data["content"]).filter(({ type }) => type === "tool");
        this.#message(undefined, data);
        return {
          entryType: { type: "assistant_message" },
          parts: tools.flatMap((tool) => resultOf(tool["name"], tool) ?? []),
        };
      }
      case "entry/system":
      case "entry/synthetic":
      case "entry/compaction":
        return { entryType: { type: "system_message" } };
      case "entry/shell":
        return { entryType: toolCall("shell", true), unstated: true };
      default:
        return { entryType: agentEvent(AGENT, kind) };
    }
  }

  /** What stands around the messages of an export. */
  #export(record: JsonObject): Classified {
    const info = objectOf(record["info"]) ?? {};
    this.#session(info);
    const time = timeOf(objectOf(info["time"])?.["updated"]);
    return {
      entryType: agentEvent(AGENT, "session"),
      recordId: idOf(info["id"]),
      time,
      kind: "export",
      known: true,
    };
  }

  /** A message of an export, with its parts. */
  #exported(info: JsonObject, parts: readonly JsonObject[]): Classified {
    const role = idOf(info["role"]) ?? "unknown";
    const kind = `message/${role}`;
    this.#message(undefined, info);
    const texts = parts.filter(({ type, synthetic }) => type === "text" && synthetic !== true);
    if (role === "user") this.#prompt ??= promptTitle(textOf(texts[0]?.["text"]));
    const entryType: EntryType =
      role === "user"
        ? { type: "user_message" }
        : role === "assistant"
          ? { type: "assistant_message" }
          : agentEvent(AGENT, kind);
    const tools = parts.filter(({ type }) => type === "tool");
    return {
      entryType,
      parts: tools.flatMap((tool) => resultOf(tool["tool"], tool) ?? []),
      recordId: idOf(info["id"]),
      time: timeOf(objectOf(info["time"])?.["created"]),
      kind,
      known: KINDS.has(kind),
    };
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}

/** A row, or a file, by what it holds: of a file its path says what it is. */
function unwrapped(record: JsonObject): { table: string; data: JsonObject; id: string | undefined } {
  const file = textOf(record["file"]);
  const [, , inFile] = (file === undefined ? null : MEMBER.exec(file)) ?? [];
  // A file that was cut off, or is no JSON for another reason: its text is kept.
  const isTorn = file !== undefined && objectOf(record["data"]) === undefined;
  const byFile = inFile === "info" ? "session" : inFile;
  const table = isTorn ? "torn" : (byFile ?? idOf(record["table"]) ?? "unknown");
  const isOwn = table.startsWith("session") && table !== "session_message" && inFile === undefined;
  const data = isOwn ? record : (objectOf(record["data"]) ?? {});
  const id = idOf(record["id"]) ?? idOf(data["id"]);
  // Of the newer tables the type of a message stands beside what it holds.
  const type = record["type"];
  return { table, data: type === undefined || isOwn ? data : { ...data, type }, id };
}

function kindOf(table: string, data: JsonObject): string {
  if (table === "session" || table === "session_v2") return "session";
  const type = idOf(data["type"]) ?? "unknown";
  if (table === "part") return `part/${type}`;
  if (table === "session_message") return `entry/${type}`;
  if (table !== "message") return table;
  const role = idOf(data["role"]);
  return role === undefined ? `entry/${type}` : `message/${role}`;
}

function partOf(record: JsonObject, data: JsonObject): string | undefined {
  return idOf(record["message_id"]) ?? idOf(data["messageID"]);
}

/** Nothing for a call that has not ended. A command that failed has ended, and says so by its exit code. */
function resultOf(name: JsonObject[string] | undefined, call: JsonObject): EntryType | undefined {
  const state = objectOf(call["state"]);
  const status = textOf(state?.["status"]);
  if (status !== "completed" && status !== "error") return undefined;
  const exit = objectOf(state?.["metadata"])?.["exit"];
  return toolCall(idOf(name), status === "completed" && !(typeof exit === "number" && exit > 0));
}
