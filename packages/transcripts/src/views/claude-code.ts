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
import { copiedFrom } from "../agents/claude-code-record.ts";
import { idOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { countOf, NO_FACTS, stateKey, textParts, tokensOf } from "./view-records.ts";

/** Sessions of Claude Code, and those of the Claude Agent SDK, which have the same records. */
export const view: EntryView = agentView({
  agents: ["claude-code", "claude"],
  shown: [
    "attachment/queued_command",
    "system/api_error",
    "system/api_refusal",
    "system/away_summary",
    "system/compact_boundary",
    "system/error",
    "system/informational",
    "system/local_command",
    "system/model_refusal_fallback",
  ],
  record: ({ type, subtype, message, attachment, content: said }) => {
    if (type === "attachment") return attachmentParts(objectOf(attachment));
    if (subtype === "compact_boundary") return typeof said === "string" ? textParts("text", said) : null;
    const content = objectOf(message)?.["content"];
    const isMessage = type === "user" || type === "assistant";
    return isMessage && (typeof content === "string" || Array.isArray(content))
      ? messageParts(content as string | readonly JsonValue[])
      : null;
  },
  reader: () => new ClaudeReader(),
  bare: (content) => {
    const bare = objectOf(content);
    return bare && typeof bare["type"] === "string" ? bare : null;
  },
});

/** What the user typed while the model was at work. */
function attachmentParts(attachment: JsonObject | undefined): readonly ViewPart[] | null {
  const prompt = attachment?.["prompt"];
  return typeof prompt === "string" || Array.isArray(prompt) ? blocksParts(prompt) : null;
}

/** A record with results may hold several, and texts beside them. */
function messageParts(content: string | readonly JsonValue[]): readonly ViewPart[] {
  if (typeof content === "string") return blocksParts(content);
  const results = objectsOf(content).filter(isResult);
  return content.flatMap((block) => {
    const result = objectOf(block);
    if (!result || !isResult(result)) return blocksParts([block]);
    const label = results.length === 1 ? "result" : `result ${results.indexOf(result) + 1}`;
    return resultParts(label, result["content"] ?? null);
  });
}

function isResult(block: JsonObject): boolean {
  return block["type"] === "tool_result";
}

/** Made by the program, and asked of no model. */
const SYNTHETIC = "<synthetic>";

class ClaudeReader implements RecordReader {
  readonly #open = new OpenCalls();

  other({ content }: SeenEntry): EntryFacts {
    return { key: stateKey(content) };
  }

  read(record: JsonObject, { content, timestamp }: SeenEntry): EntryFacts {
    const key = stateKey(content);
    const copied = copiedFrom(record) ? { copied: true as const } : NO_FACTS;
    const message = objectOf(record["message"]);
    if (!message) return { ...copied, key };
    const files = objectsOf(message["content"]).flatMap((block) => this.#block(block));
    const request = record["type"] === "assistant" ? requestOf(record, message, timestamp) : undefined;
    return { ...copied, key, files, requests: request ? [request] : [] };
  }

  #block(block: JsonObject): readonly string[] {
    if (isResult(block)) return this.#open.end(block["tool_use_id"], block["is_error"] !== true);
    if (/tool_use$/.test(textOf(block["type"]) ?? ""))
      this.#open.add(block["id"], changedFiles(idOf(block["name"]), block["input"] ?? null));
    return [];
  }
}

/**
 * Each block of a reply is a line of its own, and repeats what the whole reply has cost so far: the lines of
 * a request have its id and that of the message, and the last of them counts.
 */
function requestOf(record: JsonObject, message: JsonObject, time: number): ModelRequest | undefined {
  const usage = objectOf(message["usage"]);
  const model = idOf(message["model"]) ?? null;
  if (!usage || model === SYNTHETIC) return undefined;
  const id = idOf(message["id"]);
  const written = objectOf(usage["cache_creation"]);
  const cacheWriteHour = countOf(written?.["ephemeral_1h_input_tokens"]);
  const cacheWrite = Math.max(countOf(usage["cache_creation_input_tokens"]), cacheWriteHour);
  const tier = textOf(usage["service_tier"]) ?? "standard";
  const isUsual = (tier === "standard" || tier === "default") && usage["speed"] !== "fast";
  return {
    key: id === undefined ? undefined : `claude ${id} ${idOf(record["requestId"]) ?? ""}`,
    model,
    tokens: tokensOf({
      input: countOf(usage["input_tokens"]),
      output: countOf(usage["output_tokens"]),
      cacheRead: countOf(usage["cache_read_input_tokens"]),
      cacheWrite,
      cacheWriteHour,
      reasoning: countOf(objectOf(usage["output_tokens_details"])?.["thinking_tokens"]),
    }),
    ...(isUsual ? {} : { unusualPrice: true as const }),
    time,
  };
}
