import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type { AgentReader, Classified, RecordParser, TranscriptFacts } from "../model/agent-reader.ts";
import { idOf, messageText, objectOf, objectsOf, promptTitle, timeOf } from "../model/fields.ts";
import { FactCollector } from "./fact-collector.ts";
import { agentEvent, ToolCalls, toolCall } from "./tool-calls.ts";

const AGENT = "atif";
const LIST_KEYS: readonly string[] = ["steps"];

/** Trajectories in Harbor's format, ATIF 1.0 to 1.7: a JSON text each, anywhere. */
export const atif: AgentReader = {
  agent: AGENT,
  title: "ATIF",
  roots: () => [],
  folders: [],
  recognize: (path) => {
    const [, nativeId] = /([^/]+)\.json$/.exec(path) ?? [];
    return nativeId === undefined ? null : { type: "transcript", nativeId };
  },
  listKeys: () => LIST_KEYS,
  identify: (named, first) => {
    // The trajectories of sub-agents may have the id of the session that they belong to.
    const nativeId = idOf(first?.["trajectory_id"]) ?? idOf(first?.["session_id"]);
    return { ...named, nativeId: nativeId ?? named.nativeId };
  },
  parser: () => new AtifParser(),
};

const BY_SOURCE: Readonly<Record<string, EntryType>> = {
  user: { type: "user_message" },
  agent: { type: "assistant_message" },
  system: { type: "system_message" },
};

class AtifParser implements RecordParser {
  readonly #facts = new FactCollector();
  readonly #calls = new ToolCalls();
  #prompt: string | null = null;

  classify(record: JsonObject): Classified {
    if (Array.isArray(record["steps"])) return this.#trajectory(record);
    const kind = idOf(record["source"]) ?? "unknown";
    const entryType = Object.hasOwn(BY_SOURCE, kind) ? BY_SOURCE[kind] : undefined;
    if (kind === "user") this.#prompt ??= promptTitle(messageText(record["message"]));
    for (const call of objectsOf(record["tool_calls"]))
      this.#calls.add(call["tool_call_id"], call["function_name"]);
    const results = objectsOf(objectOf(record["observation"])?.["results"]);
    const step = record["step_id"];
    return {
      entryType: entryType ?? agentEvent(AGENT, kind),
      parts: results.map((result) => toolCall(this.#calls.name(result["source_call_id"]), true)),
      // Nothing in the format says whether a call succeeded.
      unstated: "parts",
      recordId: typeof step === "number" ? `step-${step}` : idOf(step),
      time: timeOf(record["timestamp"]),
      kind,
      known: entryType !== undefined,
    };
  }

  /** What stands around the steps. */
  #trajectory(record: JsonObject): Classified {
    this.#facts.version(record["schema_version"]);
    return { entryType: agentEvent(AGENT, "trajectory"), kind: "trajectory", known: true };
  }

  facts(): TranscriptFacts {
    return this.#facts.facts(this.#prompt);
  }
}
