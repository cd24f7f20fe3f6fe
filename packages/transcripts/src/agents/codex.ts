import type { EntryType, JsonObject, JsonValue } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  NamedTranscript,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { idOf, messageText, objectOf, promptTitle, textOf, timeOf, titleOf } from "../model/fields.ts";
import { CODEX_KINDS } from "./codex-kinds.ts";
import { type CodexRecord, codexRecord, isInjected, successOfOutput } from "./codex-record.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "codex";
const FOLDERS: readonly string[] = ["sessions", "archived_sessions"];

/** The histories of Codex: `~/.codex/sessions` and `archived_sessions`, compressed ones too. */
export const codex: AgentReader = {
  agent: AGENT,
  title: "Codex",
  roots: ({ home, env }) => [{ path: env["CODEX_HOME"] || `${home}/.codex`, folders: FOLDERS }],
  folders: FOLDERS,
  recognize,
  identify: (named, first) => {
    if (isUuid(named.nativeId) || named.parentId !== undefined) return named;
    const record = first && codexRecord(first);
    const id = record?.type === "session_meta" ? idOf(record.payload["id"]) : undefined;
    return { ...named, nativeId: id ?? named.nativeId };
  },
  parser: (named) => new CodexParser(named),
};

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** A thread that was resumed may go on in another file, whose name has a second id. */
const ROLLOUT = new RegExp(`^rollout-.*?-(${UUID})(?:_(${UUID}))?$`, "i");

function isUuid(text: string): boolean {
  return new RegExp(`^${UUID}$`, "i").test(text);
}

function recognize(path: string): Recognized | null {
  const [, name] = /([^/]+)\.jsonl(?:\.zst)?$/.exec(path) ?? [];
  if (name === undefined) return null;
  const [, thread, segment] = ROLLOUT.exec(name) ?? [];
  if (segment !== undefined) return { type: "transcript", nativeId: segment, parentId: thread };
  return { type: "transcript", nativeId: thread ?? name };
}

class CodexParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  /** Of calls whose end was told before their output stands in the file. */
  readonly #outcomes = new Map<string, boolean>();
  #hasMeta = false;
  #isPaginated = false;
  /** Messages are there as items, as the model saw them: what else repeats them counts as an event. */
  #hasMessageItems = false;
  #title: string | null = null;
  /** `/root`, of a sub-agent `/root/its_task`; before 0.171 it may say none. */
  #path = "/root";
  #prompt: string | null = null;

  constructor({ parentId }: NamedTranscript) {
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
  }

  classify(given: JsonObject): Classified {
    const record = codexRecord(given);
    const { type, payload, kind } = record;
    if (type === "session_meta" && !this.#hasMeta) this.#meta(payload);
    const found = this.#typeOf(record) ?? { entryType: agentEvent(AGENT, kind) };
    return {
      ...found,
      recordId: idOf(payload["id"]) ?? idOf(payload["call_id"]),
      time: timeOf(given["timestamp"]),
      kind,
      known: CODEX_KINDS.has(kind),
    };
  }

  #typeOf(record: CodexRecord): Pick<Classified, "entryType" | "unstated"> | undefined {
    const { type, payload } = record;
    if (type === "response_item") return this.#item(record);
    if (type === "event_msg") return this.#event(record);
    // The summary that stands for what was said before; its text is what the model reads from there on.
    if (type === "compacted") return { entryType: { type: "system_message" } };
    if (type === "turn_context") this.#facts.cwd(payload["cwd"]);
    return undefined;
  }

  #item({ itemType = "", payload }: CodexRecord): Pick<Classified, "entryType" | "unstated"> | undefined {
    if (itemType === "message" || (itemType === "" && payload["role"] !== undefined))
      return { entryType: this.#message(payload) };
    if (itemType.endsWith("_output")) return this.#output(itemType, payload);
    if (itemType.endsWith("_call")) {
      this.#calls.add(payload["call_id"], payload["name"] ?? itemType.replace(/_call$/, ""));
      return { entryType: { type: "assistant_message" } };
    }
    if (itemType === "agent_message") return { entryType: { type: this.#writerOf(payload) } };
    return itemType === "reasoning" ? { entryType: { type: "assistant_message" } } : undefined;
  }

  /** Agents write to each other: a task, or what came of it. */
  #writerOf({ author }: JsonObject): "assistant_message" | "system_message" {
    return author === undefined || author === this.#path ? "assistant_message" : "system_message";
  }

  #message(payload: JsonObject): EntryType {
    const role = payload["role"];
    const text = messageText(payload["content"]);
    if (role !== "assistant" && (role !== "user" || isInjected(text))) return { type: "system_message" };
    this.#hasMessageItems = true;
    if (role === "assistant") return { type: "assistant_message" };
    this.#prompt ??= promptTitle(text);
    return { type: "user_message" };
  }

  #output(itemType: string, payload: JsonObject): Pick<Classified, "entryType" | "unstated"> {
    const id = payload["call_id"];
    const known = this.#outcomes.get(idOf(id) ?? "") ?? successOfOutput(payload["output"]);
    const name = this.#calls.name(id) ?? /^(.+_search)_output$/.exec(itemType)?.[1];
    return { entryType: toolCall(name, known ?? true), unstated: known === undefined };
  }

  #event({ itemType, payload }: CodexRecord): Pick<Classified, "entryType"> | undefined {
    switch (itemType) {
      case "item_completed":
        return this.#completed(objectOf(payload["item"]));
      case "exec_command_end":
        this.#ended(payload["call_id"], payload["exit_code"]);
        return undefined;
      case "patch_apply_end":
        if (typeof payload["success"] === "boolean")
          this.#ended(payload["call_id"], payload["success"] ? 0 : 1);
        return undefined;
      case "thread_name_updated":
        this.#title = titleOf(payload["thread_name"] ?? payload["name"]) ?? this.#title;
        return undefined;
      case "turn_aborted":
        this.#facts.status = "cancelled";
        return undefined;
      case "task_started":
      case "task_complete":
        this.#facts.status = "completed";
        return undefined;
      case "user_message":
        this.#prompt ??= promptTitle(textOf(payload["message"]));
        return undefined;
      default:
        return undefined;
    }
  }

  /** In files with pages the messages are such items; in others they stand beside the items of the model. */
  #completed(item: JsonObject | undefined): Pick<Classified, "entryType"> | undefined {
    const type = item && idOf(item["type"]);
    if (type === "CommandExecution") {
      this.#ended(item?.["call_id"], item?.["exit_code"]);
      this.#ended(item?.["id"], item?.["exit_code"]);
    }
    if (type === "UserMessage") this.#prompt ??= promptTitle(messageText(item?.["content"]));
    if (!this.#isPaginated || this.#hasMessageItems) return undefined;
    if (type === "UserMessage") return { entryType: { type: "user_message" } };
    return type === "AgentMessage" ? { entryType: { type: "assistant_message" } } : undefined;
  }

  #ended(callId: JsonValue | undefined, exitCode: JsonValue | undefined): void {
    const id = idOf(callId);
    if (id !== undefined && typeof exitCode === "number") this.#outcomes.set(id, exitCode === 0);
  }

  /** The first one is of this session; further ones were copied from those it comes from. */
  #meta(payload: JsonObject): void {
    this.#hasMeta = true;
    this.#isPaginated = payload["history_mode"] === "paginated";
    const facts = this.#facts;
    facts.createdAt = timeOf(payload["timestamp"]);
    facts.cwd(payload["cwd"]);
    facts.version(payload["cli_version"]);
    const git = objectOf(payload["git"]);
    facts.gitBranch(git?.["branch"]);
    facts.gitRemote(git?.["repository_url"]);
    const spawned = objectOf(objectOf(objectOf(payload["source"])?.["subagent"])?.["thread_spawn"]);
    const parent = idOf(payload["parent_thread_id"]) ?? idOf(spawned?.["parent_thread_id"]);
    if (parent !== undefined) facts.parent ??= { nativeId: parent };
    this.#path = idOf(spawned?.["agent_path"]) ?? this.#path;
    const fork = idOf(payload["forked_from_id"]);
    if (fork !== undefined) facts.fork = { nativeId: fork };
  }

  facts(): TranscriptFacts {
    // The first prompt of a sub-agent may be that of its parent, copied.
    const [, task = null] = /^\/root\/(?:.*\/)?([^/]+)$/.exec(this.#path) ?? [];
    return this.#facts.facts(this.#title ?? titleOf(task) ?? this.#prompt);
  }
}
