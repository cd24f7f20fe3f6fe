import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  NamedTranscript,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { nativeSessionId } from "../model/derived-ids.ts";
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
import { CLAUDE_KINDS } from "./claude-code-kinds.ts";
import { copiedFrom, isInjected, isInterruption, saidIn } from "./claude-code-record.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "claude-code";
const FOLDERS: readonly string[] = ["projects"];

/** The histories of Claude Code: `~/.claude/projects`, with sub-agents and the files beside them. */
export const claudeCode: AgentReader = {
  agent: AGENT,
  title: "Claude Code",
  roots: ({ home, env }) => [{ path: env["CLAUDE_CONFIG_DIR"] || `${home}/.claude`, folders: FOLDERS }],
  folders: FOLDERS,
  recognize,
  identify: (named, first) => {
    // Sub-agents of older versions lie beside the sessions, and say in each record whose they are.
    const isSubAgent = named.nativeId.startsWith("agent-") && named.parentId === undefined;
    const parentId = idOf(first?.["sessionId"]);
    return isSubAgent && parentId !== undefined && parentId !== named.nativeId
      ? { ...named, parentId }
      : named;
  },
  parser: (named) => new ClaudeParser(named),
};

function recognize(path: string): Recognized | null {
  const parts = path.split("/");
  const file = parts.at(-1) as string;
  const at = parts.lastIndexOf("subagents");
  const within = at > 0 ? parts[at - 1] : undefined;
  if (within !== undefined) {
    const [, subAgent, ending] = /^(agent-.+?)(\.meta\.json|\.jsonl)$/.exec(file) ?? [];
    if (ending === ".jsonl") return { type: "transcript", nativeId: subAgent as string, parentId: within };
    if (ending !== undefined) return { type: "side", owner: subAgent as string, ownerParentId: within };
    return file === "journal.jsonl" ? { type: "side", owner: within } : null;
  }
  for (const folder of ["tool-results", "workflows"]) {
    const owner = parts[parts.lastIndexOf(folder) - 1] ?? "";
    if (parts.includes(folder) && nativeSessionId(owner)) return { type: "side", owner };
  }
  const [, nativeId] = /^(.+)\.jsonl$/.exec(file) ?? [];
  return nativeId === undefined ? null : { type: "transcript", nativeId };
}

/** What a user's record is that no user wrote. */
const NO_PROMPT =
  /^\s*<(?:local-command-stdout|local-command-stderr|ide_opened_file|command-name|command-message)>/;

class ClaudeParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  /** The skill of a call of the tool `Skill`. */
  readonly #skills = new ToolCalls();
  /** Where nothing was asked for in words. */
  #command: string | null = null;
  readonly #titles: Record<"custom" | "ai" | "last" | "summary" | "prompt", string | null> = {
    custom: null,
    ai: null,
    last: null,
    summary: null,
    prompt: null,
  };

  constructor({ parentId }: NamedTranscript) {
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
  }

  classify(record: JsonObject): Classified {
    const type = idOf(record["type"]);
    const subtype =
      type === "attachment" ? idOf(objectOf(record["attachment"])?.["type"]) : idOf(record["subtype"]);
    const kind = (type ?? "unknown") + (subtype === undefined ? "" : `/${subtype}`);
    this.#collect(record, type);
    const common = {
      recordId: idOf(record["uuid"]),
      time: timeOf(record["timestamp"]),
      kind,
      known: CLAUDE_KINDS.has(kind),
    };
    const message = objectOf(record["message"]);
    if (type === "user" && message) return { ...common, ...this.#user(record, message) };
    if (type === "assistant" && message) {
      for (const block of objectsOf(message["content"])) this.#addCall(block);
      return { ...common, entryType: { type: "assistant_message" } };
    }
    return { ...common, entryType: agentEvent(AGENT, kind) };
  }

  #addCall(block: JsonObject): void {
    if (!/tool_use$/.test(textOf(block["type"]) ?? "")) return;
    this.#calls.add(block["id"], block["name"]);
    if (block["name"] !== "Skill") return;
    const input = objectOf(block["input"]);
    this.#skills.add(block["id"], input?.["skill"] ?? input?.["command"]);
  }

  #user(record: JsonObject, message: JsonObject): Pick<Classified, "entryType" | "parts"> {
    const results = objectsOf(message["content"]).filter(({ type }) => type === "tool_result");
    const [entryType, ...parts] = results.map((result) => this.#result(result));
    if (entryType) return { entryType, parts };
    return { entryType: { type: isInjected(record) ? "system_message" : "user_message" } };
  }

  #result(result: JsonObject): EntryType {
    const id = result["tool_use_id"];
    const success = result["is_error"] !== true;
    const skillName = this.#skills.name(id);
    if (skillName !== undefined) return { type: "skill_execution", skillName, success };
    return toolCall(this.#calls.name(id), success);
  }

  #collect(record: JsonObject, type: string | undefined): void {
    const facts = this.#facts;
    facts.cwd(record["cwd"]);
    facts.gitBranch(record["gitBranch"]);
    facts.version(record["version"]);
    const titles = this.#titles;
    if (type === "custom-title") titles.custom = titleOf(record["customTitle"]) ?? titles.custom;
    else if (type === "ai-title") titles.ai = titleOf(record["aiTitle"]) ?? titles.ai;
    else if (type === "last-prompt") titles.last = promptTitle(textOf(record["lastPrompt"])) ?? titles.last;
    else if (type === "summary") titles.summary = titleOf(record["summary"]) ?? titles.summary;
    else if (type === "user") {
      facts.status = isInterruption(record) ? "cancelled" : "completed";
      titles.prompt ??= this.#prompt(record);
      this.#command ??= commandIn(record);
    }
    facts.fork = copiedFrom(record) ?? facts.fork;
  }

  #prompt(record: JsonObject): string | null {
    if (isInjected(record)) return null;
    const content = objectOf(record["message"])?.["content"];
    if (objectsOf(content).some(({ type }) => type === "tool_result")) return null;
    const text = messageText(content);
    return text === undefined || NO_PROMPT.test(text) ? null : promptTitle(text);
  }

  facts(): TranscriptFacts {
    const { custom, ai, last, summary, prompt } = this.#titles;
    return this.#facts.facts(custom ?? ai ?? last ?? summary ?? prompt ?? this.#command);
  }
}

/** `/review 7` of a message that begins a turn by a command; of those that only tidy up, nothing. */
function commandIn(record: JsonObject): string | null {
  const text = saidIn(record).slice(0, MAX_COMMAND_LENGTH);
  const [, name] = /<command-name>\s*(\/?[\w:.-]+)\s*<\/command-name>/.exec(text) ?? [];
  if (name === undefined || TIDYING.test(name)) return null;
  const [, args = ""] = /<command-args>([\s\S]*?)<\/command-args>/.exec(text) ?? [];
  return promptTitle(`${name} ${args}`);
}

const MAX_COMMAND_LENGTH = 4096;
const TIDYING = /^\/?(?:clear|compact|config|cost|exit|help|login|logout|model|quit|resume|status)$/;
