import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  addTokens,
  blocksParts,
  type EntryFacts,
  type EntryView,
  type ModelRequest,
  NO_TOKENS,
  resultParts,
  type SeenEntry,
  type TokenCounts,
  tokenSum,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf, timeOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles } from "./changed-files.ts";
import { countOf, dollarsOf, notice, outputWith, stateKey, textParts, tokensOf } from "./view-records.ts";

/** Sessions of opencode: rows of its databases, files before them, and what it exports. */
export const view: EntryView = agentView({
  agents: ["opencode"],
  shown: ["part/file", "part/compaction", "part/retry", "part/subtask"],
  record: (record) => {
    if (Array.isArray(record["parts"])) return partsOf(record["parts"]);
    const data = dataOf(record);
    const wrong = objectOf(data["error"]);
    if (wrong && data["role"] !== undefined) return [notice(errorText(wrong))];
    if (Array.isArray(data["content"])) return partsOf(data["content"]);
    return typeof data["type"] === "string" && record["data"] !== undefined ? partOf(data) : null;
  },
  isAside: (record) => (objectOf(dataOf(record)["error"]) ? false : undefined),
  reader: () => new OpencodeReader(),
});

/** A row and a file have what they hold in `data`; a message of an export, in `info`. */
function dataOf(record: JsonObject): JsonObject {
  const data = objectOf(record["data"]) ?? objectOf(record["info"]) ?? record;
  return record["type"] === undefined || data === record ? data : { ...data, type: record["type"] };
}

function errorText(wrong: JsonObject): string {
  const said = textOf(objectOf(wrong["data"])?.["message"]) ?? textOf(wrong["message"]) ?? "";
  return `${textOf(wrong["name"]) ?? "error"}${said === "" ? "" : `: ${said}`}`;
}

function partsOf(parts: JsonValue): readonly ViewPart[] {
  return listOf(parts).flatMap((part) => {
    const object = objectOf(part);
    return (object && partOf(object)) ?? blocksParts([part]);
  });
}

function partOf(part: JsonObject): readonly ViewPart[] | null {
  switch (part["type"]) {
    case "text":
    case "user":
    case "system":
    case "synthetic":
      return typeof part["text"] === "string" ? textParts("text", part["text"]) : null;
    case "reasoning":
      return typeof part["text"] === "string" ? textParts("thinking", part["text"]) : null;
    case "tool":
      return toolParts(part);
    case "file":
      return [notice(`file ${textOf(part["filename"]) ?? ""} ${textOf(part["mime"]) ?? ""}`.trim())];
    case "step-start":
    case "step-finish":
    case "snapshot":
      return [];
    default:
      return null;
  }
}

function toolParts(part: JsonObject): readonly ViewPart[] {
  const state = objectOf(part["state"]) ?? {};
  const { output, error } = state;
  return [
    {
      type: "call",
      name: idOf(part["tool"]) ?? idOf(part["name"]) ?? "unknown",
      input: state["input"] ?? null,
    },
    ...(output === undefined ? [] : resultParts("result", output)),
    ...(error === undefined ? [] : resultParts("error", error)),
  ];
}

/** What the steps of one message have cost; in old versions one message had several. */
interface Steps {
  readonly parts: Map<string, { readonly tokens: TokenCounts; readonly cost: number }>;
}

/**
 * A message says what it has cost, and so does each of its steps: the steps count where there are any, since
 * the tokens of a message are those of its last one. A fork copies messages with new ids and the same times.
 */
class OpencodeReader implements RecordReader {
  readonly #messages = new Map<string, { readonly key: string; readonly model: string | null }>();
  readonly #steps = new Map<string, Steps>();

  other({ content }: SeenEntry): EntryFacts {
    return { key: stateKey(content) };
  }

  read(record: JsonObject, { content, timestamp }: SeenEntry): EntryFacts {
    const key = stateKey(content);
    const data = dataOf(record);
    const parts = Array.isArray(record["parts"]) ? objectsOf(record["parts"]) : objectsOf(data["content"]);
    const files = [data, ...parts].flatMap(filesOf);
    const requests = this.#requests(record, data, timestamp);
    return { key, files, requests };
  }

  #requests(record: JsonObject, data: JsonObject, time: number): readonly ModelRequest[] {
    const isStep = data["type"] === "step-finish";
    const id = isStep
      ? (idOf(record["message_id"]) ?? idOf(data["messageID"]))
      : (idOf(record["id"]) ?? idOf(data["id"]));
    const tokens = tokensIn(objectOf(data["tokens"]));
    if (id === undefined || !tokens) return [];
    if (isStep) {
      const steps = this.#steps.get(id) ?? { parts: new Map() };
      this.#steps.set(id, steps);
      const stepId = idOf(record["id"]) ?? idOf(data["id"]) ?? String(steps.parts.size);
      steps.parts.set(stepId, { tokens, cost: dollarsOf(data["cost"]) ?? 0 });
    } else if (data["role"] === "assistant" || data["type"] === "assistant") {
      const model = idOf(data["modelID"]) ?? idOf(objectOf(data["model"])?.["id"]) ?? null;
      const created = timeOf(objectOf(data["time"])?.["created"]) ?? timeOf(record["time_created"]);
      this.#messages.set(id, { key: `opencode ${created ?? id} ${model ?? ""}`, model });
    } else return [];
    const message = this.#messages.get(id) ?? { key: `opencode ${id}`, model: null };
    return [{ ...message, ...this.#spent(id, tokens, dollarsOf(data["cost"]) ?? 0), time }];
  }

  /** Of a model without a price a request costs 0 for opencode; that says nothing. */
  #spent(id: string, tokens: TokenCounts, cost: number): Pick<ModelRequest, "tokens" | "cost" | "isSum"> {
    const steps = [...(this.#steps.get(id)?.parts.values() ?? [])];
    if (steps.length === 0) return { tokens, ...(cost > 0 || tokenSum(tokens) === 0 ? { cost } : {}) };
    const sum = steps.reduce((all, step) => addTokens(all, step.tokens), NO_TOKENS);
    const paid = steps.reduce((all, step) => all + step.cost, 0);
    return {
      tokens: sum,
      ...(paid > 0 || tokenSum(sum) === 0 ? { cost: paid } : {}),
      ...(steps.length > 1 ? { isSum: true as const } : {}),
    };
  }
}

function filesOf(part: JsonObject): readonly string[] {
  const state = objectOf(part["state"]);
  if (part["type"] !== "tool" || state?.["status"] !== "completed") return [];
  return changedFiles(idOf(part["tool"]) ?? idOf(part["name"]), state["input"] ?? null);
}

function tokensIn(tokens: JsonObject | undefined): TokenCounts | null {
  if (!tokens) return null;
  const cache = objectOf(tokens["cache"]);
  const [cacheRead, cacheWrite] = [countOf(cache?.["read"]), countOf(cache?.["write"])];
  const input = countOf(tokens["input"]);
  const reasoning = countOf(tokens["reasoning"]);
  const others = input + cacheRead + cacheWrite;
  const output = outputWith(countOf(tokens["output"]), reasoning, others, countOf(tokens["total"]));
  return tokensOf({ input, output, cacheRead, cacheWrite, reasoning });
}
