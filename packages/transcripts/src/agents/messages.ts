import type { EntryType, JsonObject, JsonValue } from "@thulp-sessions/core";
import type { AgentReader, Classified, RecordParser, TranscriptFacts } from "../model/agent-reader.ts";
import {
  idOf,
  listOf,
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

const AGENT = "messages";
/** Where programs put the messages of a conversation. */
const LIST_KEYS: readonly string[] = ["messages", "items", "input", "conversations"];
const ID_KEYS: readonly string[] = ["session_id", "sessionId", "chatId", "conversation_id", "id"];

/**
 * Messages as programs keep them for themselves: of the Messages API of Anthropic, of OpenAI's Chat
 * Completions, items of its Responses API, `UIMessage`s of the AI SDK, and ShareGPT. A list of them, an
 * object with such a list, or one a line. They lie nowhere in particular.
 */
export const messages: AgentReader = {
  agent: AGENT,
  title: "messages",
  roots: () => [],
  folders: [],
  recognize: (path) => {
    const [, nativeId] = /([^/]+)\.jsonl?$/.exec(path) ?? [];
    return nativeId === undefined ? null : { type: "transcript", nativeId };
  },
  listKeys: (path) => (path.endsWith(".json") ? LIST_KEYS : null),
  identify: (named, first) => {
    // The first line of a file of lines is a message, whose id is not that of a session.
    const ids = first && isAround(first) ? ID_KEYS.map((key) => idOf(first[key])) : [];
    return { ...named, nativeId: ids.find((id) => id !== undefined) ?? named.nativeId };
  },
  parser: () => new MessagesParser(),
};

/** The object whose list the messages are. */
function isAround(record: JsonObject): boolean {
  return LIST_KEYS.some((key) => Array.isArray(record[key])) && idOf(record["role"]) === undefined;
}

type Found = Pick<Classified, "entryType" | "parts" | "unstated" | "kind" | "known">;

const USER: EntryType = { type: "user_message" };
const ASSISTANT: EntryType = { type: "assistant_message" };
const SYSTEM: EntryType = { type: "system_message" };

const BY_ROLE: Readonly<Record<string, EntryType>> = {
  user: USER,
  assistant: ASSISTANT,
  system: SYSTEM,
  developer: SYSTEM,
};
/** The names of ShareGPT. */
const BY_SENDER: Readonly<Record<string, EntryType>> = {
  human: USER,
  user: USER,
  gpt: ASSISTANT,
  assistant: ASSISTANT,
  function_call: ASSISTANT,
  system: SYSTEM,
  observation: toolCall(undefined, true),
  tool: toolCall(undefined, true),
};

class MessagesParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #title: string | null = null;
  #prompt: string | null = null;

  classify(record: JsonObject): Classified {
    const found = this.#find(record);
    if (found.entryType.type === "user_message")
      this.#prompt ??= promptTitle(
        textOf(record["value"]) ?? messageText(record["content"] ?? record["parts"]),
      );
    return {
      ...found,
      recordId: idOf(record["id"]) ?? idOf(record["call_id"]),
      time:
        timeOf(record["timestamp"]) ??
        timeOf(record["createdAt"]) ??
        timeOf(objectOf(record["metadata"])?.["createdAt"]),
    };
  }

  #find(record: JsonObject): Found {
    const role = idOf(record["role"]);
    if (role !== undefined && Array.isArray(record["parts"])) return this.#uiMessage(record, role);
    if (role !== undefined) return this.#message(record, role);
    const from = idOf(record["from"]);
    if (from !== undefined && "value" in record) return sent(from);
    if (isAround(record)) return this.#around(record);
    const type = idOf(record["type"]);
    if (type !== undefined) return this.#item(record, type);
    return { entryType: agentEvent(AGENT, "unknown"), kind: "unknown", known: false };
  }

  #around(record: JsonObject): Found {
    this.#title = titleOf(record["title"]) ?? this.#title;
    this.#facts.cwd(record["cwd"]);
    // In a file of lines it is a whole conversation in one of them.
    const isEmpty = LIST_KEYS.every((key) => listOf(record[key]).length === 0);
    const kind = isEmpty ? "session" : "conversation";
    return { entryType: agentEvent(AGENT, kind), kind, known: true };
  }

  /** Of the AI SDK: the results of calls stand in the message that made them. */
  #uiMessage(record: JsonObject, role: string): Found {
    const results = objectsOf(record["parts"]).flatMap((part) => {
      const type = textOf(part["type"]) ?? "";
      const name = type === "dynamic-tool" ? idOf(part["toolName"]) : idOf(/^tool-(.+)$/.exec(type)?.[1]);
      const state = textOf(part["state"]) ?? "";
      if (name === undefined || !/^output-(?:available|error|denied)$/.test(state)) return [];
      return [toolCall(name, state === "output-available")];
    });
    const entryType = Object.hasOwn(BY_ROLE, role) ? BY_ROLE[role] : undefined;
    return {
      entryType: entryType ?? agentEvent(AGENT, `ui/${role}`),
      parts: results,
      kind: `ui/${role}`,
      known: entryType !== undefined,
    };
  }

  /** Of both APIs of messages, also where each says that it is one. */
  #message(record: JsonObject, role: string): Found {
    const kind = `message/${role}`;
    for (const call of objectsOf(record["tool_calls"]))
      this.#calls.add(call["id"], (objectOf(call["function"]) ?? objectOf(call["custom"]))?.["name"]);
    const blocks = objectsOf(record["content"]);
    for (const block of blocks)
      if (/tool_use$/.test(textOf(block["type"]) ?? "")) this.#calls.add(block["id"], block["name"]);
    const isResult = role === "tool" || role === "function";
    if (isResult) {
      const name = this.#calls.name(record["tool_call_id"]) ?? idOf(record["name"]);
      return { entryType: toolCall(name, true), unstated: true, kind, known: true };
    }
    const [result, ...parts] = blocks
      .filter(({ type }) => type === "tool_result")
      .map((block) => toolCall(this.#calls.name(block["tool_use_id"]), block["is_error"] !== true));
    const entryType = result ?? (Object.hasOwn(BY_ROLE, role) ? BY_ROLE[role] : undefined);
    return {
      entryType: entryType ?? agentEvent(AGENT, kind),
      parts,
      kind,
      known: entryType !== undefined,
    };
  }

  /** Of the Responses API: calls, their results and what the model thought are items of their own. */
  #item(record: JsonObject, type: string): Found {
    const kind = `item/${type}`;
    if (type.endsWith("_output") && record["call_id"] !== undefined) {
      const failed = record["status"] === "failed";
      const entryType = toolCall(this.#calls.name(record["call_id"]) ?? namedBy(type), !failed);
      return { entryType, unstated: !failed, kind, known: true };
    }
    if (type.endsWith("_call")) {
      this.#calls.add(record["call_id"], record["name"] ?? namedBy(`${type}_output`));
      return { entryType: ASSISTANT, parts: ownResult(record, type), kind, known: true };
    }
    if (type === "reasoning") return { entryType: ASSISTANT, kind, known: true };
    return { entryType: agentEvent(AGENT, kind), kind, known: type === "item_reference" };
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#title ?? this.#prompt);
  }
}

function sent(from: string): Found {
  const entryType = Object.hasOwn(BY_SENDER, from) ? BY_SENDER[from] : undefined;
  const kind = `sent/${from}`;
  const unstated = entryType?.type === "tool_call";
  return { entryType: entryType ?? agentEvent(AGENT, kind), unstated, kind, known: entryType !== undefined };
}

/** `local_shell_call_output`: `local_shell`. */
function namedBy(type: string): string | undefined {
  const [, name] = /^(.+)_call_output$/.exec(type) ?? [];
  return name === "function" || name === "custom_tool" ? undefined : name;
}

/** A call of an MCP server has its result in it. */
function ownResult(record: JsonObject, type: string): readonly EntryType[] {
  if (type !== "mcp_call") return [];
  const isThere = (value: JsonValue | undefined) => value !== undefined && value !== null;
  if (!isThere(record["output"]) && !isThere(record["error"])) return [];
  return [toolCall(idOf(record["name"]), !isThere(record["error"]))];
}
