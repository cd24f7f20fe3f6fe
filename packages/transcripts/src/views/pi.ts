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
import { idOf, objectOf, objectsOf, timeOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { countOf, dollarsOf, NO_FACTS, notice, stateKey, textParts, tokensOf } from "./view-records.ts";

/** Sessions of pi, and of OpenClaw, which have the same records. */
export const view: EntryView = agentView({
  agents: ["pi", "openclaw"],
  shown: ["model_change"],
  record: ({ type, message, summary, modelId, content }) => {
    const said = objectOf(message);
    if (type === "message" && said) return messageParts(said);
    if (typeof summary === "string") return textParts("text", summary);
    if (type === "custom_message" && content !== undefined) return blocksParts(content);
    return type === "model_change" && typeof modelId === "string" ? [notice(`model: ${modelId}`)] : null;
  },
  reader: () => new PiReader(),
});

function messageParts(message: JsonObject): readonly ViewPart[] | null {
  switch (message["role"]) {
    case "toolResult":
      return message["content"] === undefined ? null : resultParts("result", message["content"]);
    case "bashExecution":
      return [
        { type: "call", name: "bash", input: { command: message["command"] ?? null } },
        ...resultParts("output", message["output"] ?? ""),
      ];
    case "branchSummary":
    case "compactionSummary":
      return typeof message["summary"] === "string" ? textParts("text", message["summary"]) : null;
    default: {
      const { content } = message;
      return content === undefined ? null : [...blocksParts(content), ...errorParts(message["errorMessage"])];
    }
  }
}

function errorParts(error: JsonValue | undefined): readonly ViewPart[] {
  return typeof error === "string" && error !== "" ? [{ type: "output", label: "error", text: error }] : [];
}

class PiReader implements RecordReader {
  readonly #open = new OpenCalls();
  /** What is older was copied with the branch that this session began with. */
  #forkedAt = 0;

  read(record: JsonObject, { content, timestamp }: SeenEntry): EntryFacts {
    if (record["type"] === "session") {
      const isFork = (record["parentSession"] ?? record["branchedFrom"] ?? null) !== null;
      this.#forkedAt = (isFork && timeOf(record["timestamp"])) || 0;
      return NO_FACTS;
    }
    const key = stateKey(content);
    if ((timeOf(record["timestamp"]) ?? this.#forkedAt) < this.#forkedAt) return { copied: true, key };
    const message = record["type"] === "message" ? objectOf(record["message"]) : undefined;
    if (!message) return { key };
    if (message["role"] === "toolResult")
      return { key, files: this.#open.end(message["toolCallId"], message["isError"] !== true) };
    for (const block of objectsOf(message["content"]))
      if (block["type"] === "toolCall")
        this.#open.add(block["id"], changedFiles(idOf(block["name"]), block["arguments"] ?? null));
    const request = message["role"] === "assistant" ? requestOf(message, timestamp) : undefined;
    return { key, requests: request ? [request] : [] };
  }
}

/** A message that was copied into a fork, or written again by a migration, is the same request. */
function requestOf(message: JsonObject, time: number): ModelRequest | undefined {
  const usage = objectOf(message["usage"]);
  if (!usage) return undefined;
  const model = idOf(message["model"]) ?? null;
  const tokens = tokensOf({
    input: countOf(usage["input"]),
    output: countOf(usage["output"]),
    cacheRead: countOf(usage["cacheRead"]),
    cacheWrite: countOf(usage["cacheWrite"]),
  });
  const at = timeOf(message["timestamp"]);
  const figures = [model, tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite].join(" ");
  const cost = dollarsOf(objectOf(usage["cost"])?.["total"]);
  return {
    key: at === undefined ? undefined : `pi ${at} ${idOf(message["responseId"]) ?? ""} ${figures}`,
    model,
    tokens,
    // A model without a price of its own costs 0 for pi; that says nothing.
    ...(cost === undefined || cost === 0 ? {} : { cost }),
    time,
  };
}
