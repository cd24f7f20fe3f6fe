import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  blocksParts,
  type EntryFacts,
  type EntryView,
  type ModelRequest,
  resultParts,
  type SeenEntry,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { countOf, dollarsOf, notice, tokensOf } from "./view-records.ts";

/** Sessions of Goose. */
export const view: EntryView = agentView({
  agents: ["goose"],
  record: (record) => {
    const content = record["content_json"] ?? record["content"];
    if (record["role"] === undefined || content === undefined) return null;
    return Array.isArray(content)
      ? joinedThoughts(listOf(content).flatMap(blockParts))
      : blocksParts(content);
  },
  reader: () => new GooseReader(),
});

function blockParts(block: JsonValue): readonly ViewPart[] {
  const { type, toolCall, toolResult, msg, thinking } = objectOf(block) ?? {};
  switch (type) {
    case "thinking":
      return typeof thinking === "string" ? [{ type: "thinking", text: thinking }] : blocksParts([block]);
    case "redactedThinking":
      return [notice("thoughts that only the model can read")];
    case "toolRequest":
    case "frontendToolRequest": {
      const call = objectOf(objectOf(toolCall)?.["value"]);
      return call
        ? [{ type: "call", name: idOf(call["name"]) ?? "unknown", input: call["arguments"] ?? null }]
        : blocksParts([block]);
    }
    case "toolResponse":
      return answerParts(objectOf(toolResult));
    case "systemNotification":
      return typeof msg === "string" ? [notice(msg)] : blocksParts([block]);
    default:
      return blocksParts([block]);
  }
}

function answerParts(result: JsonObject | undefined): readonly ViewPart[] {
  const wrong = result?.["error"];
  if (wrong !== undefined) return resultParts("error", wrong);
  const value = result?.["value"];
  return resultParts("result", objectOf(value)?.["content"] ?? value ?? null);
}

/** Some models give each token as a thought of its own. */
function joinedThoughts(parts: readonly ViewPart[]): readonly ViewPart[] {
  const joined: ViewPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.type === "thinking" && last?.type === "thinking")
      joined[joined.length - 1] = { type: "thinking", text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}

/** The ledger says what each request was; before there was one, the session says the sum. */
class GooseReader implements RecordReader {
  readonly #open = new OpenCalls();
  #model: string | null = null;
  #sumKey: string | undefined;

  read(record: JsonObject, { timestamp }: SeenEntry): EntryFacts {
    if (record["table"] === "usage_ledger") return { requests: [this.#ledger(record, timestamp)] };
    const blocks = objectsOf(record["content_json"] ?? record["content"]);
    if (record["role"] === undefined) return { requests: this.#session(record, timestamp) };
    const files = blocks.flatMap((block) => {
      const call = objectOf(objectOf(block["toolCall"])?.["value"]);
      if (call) this.#open.add(block["id"], changedFiles(idOf(call["name"]), call["arguments"] ?? null));
      const result = objectOf(block["toolResult"]);
      const failed = result?.["status"] !== "success" || objectOf(result["value"])?.["isError"] === true;
      return result ? this.#open.end(block["id"], !failed) : [];
    });
    return { files };
  }

  #ledger(row: JsonObject, time: number): ModelRequest {
    // The first row takes the place of the sum.
    const key = this.#sumKey;
    this.#sumKey = undefined;
    const cost = dollarsOf(row["cost"]);
    return {
      key,
      model: idOf(row["model"]) ?? null,
      tokens: countsIn(row, ""),
      cost: cost || undefined,
      time,
    };
  }

  #session(row: JsonObject, time: number): readonly ModelRequest[] {
    const config = objectOf(row["model_config_json"]);
    this.#model = idOf(config?.["model_name"]) ?? this.#model;
    const id = idOf(row["id"]);
    const tokens = countsIn(row, "accumulated_");
    if (id === undefined || tokens.input + tokens.output === 0) return [];
    this.#sumKey = `goose ${id} ${textOf(row["created_at"]) ?? ""}`;
    const cost = dollarsOf(row["accumulated_cost"]) || undefined;
    return [{ key: this.#sumKey, model: this.#model, tokens, cost, isSum: true, time }];
  }
}

/** What comes from a cache, or goes into one, is among the input where the sum says so. */
function countsIn(row: JsonObject, prefix: string) {
  const count = (name: string) => countOf(row[`${prefix}${name}_tokens`]);
  const [input, output, cacheRead, cacheWrite] = [
    count("input"),
    count("output"),
    count("cache_read"),
    count("cache_write"),
  ];
  const isWithin = cacheRead + cacheWrite <= input && count("total") === input + output;
  return tokensOf({
    input: isWithin ? input - cacheRead - cacheWrite : input,
    output,
    cacheRead,
    cacheWrite,
  });
}
