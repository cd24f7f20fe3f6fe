import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  blocksParts,
  type EntryFacts,
  type EntryView,
  type ModelRequest,
  resultParts,
  type SeenEntry,
  type TokenCounts,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { argumentsOf, countOf, NO_FACTS, notice, stateKey, textParts, tokensOf } from "./view-records.ts";

/** Sessions of GitHub Copilot CLI. */
export const view: EntryView = agentView({
  agents: ["copilot"],
  shown: [
    "abort",
    "session.error",
    "session.warning",
    "session.model_change",
    "session.compaction_complete",
    "subagent.started",
    "subagent.failed",
  ],
  record: (record) => {
    const data = objectOf(record["data"]);
    return data ? eventParts(textOf(record["type"]) ?? "", data) : null;
  },
  reader: () => new CopilotReader(),
});

function eventParts(type: string, data: JsonObject): readonly ViewPart[] | null {
  const { content } = data;
  switch (type) {
    case "user.message":
      return content === undefined
        ? null
        : [...blocksParts(content), ...attachmentParts(data["attachments"])];
    case "system.message":
      return content === undefined ? null : blocksParts(content);
    case "assistant.reasoning":
      return typeof content === "string" ? textParts("thinking", content) : null;
    case "assistant.message":
      return [
        ...textParts("thinking", data["reasoningText"]),
        ...(content === "" || content === undefined ? [] : blocksParts(content)),
        ...objectsOf(data["toolRequests"]).map(callPart),
      ];
    case "tool.execution_complete":
      return resultsIn(data);
    case "session.model_change":
      return noticeOf("model", data["newModel"]);
    case "subagent.started":
      return noticeOf("sub-agent", data["agentDisplayName"] ?? data["agentName"], data["agentDescription"]);
    default:
      return null;
  }
}

/** `null` where it does not say which. */
function noticeOf(what: string, which: JsonValue | undefined, more?: JsonValue): readonly ViewPart[] | null {
  if (typeof which !== "string") return null;
  return [notice(typeof more === "string" ? `${what} ${which}: ${more}` : `${what} ${which}`)];
}

function callPart(request: JsonObject): ViewPart {
  const name = idOf(request["name"]) ?? "unknown";
  return { type: "call", name, input: argumentsOf(request["arguments"]) };
}

function attachmentParts(value: JsonValue | undefined): readonly ViewPart[] {
  return listOf(value).length > 0 ? [{ type: "json", label: "attachments", value: value ?? null }] : [];
}

function resultsIn({ result, error }: JsonObject): readonly ViewPart[] {
  const said = objectOf(result)?.["content"] ?? result;
  const wrong = objectOf(error)?.["message"] ?? error;
  return [
    ...(said === undefined || said === null ? [] : resultParts("result", said)),
    ...(wrong === undefined || wrong === null ? [] : resultParts("error", wrong)),
  ];
}

/**
 * Before 1.0.102 only what the model wrote is told of each message. All tokens are told of the whole session
 * when it ends, by model: then these count in place of the others. Since then each request has a record of
 * its own, before the message that it has brought; from the first such record on nothing else counts, for the
 * end of a session that was resumed says again what was used before.
 */
class CopilotReader implements RecordReader {
  readonly #open = new OpenCalls();
  /** Of each model what was counted message by message. */
  readonly #keys = new Map<string, string[]>();
  #shutdowns = 0;
  #hasRecords = false;

  read(record: JsonObject, { content, timestamp }: SeenEntry): EntryFacts {
    const key = stateKey(content);
    const data = objectOf(record["data"]) ?? {};
    switch (record["type"]) {
      case "assistant.message":
        for (const call of objectsOf(data["toolRequests"]))
          this.#open.add(
            call["toolCallId"],
            changedFiles(idOf(call["name"]), argumentsOf(call["arguments"])),
          );
        return { key, requests: this.#message(data, timestamp) };
      case "tool.execution_complete":
        return { key, files: this.#open.end(data["toolCallId"], data["success"] === true) };
      case "session.usage_record":
        this.#hasRecords = true;
        return { key, requests: this.#recorded(objectOf(data["usage"]), timestamp) };
      case "session.compaction_complete":
        return { key, requests: this.#compaction(objectOf(data["compactionTokensUsed"]), timestamp) };
      case "session.shutdown":
        return { key, requests: this.#shutdown(objectOf(data["modelMetrics"]), timestamp) };
      default:
        return key === undefined ? NO_FACTS : { key };
    }
  }

  #message(data: JsonObject, time: number): readonly ModelRequest[] {
    const output = countOf(data["outputTokens"]);
    const id = idOf(data["messageId"]);
    if (this.#hasRecords || output === 0 || id === undefined) return [];
    const model = idOf(data["model"]) ?? null;
    const key = `copilot ${id}`;
    if (model !== null) this.#keys.set(model, [...(this.#keys.get(model) ?? []), key]);
    // What went in is not told: no price can be made of it.
    return [{ key, model, tokens: tokensOf({ output }), unusualPrice: true, time }];
  }

  #recorded(usage: JsonObject | undefined, time: number): readonly ModelRequest[] {
    if (!usage) return [];
    const id = idOf(usage["apiCallId"]);
    const key = id === undefined ? undefined : `copilot call ${id}`;
    return [{ key, model: idOf(usage["model"]) ?? null, tokens: tokensIn(usage), time }];
  }

  /** What the summary has cost stands in no other record; in older versions it may be in the sums. */
  #compaction(usage: JsonObject | undefined, time: number): readonly ModelRequest[] {
    return this.#hasRecords ? this.#recorded(usage, time) : [];
  }

  /** A session that is resumed has several ends; each tells what was used since the one before. */
  #shutdown(metrics: JsonObject | undefined, time: number): readonly ModelRequest[] {
    if (this.#hasRecords) return [];
    this.#shutdowns++;
    return Object.entries(metrics ?? {}).flatMap(([model, value]) => {
      const usage = objectOf(objectOf(value)?.["usage"]);
      if (!usage) return [];
      const messages = this.#keys.get(model) ?? [];
      this.#keys.delete(model);
      const tokens = tokensIn(usage);
      const [first = `copilot ${model} ${this.#shutdowns} ${time}`, ...others] = messages;
      const share = { model, tokens: tokensOf({}), cost: 0, time };
      return [
        { key: first, model, tokens, isSum: true as const, time },
        ...others.map((key) => ({ ...share, key })),
      ];
    });
  }
}

/** What comes from a cache, or goes into one, is among the input. */
function tokensIn(usage: JsonObject): TokenCounts {
  const cacheRead = countOf(usage["cacheReadTokens"]);
  const cacheWrite = countOf(usage["cacheWriteTokens"]);
  return tokensOf({
    input: Math.max(0, countOf(usage["inputTokens"]) - cacheRead - cacheWrite),
    output: countOf(usage["outputTokens"]),
    cacheRead,
    cacheWrite,
    reasoning: countOf(usage["reasoningTokens"]),
  });
}
