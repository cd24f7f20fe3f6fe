import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  NamedTranscript,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { idOf, messageText, objectOf, objectsOf, promptTitle, timeOf, titleOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, toolCall } from "./tool-calls.ts";

const AGENT = "gemini";
const FOLDERS: readonly string[] = ["tmp"];
const LIST_KEYS: readonly string[] = ["messages"];

/** The histories of Gemini CLI: `~/.gemini/tmp/<project>/chats`, lines and, before 0.39, documents. */
export const gemini: AgentReader = {
  agent: AGENT,
  title: "Gemini CLI",
  roots: ({ home, env }) => [{ path: `${env["GEMINI_CLI_HOME"] || home}/.gemini`, folders: FOLDERS }],
  folders: FOLDERS,
  recognize,
  listKeys: (path) => (path.endsWith(".json") ? LIST_KEYS : null),
  identify: (named, first) => ({ ...named, nativeId: idOf(first?.["sessionId"]) ?? named.nativeId }),
  parser: (named) => new GeminiParser(named),
};

/** What lies beside the chats, and above the folder of a project: settings and credentials among it. */
const NO_TRANSCRIPT =
  /^(?:logs|projects|settings|state|trustedFolders|google_accounts|oauth_creds|mcp-oauth-tokens.*|checkpoint.*)\.jsonl?$/;

/** Sub-agents lie in a folder with the id of the session that started them. */
function recognize(path: string): Recognized | null {
  const parts = path.split("/");
  const at = parts.lastIndexOf("chats");
  if (at < 0 && parts.length > 1) return null;
  const [folder, file = folder, ...deeper] = parts.slice(at + 1);
  const [, nativeId] = /^(.+)\.jsonl?$/.exec(file ?? "") ?? [];
  if (nativeId === undefined || deeper.length > 0 || NO_TRANSCRIPT.test(file ?? "")) return null;
  return { type: "transcript", nativeId, ...(folder !== file && { parentId: folder }) };
}

const KINDS: ReadonlySet<string> = new Set([
  "session",
  "user",
  "gemini",
  "model",
  "info",
  "warning",
  "error",
  "$set",
  "$rewindTo",
]);
/** A call in another state has no result yet. */
const ENDED: readonly string[] = ["success", "error", "cancelled"];
/** What the agent puts before the first prompt. */
const NO_PROMPT = /^\s*<session_context>/;

class GeminiParser implements RecordParser {
  readonly #facts = new FactCollector();
  /** Messages so far: a message is written again with each change of it. */
  readonly #ids = new Set<string>();
  /** Results so far, by call and state. */
  readonly #results = new Set<string>();
  #title: string | null = null;
  #prompt: string | null = null;

  constructor({ parentId }: NamedTranscript) {
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
  }

  classify(record: JsonObject): Classified {
    const kind = kindOf(record);
    if (kind === "session") return { ...this.#session(record), kind, known: true };
    const set = objectOf(record["$set"]);
    if (set) this.#title = titleOf(set["summary"]) ?? this.#title;
    const recordId = idOf(record["id"]);
    return {
      entryType: this.#typeOf(record, kind, recordId),
      parts: this.#calls(record, recordId),
      recordId,
      time: timeOf(record["timestamp"]) ?? timeOf(set?.["lastUpdated"]),
      kind,
      known: KINDS.has(kind),
    };
  }

  /** The first line; or what stands around the messages of a document. */
  #session(record: JsonObject): Pick<Classified, "entryType" | "time"> {
    this.#title = titleOf(record["summary"]) ?? this.#title;
    this.#facts.createdAt ??= timeOf(record["startTime"]);
    const isDocument = Array.isArray(record["messages"]);
    const time = timeOf(record[isDocument ? "lastUpdated" : "startTime"]);
    return { entryType: agentEvent(AGENT, "session"), time };
  }

  #typeOf(record: JsonObject, kind: string, recordId: string | undefined): EntryType {
    const isMessage = kind === "user" || kind === "gemini" || kind === "model";
    if (!isMessage) return agentEvent(AGENT, kind);
    if (recordId !== undefined && this.#ids.has(recordId)) return agentEvent(AGENT, "update");
    if (recordId !== undefined) this.#ids.add(recordId);
    if (kind !== "user") return { type: "assistant_message" };
    const text = messageText(record["content"]);
    if (text !== undefined && NO_PROMPT.test(text)) return { type: "system_message" };
    this.#prompt ??= promptTitle(text);
    return { type: "user_message" };
  }

  /** The results in a message: those that stood in it before are entries already. */
  #calls(record: JsonObject, recordId = ""): EntryType[] {
    return objectsOf(record["toolCalls"]).flatMap((call, i) => {
      const status = idOf(call["status"]) ?? "";
      const key = `${idOf(call["id"]) ?? `${recordId} ${i}`} ${status}`;
      if (!ENDED.includes(status) || this.#results.has(key)) return [];
      this.#results.add(key);
      return [toolCall(idOf(call["name"]), status === "success")];
    });
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}

function kindOf(record: JsonObject): string {
  const type = idOf(record["type"]);
  if (type !== undefined) return type;
  const operation = Object.keys(record).find((key) => key.startsWith("$"));
  if (operation !== undefined) return idOf(operation) ?? "unknown";
  return idOf(record["sessionId"]) === undefined ? "unknown" : "session";
}
