import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type {
  AgentReader,
  Classified,
  NamedTranscript,
  Recognized,
  RecordParser,
  TranscriptFacts,
} from "../model/agent-reader.ts";
import { idOf, messageText, objectOf, objectsOf, promptTitle, timeOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "cursor";
const FOLDERS: readonly string[] = ["projects"];

/**
 * The transcripts that Cursor's agents leave: `~/.cursor/projects/<project>/agent-transcripts`. Experimental:
 * nobody has documented them, and they have neither times nor, mostly, ids. Its databases are not read.
 */
export const cursor: AgentReader = {
  agent: AGENT,
  title: "Cursor",
  roots: ({ home }) => [{ path: `${home}/.cursor`, folders: FOLDERS }],
  folders: FOLDERS,
  recognize,
  identify: (named) => named,
  parser: (named) => new CursorParser(named),
};

function recognize(path: string): Recognized | null {
  const parts = path.split("/");
  const [, nativeId] = /^(.+)\.jsonl$/.exec(parts.at(-1) as string) ?? [];
  if (nativeId === undefined) return null;
  const at = parts.lastIndexOf("subagents");
  const parentId = at > 0 ? parts[at - 1] : undefined;
  if (parentId !== undefined) return { type: "transcript", nativeId, parentId };
  // Other files with this ending lie in the folders of projects.
  const isOne = parts.length === 1 || parts.includes("agent-transcripts") || !parts.includes("projects");
  return isOne ? { type: "transcript", nativeId } : null;
}

const BY_ROLE: Readonly<Record<string, EntryType>> = {
  user: { type: "user_message" },
  assistant: { type: "assistant_message" },
  system: { type: "system_message" },
};
const WRITTEN = /<user_query>\s*([\s\S]*?)\s*<\/user_query>\s*$/;

class CursorParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #prompt: string | null = null;

  constructor({ parentId }: NamedTranscript) {
    if (parentId !== undefined) this.#facts.parent = { nativeId: parentId };
  }

  classify(record: JsonObject): Classified {
    const role = idOf(record["role"]);
    const type = idOf(record["type"]) ?? "unknown";
    const common = { recordId: idOf(record["id"]), time: timeOf(record["timestamp"]) };
    if (role === undefined)
      return { ...common, entryType: agentEvent(AGENT, type), kind: type, known: type === "turn_ended" };
    const content = objectOf(record["message"])?.["content"];
    const blocks = objectsOf(content);
    for (const block of blocks) if (block["type"] === "tool_use") this.#calls.add(block["id"], block["name"]);
    const [result, ...parts] = blocks
      .filter((block) => block["type"] === "tool_result")
      .map((block) => toolCall(this.#calls.name(block["tool_use_id"]), block["is_error"] !== true));
    const known = Object.hasOwn(BY_ROLE, role);
    if (role === "user" && !result) {
      const text = messageText(content);
      this.#prompt ??= promptTitle(text === undefined ? undefined : (WRITTEN.exec(text)?.[1] ?? text));
    }
    const entryType = result ?? (known ? BY_ROLE[role] : undefined) ?? agentEvent(AGENT, role);
    return { ...common, entryType, parts, kind: `message/${role}`, known };
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#prompt);
  }
}
