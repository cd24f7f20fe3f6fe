import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  blocksParts,
  type EntryFacts,
  type EntryView,
  resultParts,
  type SeenEntry,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { argumentsOf, stateKey, succeeded, textParts } from "./view-records.ts";

/**
 * Messages as programs keep them for themselves: of the APIs of Anthropic and OpenAI, of the AI SDK, and
 * ShareGPT.
 */
export const view: EntryView = agentView({
  agents: ["messages"],
  // Nothing in such a file is a note of a program for itself.
  isAside: () => false,
  record: (record) => {
    const { role, parts, from, value, type } = record;
    if (role !== undefined && Array.isArray(parts)) return listOf(parts).flatMap(uiPart);
    if (role !== undefined) return messageParts(record);
    if (from !== undefined && value !== undefined) return blocksParts(value);
    return typeof type === "string" ? itemParts(record, type) : null;
  },
  reader: () => new MessagesReader(),
});

function messageParts(record: JsonObject): readonly ViewPart[] | null {
  const { role, content } = record;
  const isResult = role === "tool" || role === "function";
  const said = content ?? record["refusal"];
  if (said === undefined && record["tool_calls"] === undefined) return null;
  return [
    ...textParts("thinking", record["reasoning_content"]),
    ...(said === undefined || said === null || said === ""
      ? []
      : isResult
        ? resultParts("result", said)
        : blocksParts(said)),
    ...objectsOf(record["tool_calls"]).map((call): ViewPart => {
      const named = objectOf(call["function"]) ?? objectOf(call["custom"]) ?? {};
      const input = argumentsOf(named["arguments"] ?? named["input"]);
      return { type: "call", name: idOf(named["name"]) ?? "unknown", input };
    }),
  ];
}

/** Of the AI SDK: the result of a call stands in the part that made it. */
function uiPart(part: JsonValue): readonly ViewPart[] {
  const fields = objectOf(part) ?? {};
  const type = textOf(fields["type"]) ?? "";
  if (type === "step-start") return [];
  const name = type === "dynamic-tool" ? idOf(fields["toolName"]) : idOf(/^tool-(.+)$/.exec(type)?.[1]);
  if (name === undefined) return blocksParts([part]);
  const { output, errorText } = fields;
  return [
    { type: "call", name, input: fields["input"] ?? null },
    ...(output === undefined ? [] : resultParts("result", output)),
    ...(errorText === undefined ? [] : resultParts("error", errorText)),
  ];
}

/** Of the Responses API. */
function itemParts(item: JsonObject, type: string): readonly ViewPart[] | null {
  if (type === "reasoning")
    return ["summary", "content"].flatMap((key) =>
      objectsOf(item[key]).flatMap((block) => textParts("thinking", block["text"])),
    );
  if (type.endsWith("_output") && item["output"] !== undefined) return resultParts("result", item["output"]);
  if (!type.endsWith("_call")) return null;
  const input = argumentsOf(item["arguments"] ?? item["input"] ?? item["action"]);
  const { output, error } = item;
  return [
    { type: "call", name: idOf(item["name"]) ?? type.replace(/_call$/, ""), input },
    ...(output === undefined || output === null ? [] : resultParts("result", output)),
    ...(error === undefined || error === null ? [] : resultParts("error", error)),
  ];
}

/** Nothing in these formats says what a request has cost. */
class MessagesReader implements RecordReader {
  readonly #open = new OpenCalls();

  other({ content }: SeenEntry): EntryFacts {
    return { key: stateKey(content) };
  }

  read(record: JsonObject, entry: SeenEntry): EntryFacts {
    for (const call of objectsOf(record["tool_calls"])) {
      const named = objectOf(call["function"]);
      this.#open.add(call["id"], changedFiles(idOf(named?.["name"]), argumentsOf(named?.["arguments"])));
    }
    this.#open.add(record["call_id"], callFiles(record));
    const blocks = objectsOf(record["content"]).flatMap((block) => {
      if (/tool_use$/.test(textOf(block["type"]) ?? ""))
        this.#open.add(block["id"], changedFiles(idOf(block["name"]), block["input"] ?? null));
      return block["type"] === "tool_result"
        ? this.#open.end(block["tool_use_id"], block["is_error"] !== true)
        : [];
    });
    const isOutput = textOf(record["type"])?.endsWith("_output") === true || record["role"] === "tool";
    const ended = isOutput
      ? this.#open.end(record["tool_call_id"] ?? record["call_id"], succeeded(entry))
      : [];
    return { key: stateKey(entry.content), files: [...blocks, ...ended] };
  }
}

function callFiles(record: JsonObject): readonly string[] {
  if (textOf(record["type"])?.endsWith("_call") !== true) return [];
  return changedFiles(idOf(record["name"]), argumentsOf(record["arguments"] ?? record["input"]));
}
