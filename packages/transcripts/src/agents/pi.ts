import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { idOf, messageText, objectOf, promptTitle, textOf, timeOf, titleOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, toolCall } from "./tool-calls.ts";

/** The histories of pi: `~/.pi/agent/sessions`. */
export const pi: AgentReader = {
  agent: "pi",
  title: "pi",
  roots: ({ home, env }) => {
    const own = { path: env["PI_CODING_AGENT_DIR"] || `${home}/.pi/agent`, folders: ["sessions"] };
    const sessions = env["PI_CODING_AGENT_SESSION_DIR"];
    return sessions ? [{ path: sessions, folders: ["."] }, own] : [own];
  },
  folders: ["sessions"],
  recognize,
  identify: (named, first) => ({
    ...named,
    nativeId: (first?.["type"] === "session" && idOf(first["id"])) || named.nativeId,
  }),
  parser: () => new PiParser("pi"),
};

/** The histories of OpenClaw, which have the form of pi's: `~/.openclaw/agents/<agent>/sessions`. */
export const openclaw: AgentReader = {
  ...pi,
  agent: "openclaw",
  title: "OpenClaw",
  roots: ({ home, env }) =>
    [
      ...(env["OPENCLAW_STATE_DIR"] ? [env["OPENCLAW_STATE_DIR"]] : []),
      `${home}/.openclaw`,
      `${home}/.clawdbot`,
    ].map((path) => ({ path, folders: ["agents"] })),
  folders: ["agents"],
  recognize: (path) => {
    // Codex keeps its own files within an agent's folder, and so do traces.
    const isForeign = path.endsWith(".trajectory.jsonl") || path.includes("codex-home/");
    const isOfAgent = !path.includes("/") || /(?:^|\/)sessions\/[^/]+$/.test(path);
    return isForeign || !isOfAgent ? null : recognize(path);
  },
  parser: () => new PiParser("openclaw"),
};

const UUID_AT_END = /_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

function recognize(path: string): Recognized | null {
  const [, name] = /([^/]+)\.jsonl$/.exec(path) ?? [];
  if (name === undefined) return null;
  return { type: "transcript", nativeId: UUID_AT_END.exec(name)?.[1] ?? name };
}

const KINDS: ReadonlySet<string> = new Set([
  "session",
  "message/user",
  "message/assistant",
  "message/toolResult",
  "message/bashExecution",
  "message/custom",
  "message/branchSummary",
  "message/compactionSummary",
  "model_change",
  "thinking_level_change",
  "compaction",
  "branch_summary",
  "custom",
  "custom_message",
  "label",
  "session_info",
]);
const SUMMARIES: readonly string[] = ["compaction", "branch_summary", "custom_message"];
const SUMMARY_ROLES: readonly string[] = ["custom", "branchSummary", "compactionSummary"];
/** Before it the records have no ids of their own: the migration gives them random ones. */
const FIRST_VERSION_WITH_IDS = 2;

class PiParser implements RecordParser {
  readonly #agent: string;
  readonly #facts = new FactCollector();
  #version = 1;
  #title: string | null = null;
  #prompt: string | null = null;
  #isFirst = true;

  constructor(agent: string) {
    this.#agent = agent;
  }

  classify(record: JsonObject): Classified {
    const type = idOf(record["type"]) ?? "unknown";
    if (type === "session" && this.#isFirst) this.#header(record);
    this.#isFirst = false;
    const message = type === "message" ? objectOf(record["message"]) : undefined;
    const role = idOf(message?.["role"]);
    const kind = role === undefined ? type : `${type}/${role}`;
    if (type === "session_info") this.#title = titleOf(record["name"]) ?? this.#title;
    return {
      entryType: (message && this.#message(message, role)) ?? this.#other(type, kind),
      recordId: this.#version < FIRST_VERSION_WITH_IDS && type !== "session" ? undefined : idOf(record["id"]),
      time: timeOf(record["timestamp"]) ?? timeOf(message?.["timestamp"]),
      kind,
      known: KINDS.has(kind),
    };
  }

  #header(record: JsonObject): void {
    this.#version = typeof record["version"] === "number" ? record["version"] : 1;
    this.#facts.version(`session-format-${this.#version}`);
    this.#facts.cwd(record["cwd"]);
    this.#facts.createdAt = timeOf(record["timestamp"]);
    // A path: the file need not be there any more, but its name ends with the id of its session.
    const path = textOf(record["parentSession"]) ?? textOf(record["branchedFrom"]);
    const name = path?.replace(/^.*[/\\]/, "").replace(/\.jsonl$/, "");
    const nativeId = name === undefined ? undefined : (UUID_AT_END.exec(name)?.[1] ?? idOf(name));
    if (nativeId !== undefined) this.#facts.fork = { nativeId };
  }

  #message(message: JsonObject, role: string | undefined): EntryType | undefined {
    switch (role) {
      case "user":
        this.#prompt ??= promptTitle(messageText(message["content"]));
        return { type: "user_message" };
      case "assistant":
        return { type: "assistant_message" };
      case "toolResult":
        return toolCall(idOf(message["toolName"]), message["isError"] !== true);
      case "bashExecution":
        return toolCall("bash", message["exitCode"] === 0 && message["cancelled"] !== true);
      default:
        return role !== undefined && SUMMARY_ROLES.includes(role) ? { type: "system_message" } : undefined;
    }
  }

  #other(type: string, kind: string): EntryType {
    return SUMMARIES.includes(type) ? { type: "system_message" } : agentEvent(this.#agent, kind);
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}
