import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  NamedTranscript,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { idOf, objectOf, objectsOf, promptTitle, textOf, timeOf, titleOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "qwen";
const FOLDERS: readonly string[] = ["projects"];

/** The histories of Qwen Code: `~/.qwen/projects/<project>/chats`, with sub-agents. */
export const qwen: AgentReader = {
  agent: AGENT,
  title: "Qwen Code",
  roots: ({ home, env }) => [
    { path: env["QWEN_RUNTIME_DIR"] || env["QWEN_HOME"] || `${home}/.qwen`, folders: FOLDERS },
  ],
  folders: FOLDERS,
  recognize,
  // The name of a file is that of its session, also where a session was gone on with in another one's file.
  identify: (named) => named,
  parser: (named) => new QwenParser(named),
};

function recognize(path: string): Recognized | null {
  const parts = path.split("/");
  const [, nativeId] = /^(.+)\.jsonl$/.exec(parts.at(-1) as string) ?? [];
  if (nativeId === undefined) return null;
  const at = parts.lastIndexOf("subagents");
  const parentId = at >= 0 && at === parts.length - 3 ? parts[at + 1] : undefined;
  if (parentId !== undefined) return { type: "transcript", nativeId, parentId };
  return parts.length === 1 || parts.at(-2) === "chats" ? { type: "transcript", nativeId } : null;
}

const SUBTYPES: Readonly<Record<string, readonly string[]>> = {
  user: ["notification", "mid_turn_user_message"],
  system: ["attribution_snapshot", "custom_title", "rewind", "slash_command", "ui_telemetry"],
};
const KINDS: ReadonlySet<string> = new Set([
  "user",
  "assistant",
  "tool_result",
  ...Object.entries(SUBTYPES).flatMap(([type, subtypes]) => subtypes.map((subtype) => `${type}/${subtype}`)),
]);

class QwenParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #title: string | null = null;
  #prompt: string | null = null;

  constructor({ parentId }: NamedTranscript) {
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
  }

  classify(record: JsonObject): Classified {
    const type = idOf(record["type"]) ?? "unknown";
    const subtype = idOf(record["subtype"]);
    const kind = subtype === undefined ? type : `${type}/${subtype}`;
    this.#facts.cwd(record["cwd"]);
    this.#facts.gitBranch(record["gitBranch"]);
    this.#facts.version(record["version"]);
    if (kind === "system/custom_title")
      this.#title = titleOf(objectOf(record["systemPayload"])?.["customTitle"]) ?? this.#title;
    return {
      ...this.#typeOf(record, type, kind),
      recordId: idOf(record["uuid"]),
      time: timeOf(record["timestamp"]),
      kind,
      known: KINDS.has(kind),
    };
  }

  #typeOf(
    record: JsonObject,
    type: string,
    kind: string,
  ): Pick<Classified, "entryType" | "parts" | "unstated"> {
    const parts = objectsOf(objectOf(record["message"])?.["parts"]);
    switch (type) {
      case "user":
        return { entryType: this.#user(record, parts, kind) };
      case "assistant":
        for (const part of parts) {
          const call = objectOf(part["functionCall"]);
          this.#calls.add(call?.["id"], call?.["name"]);
        }
        return { entryType: { type: "assistant_message" } };
      case "tool_result":
        return this.#results(record, parts);
      default:
        return { entryType: agentEvent(AGENT, kind) };
    }
  }

  #user(record: JsonObject, parts: readonly JsonObject[], kind: string): EntryType {
    if (kind === "user/notification") return { type: "system_message" };
    // What hooks have added to a prompt stands behind it, and not in the text that was shown.
    const shown = textOf(objectOf(record["systemPayload"])?.["displayText"]);
    this.#prompt ??= promptTitle(shown ?? parts.map((part) => textOf(part["text"])).find(Boolean));
    return { type: "user_message" };
  }

  #results(
    record: JsonObject,
    parts: readonly JsonObject[],
  ): Pick<Classified, "entryType" | "parts" | "unstated"> {
    const result = objectOf(record["toolCallResult"]);
    const status = textOf(result?.["status"]);
    const responses = objectsOf(parts.map((part) => part["functionResponse"] ?? null));
    const types = responses.map((response) => {
      const isStated =
        status !== undefined && (responses.length === 1 || response["id"] === result?.["callId"]);
      const failed = isStated
        ? status !== "success"
        : objectOf(response["response"])?.["error"] !== undefined;
      return toolCall(idOf(response["name"]) ?? this.#calls.name(response["id"]), !failed);
    });
    const [first, ...others] = types;
    const entryType = first ?? toolCall(this.#calls.name(result?.["callId"]), status !== "error");
    const unstated = status === undefined && types.every((each) => "success" in each && each.success);
    return { entryType, parts: others, unstated };
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}
