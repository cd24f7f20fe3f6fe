import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { nativeSessionId } from "../model/derived-ids.ts";
import { idOf, objectOf, promptTitle, textOf, timeOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "copilot";
const FOLDERS: readonly string[] = ["session-state"];

/** The histories of GitHub Copilot CLI: `~/.copilot/session-state`. */
export const copilot: AgentReader = {
  agent: AGENT,
  title: "GitHub Copilot CLI",
  roots: ({ home, env }) => [{ path: env["COPILOT_HOME"] || `${home}/.copilot`, folders: FOLDERS }],
  folders: FOLDERS,
  recognize,
  identify: (named, first) => {
    // The folder of a session has its id; a file that was moved elsewhere says it itself.
    if (nativeSessionId(named.nativeId)) return named;
    const id = first?.["type"] === "session.start" ? idOf(objectOf(first["data"])?.["sessionId"]) : undefined;
    return { ...named, nativeId: id ?? named.nativeId };
  },
  parser: () => new CopilotParser(),
};

/** What is kept beside the events of a session. */
const SIDE_FILE = /^(?:workspace\.yaml|plan\.md|(?:checkpoints|files)\/.+)$/;

/** A session is a folder with its events in it; in versions before 1.0.11 a file. */
function recognize(path: string): Recognized | null {
  const parts = path.split("/");
  const at = parts.findLastIndex((part) => nativeSessionId(part) !== null);
  const owner = parts[at];
  if (owner !== undefined) {
    const within = parts.slice(at + 1).join("/");
    if (within === "events.jsonl") return { type: "transcript", nativeId: owner };
    return SIDE_FILE.test(within) ? { type: "side", owner } : null;
  }
  const [, name] = /([^/]+)\.jsonl$/.exec(path) ?? [];
  if (name === undefined) return null;
  const folder = parts.at(-2);
  return { type: "transcript", nativeId: name === "events" && folder ? folder : name };
}

const KINDS: ReadonlySet<string> = new Set(
  [
    "abort",
    "assistant.message assistant.reasoning assistant.turn_end assistant.turn_start",
    "hook.end hook.start",
    "model.message model.messages_snapshot model.model_call_started model.model_call_success model.response",
    "model.turn_ended model.turn_started",
    "permission.completed permission.requested",
    "session.auto_mode_resolved session.binary_asset session.compaction_complete session.compaction_start",
    "session.context_changed session.error session.handoff session.info session.mode_changed",
    "session.model_change session.plan_changed session.resume session.shutdown session.start",
    "session.task_complete session.truncation session.usage_checkpoint",
    "session.usage_record session.warning",
    "skill.invoked",
    "subagent.completed subagent.configured subagent.failed subagent.selected subagent.started",
    "system.message system.notification",
    "tool.execution_complete tool.execution_start tool.user_requested",
    "user.message",
  ].flatMap((types) => types.split(" ")),
);

class CopilotParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #prompt: string | null = null;

  classify(record: JsonObject): Classified {
    const kind = idOf(record["type"]) ?? "unknown";
    const data = objectOf(record["data"]) ?? {};
    this.#collect(kind, data);
    return {
      entryType: this.#typeOf(kind, data),
      recordId: idOf(record["id"]),
      time: timeOf(record["timestamp"]),
      unstated: kind === "skill.invoked",
      kind,
      known: KINDS.has(kind),
    };
  }

  #typeOf(kind: string, data: JsonObject): EntryType {
    switch (kind) {
      case "user.message":
        return { type: isOfAgent(data) ? "system_message" : "user_message" };
      case "assistant.message":
      case "assistant.reasoning":
        return { type: "assistant_message" };
      case "system.message":
        return { type: "system_message" };
      case "tool.execution_complete":
        return toolCall(this.#calls.name(data["toolCallId"]), data["success"] === true);
      case "skill.invoked":
        return { type: "skill_execution", skillName: idOf(data["name"]) ?? "unknown", success: true };
      default:
        return agentEvent(AGENT, kind);
    }
  }

  #collect(kind: string, data: JsonObject): void {
    const facts = this.#facts;
    if (kind === "tool.execution_start") this.#calls.add(data["toolCallId"], data["toolName"]);
    else if (kind === "user.message") {
      if (!isOfAgent(data)) this.#prompt ??= promptTitle(textOf(data["content"]));
      facts.status = "completed";
    } else if (kind === "abort") facts.status = "cancelled";
    else if (kind === "session.shutdown" && data["shutdownType"] === "error") facts.status = "failed";
    else if (kind === "session.start" || kind === "session.resume" || kind === "session.context_changed") {
      const context = objectOf(data["context"]) ?? data;
      facts.version(data["copilotVersion"]);
      facts.createdAt ??= timeOf(data["startTime"]);
      facts.cwd(context["cwd"]);
      facts.gitBranch(context["branch"]);
      facts.gitRemote(context["repository"]);
    }
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#prompt);
  }
}

/** What an agent asks of its sub-agent. */
function isOfAgent(data: JsonObject): boolean {
  return textOf(data["source"])?.startsWith("agent-") === true;
}
